// The Internet checksum (RFC 1071) and its IPv6 pseudo-header (RFC 8200, section 8.1).
import { ipv6ToBytes } from "../bytes/ip.ts";
import { ByteWriter } from "../bytes/writer.ts";

/** One's complement of the one's complement sum of 16-bit words; an odd last byte is padded with zero. */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The checksum of an upper-layer packet whose own checksum field is zero. */
export function ipv6Checksum(source: string, destination: string, protocol: number, packet: Uint8Array): number {
  const writer = new ByteWriter();
  writer.bytes(ipv6ToBytes(source));
  writer.bytes(ipv6ToBytes(destination));
  writer.u32(packet.length);
  writer.u32(protocol);
  writer.bytes(packet);
  return internetChecksum(writer.finish());
}
