// Frames from and to bytes. What contradicts itself stays raw, as a switch sees it: a type, and nothing behind it.
import { ipv4FromBytes, ipv4ToBytes, ipv6FromBytes, ipv6ToBytes } from "../../proto/bytes/ip.ts";
import { type Mac, macFromBytes, macToBytes } from "../../proto/bytes/mac.ts";
import { ByteReader } from "../../proto/bytes/reader.ts";
import { ByteWriter } from "../../proto/bytes/writer.ts";
import {
  decodeArp,
  ETH_TYPE,
  encodeArp,
  internetChecksum,
  ipv6Checksum,
  type VlanTag,
} from "../../proto/packet/index.ts";
import type { Frame, Ipv4Payload, Ipv6Payload, NeighborMessage, Payload, Transport } from "./frame.ts";
import { TraceError } from "./trace-error.ts";

const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 44, 51, 60]);
const FRAGMENT_HEADER = 44;
const AUTHENTICATION_HEADER = 51;
const OFFSET_BITS = 0x1fff;
const SHORTEST_FRAME = 60;

/** @throws TraceError `trace/runt` for bytes that end inside the Ethernet header or its tags. */
export function frameFromBytes(bytes: Uint8Array): Frame {
  const reader = new ByteReader(bytes);
  const runt = (): TraceError =>
    new TraceError("trace/runt", `a frame of ${bytes.length} bytes ends inside its header`);
  if (reader.remaining < 14) throw runt();
  const destination = macFromBytes(reader.bytes(6, "destination"));
  const source = macFromBytes(reader.bytes(6, "source"));
  const vlans: VlanTag[] = [];
  let etherType = reader.u16("etherType");
  while (etherType === ETH_TYPE.vlan || etherType === ETH_TYPE.serviceVlan) {
    if (reader.remaining < 4) throw runt();
    const tci = reader.u16("tci");
    vlans.push({ tpid: etherType, id: tci & 0xfff, priority: tci >>> 13, dropEligible: (tci & 0x1000) !== 0 });
    etherType = reader.u16("etherType");
  }
  const rest = reader.bytes(reader.remaining, "payload");
  return { destination, source, vlans, etherType, payload: payloadFrom(etherType, rest) };
}

function payloadFrom(etherType: number, bytes: Uint8Array): Payload {
  if (etherType === ETH_TYPE.arp) return decodeArp(bytes).value;
  if (etherType === ETH_TYPE.ipv4) return ipv4From(bytes) ?? { kind: "raw", bytes };
  if (etherType === ETH_TYPE.ipv6) return ipv6From(bytes) ?? { kind: "raw", bytes };
  return { kind: "raw", bytes };
}

function ipv4From(bytes: Uint8Array): Ipv4Payload | null {
  if (bytes.length < 20) return null;
  const reader = new ByteReader(bytes);
  const first = reader.u8("version, header length");
  const headerLength = (first & 0xf) * 4;
  const tos = reader.u8("tos");
  const totalLength = reader.u16("total length");
  if (first >> 4 !== 4 || headerLength < 20 || totalLength < headerLength || totalLength > bytes.length) return null;
  const identification = reader.u16("identification");
  const fragment = reader.u16("fragment");
  const ttl = reader.u8("ttl");
  const protocol = reader.u8("protocol");
  reader.skip(2, "checksum");
  const source = ipv4FromBytes(reader.bytes(4, "address"));
  const destination = ipv4FromBytes(reader.bytes(4, "address"));
  const options = bytes.slice(20, headerLength);
  const body = bytes.subarray(headerLength, totalLength);
  const transport = (fragment & OFFSET_BITS) === 0 ? transportFrom(protocol, body) : raw(body);
  return { kind: "ipv4", source, destination, protocol, tos, ttl, identification, fragment, options, transport };
}

function ipv6From(bytes: Uint8Array): Ipv6Payload | null {
  if (bytes.length < 40) return null;
  const reader = new ByteReader(bytes);
  const first = reader.u32("version, class, label");
  const payloadLength = reader.u16("payload length");
  const firstHeader = reader.u8("next header");
  const ttl = reader.u8("ttl");
  const source = ipv6FromBytes(reader.bytes(16, "address"));
  const destination = ipv6FromBytes(reader.bytes(16, "address"));
  if (first >>> 28 !== 6 || payloadLength > bytes.length - 40) return null;
  const body = bytes.subarray(40, 40 + payloadLength);
  let protocol = firstHeader;
  let fragment: number | null = null;
  let at = 0;
  while (EXTENSIONS.has(protocol) && (fragment === null || (fragment & ~7) === 0)) {
    if (body.length < at + 8) return null;
    const length = body[at + 1] ?? 0;
    const size =
      protocol === FRAGMENT_HEADER ? 8 : protocol === AUTHENTICATION_HEADER ? (length + 2) * 4 : (length + 1) * 8;
    if (body.length < at + size) return null;
    if (protocol === FRAGMENT_HEADER) fragment = ((body[at + 2] ?? 0) << 8) | (body[at + 3] ?? 0);
    protocol = body[at] ?? 0;
    at += size;
  }
  const upper = body.subarray(at);
  const later = fragment !== null && (fragment & ~7) !== 0;
  return {
    kind: "ipv6",
    source,
    destination,
    protocol,
    tos: (first >>> 20) & 0xff,
    ttl,
    flowLabel: first & 0xfffff,
    extensions: body.slice(0, at),
    firstHeader,
    fragment,
    transport: later ? raw(upper) : transportFrom(protocol, upper),
  };
}

function raw(bytes: Uint8Array): Transport {
  return { kind: "raw", bytes };
}

