// The note in the flow of a port that is cabled to another switch: which port is at the far end. Both directions.
import { ByteReader } from "../../proto/bytes/reader.ts";
import { ByteWriter } from "../../proto/bytes/writer.ts";
import type { LinkEnd } from "../model/plain-links.ts";

const VERSION = 1;
const BYTES = 13;

export function encodeLinkNote({ dpid, ofport }: LinkEnd): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(VERSION);
  writer.u64(BigInt(`0x${dpid}`), "dpid");
  writer.u32(ofport, "ofport");
  // Notes come in steps of 8 bytes after the first 6: what is read back is then what was written.
  writer.zeros(1);
  return writer.finish();
}

/** null for what this version does not know. */
export function decodeLinkNote(note: Uint8Array): LinkEnd | null {
  if (note.length < BYTES || note[0] !== VERSION) return null;
  const reader = new ByteReader(note.subarray(1, BYTES));
  const dpid = reader.u64("dpid").toString(16).padStart(16, "0");
  return Object.freeze({ dpid, ofport: reader.u32("ofport") });
}
