// Every field that a simulated switch matches and writes, by Open vSwitch's names (ovs-fields(7)). Absent reads as 0.
import { type OxmName, oxmFieldByName } from "../../../proto/openflow13/index.ts";
import { type Packet, REGISTERS, type TunnelFields } from "./packet.ts";

export interface Field {
  readonly bits: number;
  read(packet: Packet): bigint;
  /** A packet that does not have the field stays as it is. */
  write?(packet: Packet, value: bigint): void;
}

const PRESENT = 0x1000;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;

function readBytes(bytes: Uint8Array, at: number, count: number): bigint {
  let value = 0n;
  for (let index = 0; index < count; index++) value = (value << 8n) | BigInt(bytes[at + index] ?? 0);
  return value;
}

function writeBytes(bytes: Uint8Array, at: number, count: number, value: bigint): void {
  for (let index = count - 1; index >= 0; index--) {
    bytes[at + index] = Number(value & 0xffn);
    value >>= 8n;
  }
}

/** A field at a place in the frame. @param at -1 where the frame does not have it */
function placed(count: number, at: (packet: Packet) => number): Field {
  return {
    bits: count * 8,
    read: (packet) => {
      const place = at(packet);
      return place < 0 ? 0n : readBytes(packet.bytes, place, count);
    },
    write: (packet, value) => {
      const place = at(packet);
      if (place >= 0) writeBytes(packet.writable(), place, count, value);
    },
  };
}

const inArp = (offset: number) => (packet: Packet) => (packet.layers.arp < 0 ? -1 : packet.layers.arp + offset);
const inIpv4 = (offset: number) => (packet: Packet) => (packet.layers.ipv4 < 0 ? -1 : packet.layers.ipv4 + offset);
const inIpv6 = (offset: number) => (packet: Packet) => (packet.layers.ipv6 < 0 ? -1 : packet.layers.ipv6 + offset);

function inTransport(offset: number, protocols: readonly number[]): (packet: Packet) => number {
  return ({ layers: { transport, protocol }, bytes }) =>
    transport >= 0 && protocols.includes(protocol) && transport + offset < bytes.length ? transport + offset : -1;
}

/** Where a neighbour solicitation or advertisement begins (RFC 4861, section 4.3). */
function discovery({ layers: { transport, protocol, ipv6 }, bytes }: Packet): number {
  if (ipv6 < 0 || protocol !== 58 || transport < 0 || transport + 24 > bytes.length) return -1;
  const type = bytes[transport] ?? 0;
  return (type === SOLICITATION || type === ADVERTISEMENT) && bytes[transport + 1] === 0 ? transport : -1;
}

/** The first option that holds a MAC address. */
function macOption(packet: Packet): number {
  const start = discovery(packet);
  const { bytes } = packet;
  if (start < 0) return -1;
  for (let at = start + 24; at + 8 <= bytes.length; ) {
    const [type, length] = [bytes[at] ?? 0, (bytes[at + 1] ?? 0) * 8];
    if ((type === 1 || type === 2) && length === 8) return at;
    if (length === 0) return -1;
    at += length;
  }
  return -1;
}

function optionMac(message: number, option: number): (packet: Packet) => number {
  return (packet) => {
    const [start, at] = [discovery(packet), macOption(packet)];
    const isThere = at >= 0 && packet.bytes[start] === message && packet.bytes[at] === option;
    return isThere ? at + 2 : -1;
  };
}

function tci(packet: Packet): number {
  const [outer] = packet.tags;
  return outer === undefined ? 0 : (outer & 0xefff) | PRESENT;
}

function withTci(packet: Packet, change: (tci: number) => number): void {
  const [outer, ...inner] = packet.tags;
  if (outer === undefined) return;
  packet.tags = [((outer & 0xffff0000) | (change(outer & 0xffff) & 0xefff)) >>> 0, ...inner];
}

function tunnelField(name: keyof TunnelFields, bits: number): Field {
  return {
    bits,
    read: ({ tunnel }) => tunnel[name],
    write: (packet, value) => {
      packet.tunnel = { ...packet.tunnel, [name]: value };
    },
  };
}

function* registers(): Generator<[string, Field]> {
  for (const [prefix, width] of [
    ["reg", 1],
    ["xreg", 2],
    ["xxreg", 4],
  ] as const) {
    for (let n = 0; n < REGISTERS / width; n++) {
      const first = n * width;
      yield [
        `${prefix}${n}`,
        {
          bits: width * 32,
          read: (packet) => packet.registers.slice(first, first + width).reduce((all, one) => (all << 32n) | one, 0n),
          write: (packet, value) => {
            const next = [...packet.registers];
            for (let at = 0; at < width; at++)
              next[first + at] = BigInt.asUintN(32, value >> BigInt(32 * (width - 1 - at)));
            packet.registers = next;
          },
        },
      ];
    }
  }
}

