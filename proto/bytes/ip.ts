// IPv4 and IPv6 addresses: canonical text in the model, integers in matches, bytes on the wire.
import ipaddr from "ipaddr.js";
import { WeftError } from "./errors.ts";

/** Canonical text: dotted decimal for IPv4, RFC 5952 for IPv6. */
export type Ip = string;

const IPV4_TEXT = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

function fail(text: string, what: string): never {
  throw new WeftError("ip/invalid", `"${text}" is not an ${what} address`, { context: { text } });
}

/** Dotted decimal with four parts and nothing else (no octal, no short forms). */
export function isIpv4(text: string): boolean {
  return IPV4_TEXT.test(text);
}

export function isIpv6(text: string): boolean {
  return text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text);
}

/** Canonical form of either family, or undefined. IPv4-mapped IPv6 stays IPv6: see `unmapIpv4`. */
export function tryParseIp(text: string): Ip | undefined {
  if (isIpv4(text)) return ipv4FromNumber(ipv4ToNumber(text));
  if (isIpv6(text)) return ipv6FromBytes(ipv6ToBytes(text));
  return undefined;
}

/** Canonical form of either family; throws `ip/invalid`. */
export function parseIp(text: string): Ip {
  return tryParseIp(text) ?? fail(text, "IP");
}

/** `::ffff:a.b.c.d` as `a.b.c.d`; everything else unchanged (canonical). */
export function unmapIpv4(text: string): Ip {
  const ip = parseIp(text);
  if (!ip.startsWith("::ffff:")) return ip;
  const bytes = ipv6ToBytes(ip);
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return ip;
  return bytes[10] === 0xff && bytes[11] === 0xff ? ipv4FromBytes(bytes, 12) : ip;
}

export function ipv4ToNumber(text: string): number {
  if (!isIpv4(text)) fail(text, "IPv4");
  let value = 0;
  for (const part of text.split(".")) value = value * 256 + Number(part);
  return value;
}

export function ipv4FromNumber(value: number): Ip {
  if (value >>> 0 !== value) throw new WeftError("ip/invalid", `${value} does not fit 32 bits`);
  return `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`;
}

export function ipv4FromBytes(bytes: Uint8Array, at = 0): Ip {
  if (at + 4 > bytes.length) throw new WeftError("ip/invalid", `four bytes needed, ${bytes.length - at} given`);
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

export function ipv4ToBytes(text: string): Uint8Array {
  const value = ipv4ToNumber(text);
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

export function ipv6ToBytes(text: string): Uint8Array {
  if (!isIpv6(text)) fail(text, "IPv6");
  return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray());
}

export function ipv6FromBytes(bytes: Uint8Array, at = 0): Ip {
  if (at + 16 > bytes.length) throw new WeftError("ip/invalid", `sixteen bytes needed, ${bytes.length - at} given`);
  return new ipaddr.IPv6(Array.from(bytes.subarray(at, at + 16))).toRFC5952String();
}

export function ipv6ToBigInt(text: string): bigint {
  let value = 0n;
  for (const byte of ipv6ToBytes(text)) value = (value << 8n) | BigInt(byte);
  return value;
}

export function ipv6FromBigInt(value: bigint): Ip {
  if (value < 0n || value >> 128n !== 0n) throw new WeftError("ip/invalid", `${value} does not fit 128 bits`);
  const bytes = new Uint8Array(16);
  let rest = value;
  for (let i = 15; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return ipv6FromBytes(bytes);
}
