// Bundles on OpenFlow 1.3: the ONF experimenter's messages 2300 and 2301 (ONF extension 230).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export const ONF_BUNDLE = { CONTROL: 2300, ADD_MESSAGE: 2301 } as const;

export type BundleControlType =
  | "open_request"
  | "open_reply"
  | "close_request"
  | "close_reply"
  | "commit_request"
  | "commit_reply"
  | "discard_request"
  | "discard_reply";

export interface BundleControl {
  readonly kind: "bundle_control";
  readonly xid: number;
  readonly bundleId: number;
  readonly type: BundleControlType;
  /** OFPBF bits. */
  readonly flags: number;
}

/** `message` carries the same xid as the bundle_add: the switch's errors speak of that one. */
export interface BundleAddOf<M> {
  readonly kind: "bundle_add";
  readonly xid: number;
  readonly bundleId: number;
  readonly flags: number;
  readonly message: M;
  /** Bundle properties, as they came; absent if there are none. */
  readonly properties?: Uint8Array;
}

const TYPES = [
  "open_request",
  "open_reply",
  "close_request",
  "close_reply",
  "commit_request",
  "commit_reply",
  "discard_request",
  "discard_reply",
] as const;

/** The body after the experimenter's type. Properties of a control message have no use so far and are an error. */
export function decodeBundleControl(r: ByteReader, xid: number): BundleControl {
  const bundleId = r.u32("bundle_control.bundle_id");
  const type = TYPES[r.u16("bundle_control.type")];
  if (type === undefined)
    throw r.fail("wire/value", "unknown bundle control type", "bundle_control.type", r.offset - 2);
  const flags = r.u16("bundle_control.flags");
  return { kind: "bundle_control", xid, bundleId, type, flags };
}

export function encodeBundleControl(w: ByteWriter, m: BundleControl): void {
  w.u32(m.bundleId, "bundle_control.bundle_id");
  w.u16(TYPES.indexOf(m.type), "bundle_control.type");
  w.u16(m.flags, "bundle_control.flags");
}

/** `decodeMessage` reads the one message inside, from its header to its end. */
export function decodeBundleAdd<M>(r: ByteReader, xid: number, decodeMessage: (r: ByteReader) => M): BundleAddOf<M> {
  const bundleId = r.u32("bundle_add.bundle_id");
  r.skip(2, "bundle_add.pad");
  const flags = r.u16("bundle_add.flags");
  if (r.remaining < 8) throw r.fail("wire/short", `${r.remaining} bytes are no message`, "bundle_add.message");
  const lengthAt = r.position + 2;
  const length = ((r.bytesView[lengthAt] as number) << 8) | (r.bytesView[lengthAt + 1] as number);
  if (length < 8) throw r.fail("wire/length", `message length ${length}`, "bundle_add.message", r.offset + 2);
  const message = decodeMessage(r.sub(length, "bundle_add.message"));
  if (r.remaining === 0) return { kind: "bundle_add", xid, bundleId, flags, message };
  r.skip((8 - (length & 7)) & 7, "bundle_add.pad2");
  return {
    kind: "bundle_add",
    xid,
    bundleId,
    flags,
    message,
    properties: r.bytes(r.remaining, "bundle_add.properties"),
  };
}

export function encodeBundleAdd<M>(
  w: ByteWriter,
  m: BundleAddOf<M>,
  encodeMessage: (w: ByteWriter, message: M) => void,
): void {
  w.u32(m.bundleId, "bundle_add.bundle_id");
  w.u16(0);
  w.u16(m.flags, "bundle_add.flags");
  const start = w.length;
  encodeMessage(w, m.message);
  if (m.properties !== undefined) {
    w.align(8, start);
    w.bytes(m.properties);
  }
}
