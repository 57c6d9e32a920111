// From a captured frame to the TCP segment in it: Ethernet, VLAN tags, Linux cooked captures, IPv4 and IPv6.
import { ipv4FromBytes, ipv6FromBytes } from "../../../proto/bytes/ip.ts";

export interface TcpSegment {
  readonly kind: "segment";
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly payload: Uint8Array;
}

/** A frame that may hold what is looked for, but cannot be read: `why` completes "this frame ...". */
export interface UnreadableFrame {
  readonly kind: "unreadable";
  readonly why: string;
}

/** Undefined is what has nothing to do with TCP. */
export type Dissected = TcpSegment | UnreadableFrame | undefined;

const LINK = {
  NULL: 0,
  ETHERNET: 1,
  RAW_BSD: 12,
  RAW_OPENBSD: 14,
  RAW: 101,
  LOOP: 108,
  COOKED: 113,
  IPV4: 228,
  IPV6: 229,
  COOKED_2: 276,
} as const;
const ETHERTYPE = { IPV4: 0x0800, IPV6: 0x86dd } as const;
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);
const MAX_TAGS = 8;
const TCP = 6;
const MAX_EXTENSION_HEADERS = 16;

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

function unreadable(why: string): UnreadableFrame {
  return { kind: "unreadable", why };
}

export function dissectFrame(linkType: number, frame: Uint8Array): Dissected {
  switch (linkType) {
    case LINK.ETHERNET:
      return afterEthertype(frame, 12);
    case LINK.COOKED:
      return afterEthertype(frame, 14);
    case LINK.COOKED_2:
      return frame.length < 20 ? undefined : dissectIp(u16(frame, 0), frame.subarray(20));
    case LINK.RAW:
    case LINK.RAW_BSD:
    case LINK.RAW_OPENBSD:
    case LINK.IPV4:
    case LINK.IPV6:
      return byVersion(frame);
    case LINK.NULL:
    case LINK.LOOP:
      return byVersion(frame.subarray(4));
    default:
      return unreadable(`is of link type ${linkType}, which is not known here; Ethernet and Linux cooked captures are`);
  }
}

function byVersion(packet: Uint8Array): Dissected {
  const version = (packet[0] ?? 0) >>> 4;
  if (version === 4) return dissectIp(ETHERTYPE.IPV4, packet);
  return version === 6 ? dissectIp(ETHERTYPE.IPV6, packet) : undefined;
}

function afterEthertype(frame: Uint8Array, typeAt: number): Dissected {
  let at = typeAt;
  for (let tags = 0; tags <= MAX_TAGS; tags++) {
    if (at + 2 > frame.length) return undefined;
    const type = u16(frame, at);
    if (!TAGS.has(type)) return dissectIp(type, frame.subarray(at + 2));
    at += 4;
  }
  return undefined;
}

function dissectIp(ethertype: number, packet: Uint8Array): Dissected {
  if (ethertype === ETHERTYPE.IPV4) return dissectIpv4(packet);
  return ethertype === ETHERTYPE.IPV6 ? dissectIpv6(packet) : undefined;
}

function dissectIpv4(packet: Uint8Array): Dissected {
  if (packet.length < 20 || (packet[0] as number) >>> 4 !== 4 || packet[9] !== TCP) return undefined;
  const headerLength = ((packet[0] as number) & 0xf) * 4;
  if (headerLength < 20 || headerLength > packet.length) return unreadable("has a broken IPv4 header");
  if ((u16(packet, 6) & 0x3fff) !== 0) return unreadable("is an IPv4 fragment, and fragments are not put together");
  // Zero where the sender's network card cuts the segment up (TSO): then all that was captured is of the packet.
  const totalLength = u16(packet, 2) || packet.length;
  if (totalLength < headerLength) return unreadable("has a broken IPv4 header");
  const body = packet.subarray(headerLength, Math.min(totalLength, packet.length));
  return dissectTcp(ipv4FromBytes(packet, 12), ipv4FromBytes(packet, 16), body);
}

function dissectIpv6(packet: Uint8Array): Dissected {
  if (packet.length < 40 || (packet[0] as number) >>> 4 !== 6) return undefined;
  const payloadLength = u16(packet, 4);
  const end = payloadLength === 0 ? packet.length : Math.min(40 + payloadLength, packet.length);
  let next = packet[6] as number;
  let at = 40;
  for (let headers = 0; next !== TCP; headers++) {
    // Hop-by-hop, routing, destination options, authentication; a fragment's first part is of no use alone.
    if (next === 44) return unreadable("is an IPv6 fragment, and fragments are not put together");
    if (headers === MAX_EXTENSION_HEADERS || at + 8 > end) return undefined;
    if (next !== 0 && next !== 43 && next !== 60 && next !== 51) return undefined;
    const length = packet[at + 1] as number;
    const step = next === 51 ? (length + 2) * 4 : (length + 1) * 8;
    next = packet[at] as number;
    at += step;
  }
  if (at > end) return undefined;
  return dissectTcp(ipv6FromBytes(packet, 8), ipv6FromBytes(packet, 24), packet.subarray(at, end));
}

function dissectTcp(source: string, destination: string, body: Uint8Array): Dissected {
  if (body.length < 20) return unreadable("ends in its TCP header");
  const headerLength = ((body[12] as number) >>> 4) * 4;
  if (headerLength < 20 || headerLength > body.length) return unreadable("has a broken TCP header");
  const flags = body[13] as number;
  return {
    kind: "segment",
    source,
    sourcePort: u16(body, 0),
    destination,
    destinationPort: u16(body, 2),
    sequence: u32(body, 4),
    syn: (flags & 0x02) !== 0,
    fin: (flags & 0x01) !== 0,
    rst: (flags & 0x04) !== 0,
    payload: body.subarray(headerLength),
  };
}
