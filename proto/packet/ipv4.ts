// The IPv4 header (RFC 791), with UDP looked into.
import { ipv4FromBytes } from "../bytes/ip.ts";
import { ByteReader } from "../bytes/reader.ts";
import { cut, type Layer, type RawPayload, raw, whole } from "./layer.ts";
import { decodeUdp, type UdpDatagram } from "./udp.ts";

const MIN_HEADER = 20;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

export const IP_PROTOCOL = { tcp: 6, udp: 17, icmpv6: 58 } as const;

export interface Ipv4Packet {
  readonly kind: "ipv4";
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly ttl: number;
  /** Part of a larger packet; its payload stays raw. */
  readonly fragment: boolean;
  readonly payload: UdpDatagram | RawPayload;
}

/** A header that contradicts itself (version, header length, total length) comes back raw. Checksums are not checked. */
export function decodeIpv4(bytes: Uint8Array): Layer<Ipv4Packet | RawPayload> {
  if (bytes.length < MIN_HEADER) return cut(raw(bytes));
  const reader = new ByteReader(bytes);
  const first = reader.u8("version, header length");
  const headerLength = (first & 0xf) * 4;
  reader.skip(1, "type of service");
  const totalLength = reader.u16("total length");
  reader.skip(2, "identification");
  const fragmentField = reader.u16("fragment");
  const ttl = reader.u8("ttl");
  const protocol = reader.u8("protocol");
  reader.skip(2, "checksum");
  const source = ipv4FromBytes(reader.bytes(4, "source"));
  const destination = ipv4FromBytes(reader.bytes(4, "destination"));
  if (first >> 4 !== 4 || headerLength < MIN_HEADER || totalLength < headerLength) return whole(raw(bytes));
  const fragment = (fragmentField & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0;
  // subarray stops at the end of the bytes there are; what lies past the total length is padding.
  const body = bytes.subarray(headerLength, totalLength);
  const inner = protocol === IP_PROTOCOL.udp && !fragment ? decodeUdp(body) : whole(raw(body));
  return {
    value: { kind: "ipv4", source, destination, protocol, ttl, fragment, payload: inner.value },
    truncated: inner.truncated || bytes.length < totalLength,
  };
}
