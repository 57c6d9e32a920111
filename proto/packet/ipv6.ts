// The IPv6 header and the walk past its extension headers (RFC 8200), with UDP and ICMPv6 looked into.
import { ipv6FromBytes, ipv6ToBytes } from "../bytes/ip.ts";
import { ByteReader } from "../bytes/reader.ts";
import { ByteWriter } from "../bytes/writer.ts";
import { decodeIcmpv6, type Icmpv6Message } from "./icmpv6.ts";
import { IP_PROTOCOL } from "./ipv4.ts";
import { cut, type Layer, type RawPayload, raw, whole } from "./layer.ts";
import { decodeUdp, type UdpDatagram } from "./udp.ts";

const HEADER = 40;
/** More extension headers than any sane packet has; past it the payload stays raw. */
const MAX_EXTENSIONS = 8;

const NEXT = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60, mobility: 135 } as const;

export interface Ipv6Packet {
  readonly kind: "ipv6";
  readonly source: string;
  readonly destination: string;
  /** 255 in every genuine neighbour discovery message (RFC 4861). */
  readonly hopLimit: number;
  /** The protocol after the extension headers, or the extension header where the walk stopped. */
  readonly protocol: number;
  /** Has a fragment header; its payload stays raw (RFC 6980 forbids fragmented neighbour discovery). */
  readonly fragment: boolean;
  readonly payload: UdpDatagram | Icmpv6Message | RawPayload;
}

/** A wrong version comes back raw. */
export function decodeIpv6(bytes: Uint8Array): Layer<Ipv6Packet | RawPayload> {
  if (bytes.length < HEADER) return cut(raw(bytes));
  const reader = new ByteReader(bytes);
  const version = reader.u32("version, traffic class, flow label") >>> 28;
  const payloadLength = reader.u16("payload length");
  const nextHeader = reader.u8("next header");
  const hopLimit = reader.u8("hop limit");
  const source = ipv6FromBytes(reader.bytes(16, "source"));
  const destination = ipv6FromBytes(reader.bytes(16, "destination"));
  if (version !== 6) return whole(raw(bytes));
  const walk = skipExtensions(nextHeader, bytes.subarray(HEADER, HEADER + payloadLength));
  const inner = walk.opaque ? whole(raw(walk.body)) : decodeUpper(walk.protocol, walk.body);
  return {
    value: {
      kind: "ipv6",
      source,
      destination,
      hopLimit,
      protocol: walk.protocol,
      fragment: walk.fragment,
      payload: inner.value,
    },
    truncated: inner.truncated || walk.truncated || bytes.length < HEADER + payloadLength,
  };
}

function decodeUpper(protocol: number, body: Uint8Array): Layer<UdpDatagram | Icmpv6Message | RawPayload> {
  if (protocol === IP_PROTOCOL.udp) return decodeUdp(body);
  if (protocol === IP_PROTOCOL.icmpv6) return decodeIcmpv6(body);
  return whole(raw(body));
}

interface Walk {
  readonly protocol: number;
  readonly body: Uint8Array;
  readonly fragment: boolean;
  /** The body is not a whole upper-layer packet. */
  readonly opaque: boolean;
  readonly truncated: boolean;
}

function skipExtensions(first: number, bytes: Uint8Array): Walk {
  let protocol = first;
  let body = bytes;
  let fragment = false;
  for (let count = 0; isExtension(protocol); count++) {
    if (count === MAX_EXTENSIONS) return { protocol, body, fragment, opaque: true, truncated: false };
    if (body.length < 8) return { protocol, body, fragment, opaque: true, truncated: true };
    const size = extensionSize(protocol, body[1] ?? 0);
    if (body.length < size) return { protocol, body, fragment, opaque: true, truncated: true };
    fragment ||= protocol === NEXT.fragment;
    protocol = body[0] ?? 0;
    body = body.subarray(size);
    if (fragment) return { protocol, body, fragment, opaque: true, truncated: false };
  }
  return { protocol, body, fragment, opaque: false, truncated: false };
}

function isExtension(protocol: number): boolean {
  return (Object.values(NEXT) as readonly number[]).includes(protocol);
}

function extensionSize(protocol: number, lengthField: number): number {
  if (protocol === NEXT.fragment) return 8;
  if (protocol === NEXT.authentication) return (lengthField + 2) * 4;
  return (lengthField + 1) * 8;
}

/** A packet without extension headers. */
export function encodeIpv6(
  header: Pick<Ipv6Packet, "source" | "destination" | "hopLimit" | "protocol">,
  payload: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(0x60000000);
  writer.u16(payload.length);
  writer.u8(header.protocol);
  writer.u8(header.hopLimit);
  writer.bytes(ipv6ToBytes(header.source));
  writer.bytes(ipv6ToBytes(header.destination));
  writer.bytes(payload);
  return writer.finish();
}
