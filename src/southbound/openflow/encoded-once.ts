// A change that many switches need is one object, and is encoded once: what differs between connections is put in place.
import { encode } from "../../../proto/openflow13/index.ts";
import type { ApplicableMessage } from "./session.ts";

/** Gone with the change itself. */
const kept = new WeakMap<ApplicableMessage, Uint8Array>();

/**
 * With xid 0. The message may not be changed afterwards.
 * @throws WireError for a value that does not fit its field
 */
export function encodedOnce(message: ApplicableMessage): Uint8Array {
  const known = kept.get(message);
  if (known !== undefined) return known;
  const bytes = encode({ ...message, xid: 0 });
  kept.set(message, bytes);
  return bytes;
}