function transportFrom(protocol: number, bytes: Uint8Array): Transport {
  const reader = new ByteReader(bytes);
  const shortest = protocol === PROTOCOL.tcp ? 20 : protocol === PROTOCOL.sctp ? 12 : 8;
  switch (protocol) {
    case PROTOCOL.tcp:
    case PROTOCOL.udp:
    case PROTOCOL.sctp:
      if (bytes.length < shortest) return raw(bytes);
      return {
        kind: "ports",
        source: reader.u16("source"),
        destination: reader.u16("destination"),
        rest: bytes.slice(4),
      };
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6: {
      if (bytes.length < 8) return raw(bytes);
      const type = reader.u8("type");
      const code = reader.u8("code");
      const neighbor = protocol === PROTOCOL.icmpv6 && code === 0 ? neighborFrom(type, bytes) : null;
      return neighbor ?? { kind: "icmp", type, code, rest: bytes.slice(4) };
    }
    default:
      return raw(bytes);
  }
}

/** null for a message whose options contradict themselves: Open vSwitch then matches neither target nor options. */
function neighborFrom(type: number, bytes: Uint8Array): NeighborMessage | null {
  if ((type !== 135 && type !== 136) || bytes.length < 24) return null;
  const macs: (Mac | null)[] = [null, null];
  const others: number[] = [];
  for (let at = 24; at < bytes.length; ) {
    const size = (bytes[at + 1] ?? 0) * 8;
    if (size === 0 || at + size > bytes.length) return null;
    const slot = (bytes[at] ?? 0) - 1;
    if ((slot === 0 || slot === 1) && size === 8) {
      if (macs[slot] !== null) return null;
      macs[slot] = macFromBytes(bytes, at + 2);
    } else {
      others.push(...bytes.subarray(at, at + size));
    }
    at += size;
  }
  const flags = new ByteReader(bytes.subarray(4)).u32("flags");
  const [sourceMac = null, targetMac = null] = macs;
  const otherOptions = Uint8Array.from(others);
  return { kind: "nd", type, flags, target: ipv6FromBytes(bytes, 8), sourceMac, targetMac, otherOptions };
}

/** Padded to the shortest length a wire takes. Checksums of IPv4 and neighbour discovery are made anew. */
export function frameToBytes(frame: Frame): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes(macToBytes(frame.destination));
  writer.bytes(macToBytes(frame.source));
  for (const tag of frame.vlans) {
    writer.u16(tag.tpid);
    writer.u16((tag.priority << 13) | (tag.dropEligible ? 0x1000 : 0) | tag.id);
  }
  writer.u16(frame.etherType);
  writer.bytes(payloadToBytes(frame.payload));
  if (writer.length < SHORTEST_FRAME) writer.zeros(SHORTEST_FRAME - writer.length);
  return writer.finish();
}

function payloadToBytes(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case "raw":
      return payload.bytes;
    case "arp":
      return encodeArp(payload);
    case "ipv4":
      return ipv4ToWire(payload);
    case "ipv6":
      return ipv6ToWire(payload);
  }
}

function ipv4ToWire(packet: Ipv4Payload): Uint8Array {
  const body = transportToBytes(packet.transport, null);
  const writer = new ByteWriter();
  const headerLength = 20 + packet.options.length;
  writer.u8(0x40 | (headerLength / 4));
  writer.u8(packet.tos);
  writer.u16(headerLength + body.length);
  writer.u16(packet.identification);
  writer.u16(packet.fragment);
  writer.u8(packet.ttl);
  writer.u8(packet.protocol);
  writer.u16(0);
  writer.bytes(ipv4ToBytes(packet.source));
  writer.bytes(ipv4ToBytes(packet.destination));
  writer.bytes(packet.options);
  writer.bytes(body);
  const bytes = writer.finish();
  const checksum = internetChecksum(bytes.subarray(0, headerLength));
  bytes[10] = checksum >>> 8;
  bytes[11] = checksum & 0xff;
  return bytes;
}

function ipv6ToWire(packet: Ipv6Payload): Uint8Array {
  const body = transportToBytes(packet.transport, packet);
  const writer = new ByteWriter();
  writer.u32(0x60000000 + packet.tos * 0x100000 + packet.flowLabel);
  writer.u16(packet.extensions.length + body.length);
  writer.u8(packet.firstHeader);
  writer.u8(packet.ttl);
  writer.bytes(ipv6ToBytes(packet.source));
  writer.bytes(ipv6ToBytes(packet.destination));
  writer.bytes(packet.extensions);
  writer.bytes(body);
  return writer.finish();
}

function transportToBytes(transport: Transport, ip: Ipv6Payload | null): Uint8Array {
  const writer = new ByteWriter();
  switch (transport.kind) {
    case "raw":
      return transport.bytes;
    case "ports":
      writer.u16(transport.source);
      writer.u16(transport.destination);
      writer.bytes(transport.rest);
      return writer.finish();
    case "icmp":
      writer.u8(transport.type);
      writer.u8(transport.code);
      writer.u16(0);
      writer.bytes(transport.rest);
      break;
    case "nd":
      writer.u8(transport.type);
      writer.u8(0);
      writer.u16(0);
      writer.u32(transport.flags);
      writer.bytes(ipv6ToBytes(transport.target));
      for (const [type, mac] of [
        [1, transport.sourceMac],
        [2, transport.targetMac],
      ] as const) {
        if (mac === null) continue;
        writer.u8(type);
        writer.u8(1);
        writer.bytes(macToBytes(mac));
      }
      writer.bytes(transport.otherOptions);
  }
  const bytes = writer.finish();
  const checksum =
    ip === null ? internetChecksum(bytes) : ipv6Checksum(ip.source, ip.destination, PROTOCOL.icmpv6, bytes);
  bytes[2] = checksum >>> 8;
  bytes[3] = checksum & 0xff;
  return bytes;
}
