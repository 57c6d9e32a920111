// The note in a LEARN flow that keeps what an endpoint has said of itself: both directions.

import { ipv4FromBytes, ipv4ToBytes, ipv6FromBytes, ipv6ToBytes, isIpv4 } from "../../proto/bytes/ip.ts";
import { ByteWriter } from "../../proto/bytes/writer.ts";

const NOTE_VERSION = 1;
/** A note's action is one TLV in a flow; more addresses than this are not kept over a restart. */
const MAX_NOTED_IPS = 32;

const ENTRY = { host: 1, router: 2, ipv4: 4, ipv6: 6 } as const;
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [ENTRY.ipv4, 4],
  [ENTRY.ipv6, 16],
]);

export interface Noted {
  /** Sorted. */
  readonly ips: readonly string[];
  /** See `Endpoint.router`. */
  readonly router?: boolean;
}

/**
 * Version; whether it routes (2) or not (1), where it has said so; then for each address its family (4 or 6) and its
 * bytes. Zero bytes behind are padding.
 */
export function encodeNote(ips: readonly string[], router?: boolean): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(NOTE_VERSION, "note version");
  if (router !== undefined) writer.u8(router ? ENTRY.router : ENTRY.host, "note router");
  for (const ip of ips.slice(0, MAX_NOTED_IPS)) {
    const four = isIpv4(ip);
    writer.u8(four ? ENTRY.ipv4 : ENTRY.ipv6, "note family");
    writer.bytes(four ? ipv4ToBytes(ip) : ipv6ToBytes(ip));
  }
  return writer.finish();
}

/** What is not a note of ours tells nothing. */
export function decodeNote(note: Uint8Array): Noted {
  const ips: string[] = [];
  let router: boolean | undefined;
  if (note[0] !== NOTE_VERSION) return { ips };
  let at = 1;
  while (at < note.length) {
    const entry = note[at] ?? 0;
    at++;
    if (entry === ENTRY.host || entry === ENTRY.router) {
      router = entry === ENTRY.router;
      continue;
    }
    const size = ADDRESS_BYTES.get(entry);
    if (size === undefined || at + size > note.length) break;
    const bytes = note.subarray(at, at + size);
    ips.push(size === 4 ? ipv4FromBytes(bytes) : ipv6FromBytes(bytes));
    at += size;
  }
  return { ips: ips.sort(), ...(router === undefined ? {} : { router }) };
}
