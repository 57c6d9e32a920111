// ERROR (OpenFlow 1.3.5, section 7.4.4).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { OFP_VERSION } from "../constants.ts";

export interface ErrorMessage {
  readonly kind: "error";
  readonly xid: number;
  /** The header's version where it is not 1.3's: a peer of another version may say why it goes. */
  readonly version?: number;
  /** OFPET number; describeError gives the names. */
  readonly type: number;
  readonly code: number;
  /** At least 64 bytes of the message that failed; readable text for HELLO_FAILED. */
  readonly data: Uint8Array;
}

/** Type 0xffff: an experimenter's own error. */
export interface ExperimenterError {
  readonly kind: "experimenter_error";
  readonly xid: number;
  readonly expType: number;
  readonly experimenter: number;
  readonly data: Uint8Array;
}

const OFPET_EXPERIMENTER = 0xffff;

export function decodeError(r: ByteReader, xid: number, version: number): ErrorMessage | ExperimenterError {
  const type = r.u16("error.type");
  const code = r.u16("error.code");
  if (type === OFPET_EXPERIMENTER && version === OFP_VERSION) {
    const experimenter = r.u32("error.experimenter");
    return { kind: "experimenter_error", xid, expType: code, experimenter, data: r.bytes(r.remaining, "error.data") };
  }
  const data = r.bytes(r.remaining, "error.data");
  return version === OFP_VERSION
    ? { kind: "error", xid, type, code, data }
    : { kind: "error", xid, version, type, code, data };
}

export function encodeError(w: ByteWriter, error: ErrorMessage | ExperimenterError): void {
  if (error.kind === "experimenter_error") {
    w.u16(OFPET_EXPERIMENTER);
    w.u16(error.expType, "error.exp_type");
    w.u32(error.experimenter, "error.experimenter");
  } else {
    w.u16(error.type, "error.type");
    w.u16(error.code, "error.code");
  }
  w.bytes(error.data);
}