const FIELDS = new Map<string, Field>([
  ...registers(),
  [
    "in_port",
    {
      bits: 32,
      read: ({ inPort }) => BigInt(inPort),
      write: (packet, value) => {
        packet.inPort = Number(value);
      },
    },
  ],
  [
    "metadata",
    {
      bits: 64,
      read: ({ metadata }) => metadata,
      write: (packet, value) => {
        packet.metadata = value;
      },
    },
  ],
  ["tun_id", tunnelField("id", 64)],
  ["tun_src", tunnelField("sourceV4", 32)],
  ["tun_dst", tunnelField("targetV4", 32)],
  ["tun_ipv6_src", tunnelField("sourceV6", 128)],
  ["tun_ipv6_dst", tunnelField("targetV6", 128)],
  ["dl_dst", placed(6, () => 0)],
  ["dl_src", placed(6, () => 6)],
  [
    "dl_type",
    // Below 0x600 it is a length: one type stands for all of these.
    { bits: 16, read: ({ etherType }) => (etherType < 0x600 ? 0x05ffn : BigInt(etherType)) },
  ],
  [
    "vlan_vid",
    {
      bits: 13,
      read: (packet) => BigInt(tci(packet) & 0x1fff),
      write: (packet, value) => withTci(packet, (old) => (old & 0xe000) | (Number(value) & 0xfff)),
    },
  ],
  [
    "dl_vlan_pcp",
    {
      bits: 3,
      read: (packet) => BigInt(tci(packet) >>> 13),
      write: (packet, value) => withTci(packet, (old) => (old & 0xfff) | (Number(value) << 13)),
    },
  ],
  [
    "vlan_tci",
    {
      bits: 16,
      read: (packet) => BigInt(tci(packet)),
      // Without the bit that says so there is no tag.
      write: (packet, value) => {
        if ((Number(value) & PRESENT) === 0) packet.popTag();
        else {
          if (packet.tags.length === 0) packet.pushTag(0x8100);
          withTci(packet, () => Number(value));
        }
      },
    },
  ],
  ["arp_op", placed(2, inArp(6))],
  ["arp_sha", placed(6, inArp(8))],
  ["arp_spa", placed(4, inArp(14))],
  ["arp_tha", placed(6, inArp(18))],
  ["arp_tpa", placed(4, inArp(24))],
  ["nw_src", placed(4, inIpv4(12))],
  ["nw_dst", placed(4, inIpv4(16))],
  ["nw_ttl", placed(1, (packet) => (packet.layers.ipv4 >= 0 ? inIpv4(8)(packet) : inIpv6(7)(packet)))],
  ["nw_proto", { bits: 8, read: ({ layers }) => BigInt(layers.protocol) }],
  ["ip_dscp", { bits: 6, read: (packet) => BigInt(tos(packet) >>> 2) }],
  ["nw_ecn", { bits: 2, read: (packet) => BigInt(tos(packet) & 3) }],
  ["ipv6_src", placed(16, inIpv6(8))],
  ["ipv6_dst", placed(16, inIpv6(24))],
  ["tp_src", placed(2, inTransport(0, [6, 17, 132]))],
  ["tp_dst", placed(2, inTransport(2, [6, 17, 132]))],
  ["icmp_type", placed(1, inTransport(0, [1, 58]))],
  ["icmp_code", placed(1, inTransport(1, [1, 58]))],
  ["nd_reserved", placed(4, (packet) => shifted(discovery(packet), 4))],
  ["nd_target", placed(16, (packet) => shifted(discovery(packet), 8))],
  ["nd_options_type", placed(1, macOption)],
  ["nd_sll", placed(6, optionMac(SOLICITATION, 1))],
  ["nd_tll", placed(6, optionMac(ADVERTISEMENT, 2))],
]);

function tos({ layers: { ipv4, ipv6 }, bytes }: Packet): number {
  if (ipv4 >= 0) return bytes[ipv4 + 1] ?? 0;
  return ipv6 < 0 ? 0 : (((bytes[ipv6] ?? 0) & 0xf) << 4) | ((bytes[ipv6 + 1] ?? 0) >>> 4);
}

function shifted(at: number, by: number): number {
  return at < 0 ? -1 : at + by;
}

const byOxm = new Map<OxmName, Field | undefined>();

/** undefined for a field that the simulated switch does not have: it refuses flows with it. */
export function fieldOf(name: OxmName): Field | undefined {
  if (!byOxm.has(name)) byOxm.set(name, FIELDS.get(oxmFieldByName(name)?.ovsName ?? ""));
  return byOxm.get(name);
}

/** Writes the low `bits` of `value` at bit `offset` of a field. */
export function writeBits(packet: Packet, field: Field, offset: number, bits: number, value: bigint): void {
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(offset);
  field.write?.(packet, (field.read(packet) & ~mask) | ((value << BigInt(offset)) & mask));
}

export function readBits(packet: Packet, field: Field, offset: number, bits: number): bigint {
  return (field.read(packet) >> BigInt(offset)) & ((1n << BigInt(bits)) - 1n);
}
