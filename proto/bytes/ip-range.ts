// Ranges of IP addresses, as `192.0.2.0/24` or a single address.
import { ipv4ToBytes, ipv6ToBytes, isIpv4, tryParseIp, unmapIpv4 } from "./ip.ts";

export interface IpRange {
  /** Canonical: the address of the range with no bit set beyond the prefix. */
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

const bytesOf = (ip: string): Uint8Array => (isIpv4(ip) ? ipv4ToBytes(ip) : ipv6ToBytes(ip));

function sharesPrefix(a: Uint8Array, b: Uint8Array, prefix: number): boolean {
  if (a.length !== b.length) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const mask = prefix - bit >= 8 ? 0xff : (0xff << (8 - (prefix - bit))) & 0xff;
    if ((((a[bit / 8] ?? 0) ^ (b[bit / 8] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** undefined for what is no range, or one with bits beyond its prefix: somebody meant something else. */
export function tryParseIpRange(text: string): IpRange | undefined {
  const [address = "", length, ...more] = text.split("/");
  const ip = tryParseIp(address);
  if (ip === undefined || more.length > 0) return undefined;
  const bytes = bytesOf(ip);
  const bits = bytes.length * 8;
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (prefix < 0 || prefix > bits) return undefined;
  const rest = bytes.some((byte, at) => {
    const kept = Math.min(8, Math.max(0, prefix - at * 8));
    return (byte & (0xff >> kept)) !== 0;
  });
  return rest ? undefined : Object.freeze({ bytes, prefix });
}

/** Whether an address, IPv4-mapped or not, is in one of the ranges; what is no address is in none. */
export function isInRanges(address: string, ranges: readonly IpRange[]): boolean {
  if (tryParseIp(address) === undefined) return false;
  const bytes = bytesOf(unmapIpv4(address));
  return ranges.some((range) => sharesPrefix(bytes, range.bytes, range.prefix));
}
