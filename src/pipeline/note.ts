// The note in a LEARN flow that keeps an endpoint's addresses: both directions.

import { ipv4FromBytes, ipv4ToBytes, ipv6FromBytes, ipv6ToBytes, isIpv4 } from "../../proto/bytes/ip.ts";
import { ByteWriter } from "../../proto/bytes/writer.ts";

const NOTE_VERSION = 1;
/** A note's action is one TLV in a flow; more addresses than this are not kept over a restart. */
const MAX_NOTED_IPS = 32;

/** Version, then for each address its family (4 or 6) and its bytes. Zero bytes behind are padding. */
export function encodeNote(ips: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(NOTE_VERSION, "note version");
  for (const ip of ips.slice(0, MAX_NOTED_IPS)) {
    const four = isIpv4(ip);
    writer.u8(four ? 4 : 6, "note family");
    writer.bytes(four ? ipv4ToBytes(ip) : ipv6ToBytes(ip));
  }
  return writer.finish();
}

/** What is not a note of ours gives no addresses. */
export function decodeNote(note: Uint8Array): readonly string[] {
  const ips: string[] = [];
  if (note[0] !== NOTE_VERSION) return ips;
  let at = 1;
  while (at < note.length) {
    const family = note[at];
    const size = family === 4 ? 4 : family === 6 ? 16 : 0;
    if (size === 0 || at + 1 + size > note.length) break;
    const bytes = note.subarray(at + 1, at + 1 + size);
    ips.push(size === 4 ? ipv4FromBytes(bytes) : ipv6FromBytes(bytes));
    at += 1 + size;
  }
  return ips.sort();
}
