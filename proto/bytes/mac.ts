// Ethernet addresses: canonical text in the model, 48-bit integers in matches, six bytes on the wire.
import { WeftError } from "./errors.ts";

/** Canonical: lower case, two digits a byte, colons ("0a:00:00:00:00:01"). */
export type Mac = string;

export const BROADCAST_MAC: Mac = "ff:ff:ff:ff:ff:ff";
export const ZERO_MAC: Mac = "00:00:00:00:00:00";

const MAC_TEXT = /^[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(?:\1[0-9a-f]{1,2}){4}$/;

/** Canonical form, or undefined if `text` is no MAC. Takes `:` or `-` between bytes, either case, one or two digits. */
export function tryParseMac(text: string): Mac | undefined {
  const lower = text.trim().toLowerCase();
  const match = MAC_TEXT.exec(lower);
  if (match === null) return undefined;
  return lower
    .split(match[1] as string)
    .map((part) => part.padStart(2, "0"))
    .join(":");
}

/** Canonical form; throws `mac/invalid`. */
export function parseMac(text: string): Mac {
  const mac = tryParseMac(text);
  if (mac === undefined)
    throw new WeftError("mac/invalid", `"${text}" is not an Ethernet address`, { context: { text } });
  return mac;
}

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function macFromBytes(bytes: Uint8Array, at = 0): Mac {
  if (at + 6 > bytes.length) throw new WeftError("mac/invalid", `six bytes needed, ${bytes.length - at} given`);
  let text = PAIRS[bytes[at] as number] as string;
  for (let n = at + 1; n < at + 6; n++) text += `:${PAIRS[bytes[n] as number]}`;
  return text;
}

export function macToBytes(mac: Mac): Uint8Array {
  const canonical = parseMac(mac);
  const out = new Uint8Array(6);
  for (let i = 0; i < 6; i++) out[i] = Number.parseInt(canonical.slice(i * 3, i * 3 + 2), 16);
  return out;
}

/** 0 to 15, by the code of a lower-case digit; -1 for any other. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code)));

/** The address as a number, if `mac` is canonical; else -1. */
function canonicalNumber(mac: string): number {
  if (mac.length !== 17) return -1;
  let value = 0;
  for (let at = 0; at < 17; at += 3) {
    const high = DIGITS[mac.charCodeAt(at)] ?? -1;
    const low = DIGITS[mac.charCodeAt(at + 1)] ?? -1;
    if (high < 0 || low < 0 || (at < 15 && mac.charCodeAt(at + 2) !== 0x3a)) return -1;
    value = value * 256 + high * 16 + low;
  }
  return value;
}

export function macToBigInt(mac: Mac): bigint {
  // Most are canonical, and every flow of an endpoint needs it.
  const value = canonicalNumber(mac);
  return BigInt(value < 0 ? `0x${parseMac(mac).replaceAll(":", "")}` : value);
}

export function bigIntToMac(value: bigint): Mac {
  if (value < 0n || value > 0xffffffffffffn) {
    throw new WeftError("mac/invalid", `${value} does not fit 48 bits`);
  }
  const digits = value.toString(16).padStart(12, "0");
  let out = digits.slice(0, 2);
  for (let i = 2; i < 12; i += 2) out += `:${digits.slice(i, i + 2)}`;
  return out;
}

/** True for broadcast too: the group bit is set. */
export function isMulticastMac(mac: Mac): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}
