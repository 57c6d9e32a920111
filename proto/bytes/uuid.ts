// UUIDs as OVSDB and Open vSwitch write them: 36 characters, lower case.
import { WeftError } from "./errors.ts";
import { toHex } from "./hex.ts";

/** Canonical: lower case, 8-4-4-4-12. */
export type Uuid = string;

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID_TEXT.test(text.toLowerCase());
}

/** Canonical form; throws `uuid/invalid`. */
export function parseUuid(text: string): Uuid {
  const lower = text.toLowerCase();
  if (!UUID_TEXT.test(lower)) throw new WeftError("uuid/invalid", `"${text}" is not a UUID`, { context: { text } });
  return lower;
}

/** Makes a version 4 UUID out of 16 random bytes that the caller provides. */
export function uuidFromRandom(random: Uint8Array): Uuid {
  if (random.length < 16) throw new WeftError("uuid/invalid", `16 random bytes needed, ${random.length} given`);
  const bytes = Uint8Array.from(random.subarray(0, 16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
