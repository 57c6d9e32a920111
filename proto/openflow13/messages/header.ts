// The header of every message (OpenFlow 1.3.5, section 7.1.1).
import type { ByteWriter } from "../../bytes/writer.ts";
import { OFP_VERSION } from "../constants.ts";

export const HEADER_LENGTH = 8;

/** Writes the header with a length to be filled in by `endMessage`; gives the place where the message begins. */
export function beginMessage(w: ByteWriter, type: number, xid: number, version: number = OFP_VERSION): number {
  const start = w.length;
  w.u8(version, "header.version");
  w.u8(type, "header.type");
  w.u16(0);
  w.u32(xid, "header.xid");
  return start;
}

export function endMessage(w: ByteWriter, start: number): void {
  w.patchU16(start + 2, w.length - start, "header.length");
}
