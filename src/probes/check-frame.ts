// The probe of a check: both directions. It bears what only this check knows, and its number.
import type { Mac } from "../../proto/bytes/mac.ts";
import { ByteReader } from "../../proto/bytes/reader.ts";
import { ByteWriter } from "../../proto/bytes/writer.ts";
import { decodeEthernet, encodeEthernet } from "../../proto/packet/index.ts";
import { PROBE_ETHER_TYPE } from "../model/probe-address.ts";

export const CHECK_NONCE_BYTES = 16;
const HEADER_BYTES = CHECK_NONCE_BYTES + 4;

/** @param bytes of all behind the Ethernet header, as a packet in its place would have. */
export function checkFrame(
  addresses: { readonly source: Mac; readonly destination: Mac },
  nonce: Uint8Array,
  number: number,
  bytes: number,
): Uint8Array {
  const payload = new ByteWriter();
  payload.bytes(nonce);
  payload.u32(number, "number");
  payload.zeros(Math.max(0, bytes - HEADER_BYTES));
  return encodeEthernet({ ...addresses, vlans: [], etherType: PROBE_ETHER_TYPE }, payload.finish());
}

/** Its number; null for what is no probe of this check. A copy of its beginning will do. */
export function readCheckFrame(frame: Uint8Array, nonce: Uint8Array): number | null {
  const decoded = decodeEthernet(frame);
  if (decoded === null || decoded.header.etherType !== PROBE_ETHER_TYPE) return null;
  if (decoded.payload.length < HEADER_BYTES) return null;
  const reader = new ByteReader(decoded.payload);
  const own = reader.bytes(CHECK_NONCE_BYTES, "nonce");
  return nonce.every((byte, at) => own[at] === byte) ? reader.u32("number") : null;
}
