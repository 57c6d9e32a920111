// Every field that the model can match and rewrite: how it is read from a packet, and written. Absent reads as 0.
import { ipv4FromNumber, ipv4ToNumber, ipv6FromBigInt, ipv6ToBigInt, isIpv4 } from "../../proto/bytes/ip.ts";
import { bigIntToMac, macToBigInt } from "../../proto/bytes/mac.ts";
import { OFPVID, type OxmName, oxmFieldByName } from "../../proto/openflow13/index.ts";
import { ETH_TYPE } from "../../proto/packet/index.ts";
import type { Ipv4Payload, Ipv6Payload, NeighborMessage, Payload, Transport } from "./frame.ts";
import {
  outerTag,
  type Packet,
  popTag,
  pushTag,
  REGISTER_COUNT,
  visibleType,
  withFrame,
  withOuterTag,
} from "./packet.ts";
import { unsupported } from "./trace-error.ts";

export interface Field {
  readonly name: string;
  readonly bits: number;
  readonly get: (packet: Packet) => bigint;
  /** undefined: read-only. A packet that does not have the field stays as it is, as in Open vSwitch. */
  readonly set?: (packet: Packet, value: bigint) => Packet;
}

const MASKED_VID = 0xfffn;

/** What lies behind the Ethernet header, as far as the switch has parsed it. */
function payloadOf(packet: Packet): Payload | undefined {
  return packet.hiddenVlans > 0 ? undefined : packet.frame.payload;
}

type OfKind<T, K> = T extends { readonly kind: K } ? T : never;

function payloadField<K extends Payload["kind"]>(
  name: string,
  bits: number,
  kinds: readonly K[],
  get: (payload: OfKind<Payload, K>) => bigint | number,
  set?: (value: bigint) => Partial<OfKind<Payload, K>>,
): Field {
  const find = (packet: Packet): OfKind<Payload, K> | undefined => {
    const payload = payloadOf(packet);
    return payload !== undefined && (kinds as readonly string[]).includes(payload.kind)
      ? (payload as OfKind<Payload, K>)
      : undefined;
  };
  return {
    name,
    bits,
    get: (packet) => {
      const payload = find(packet);
      return payload === undefined ? 0n : BigInt(get(payload));
    },
    ...(set === undefined
      ? {}
      : {
          set: (packet: Packet, value: bigint) => {
            const payload = find(packet);
            return payload === undefined ? packet : withFrame(packet, { payload: { ...payload, ...set(value) } });
          },
        }),
  };
}

function transportOf(packet: Packet): Transport | undefined {
  const payload = payloadOf(packet);
  if (payload?.kind !== "ipv4" && payload?.kind !== "ipv6") return undefined;
  // OFPC_FRAG_NORMAL: of no fragment, not even the first, are ports and types matched.
  return isFragment(payload) ? undefined : payload.transport;
}

const MORE_OR_OFFSET = 0x3fff;

function isFragment(payload: Ipv4Payload | Ipv6Payload): boolean {
  return payload.kind === "ipv4" ? (payload.fragment & MORE_OR_OFFSET) !== 0 : payload.fragment !== null;
}

function transportField<K extends Transport["kind"]>(
  name: string,
  bits: number,
  kinds: readonly K[],
  get: (transport: OfKind<Transport, K>) => bigint | number,
  set?: (value: bigint) => Partial<OfKind<Transport, K>>,
): Field {
  const find = (packet: Packet): OfKind<Transport, K> | undefined => {
    const transport = transportOf(packet);
    return transport !== undefined && (kinds as readonly string[]).includes(transport.kind)
      ? (transport as OfKind<Transport, K>)
      : undefined;
  };
  return {
    name,
    bits,
    get: (packet) => {
      const transport = find(packet);
      return transport === undefined ? 0n : BigInt(get(transport));
    },
    ...(set === undefined
      ? {}
      : {
          set: (packet: Packet, value: bigint) => {
            const transport = find(packet);
            const { payload } = packet.frame;
            if (transport === undefined || (payload.kind !== "ipv4" && payload.kind !== "ipv6")) return packet;
            return withFrame(packet, { payload: { ...payload, transport: { ...transport, ...set(value) } } });
          },
        }),
  };
}

function macOrZero(mac: string | null): bigint {
  return mac === null ? 0n : macToBigInt(mac);
}

/** An option is rewritten where there is one; none is added. */
function neighborMac(name: string, type: 135 | 136, which: "sourceMac" | "targetMac"): Field {
  const field = transportField(
    name,
    48,
    ["nd"],
    (nd) => (nd.type === type ? macOrZero(nd[which]) : 0n),
    (value): Partial<NeighborMessage> => ({ [which]: bigIntToMac(value) }),
  );
  return {
    ...field,
    set: (packet, value) => {
      const transport = transportOf(packet);
      const has = transport?.kind === "nd" && transport.type === type && transport[which] !== null;
      return has ? (field.set?.(packet, value) ?? packet) : packet;
    },
  };
}

/** A message of neighbour discovery can become the other one, and nothing else. */
function icmpType(): Field {
  const nd = transportField(
    "icmp_type",
    8,
    ["nd"],
    (message) => message.type,
    (value): Partial<NeighborMessage> => ({ type: Number(value) as NeighborMessage["type"] }),
  );
  const { set } = nd;
  return {
    ...transportField("icmp_type", 8, ["icmp", "nd"], (icmp) => icmp.type),
    set: (packet, value) => {
      const kind = transportOf(packet)?.kind;
      if (kind === "icmp" || (kind === "nd" && value !== 135n && value !== 136n)) {
        throw unsupported("writing this ICMP type", { type: Number(value) });
      }
      return set?.(packet, value) ?? packet;
    },
  };
}

const ND_SOURCE_OPTION = 1n;
const ND_TARGET_OPTION = 2n;

/** The type of the one option for a MAC: written, it makes the source's the target's, or the reverse. */
function neighborOption(): Field {
  const optionOf = (nd: NeighborMessage): bigint => {
    if (nd.sourceMac !== null) return ND_SOURCE_OPTION;
    return nd.targetMac === null ? 0n : ND_TARGET_OPTION;
  };
  const field = transportField("nd_options_type", 8, ["nd"], optionOf);
  return {
    ...field,
    set: (packet, value) => {
      const nd = transportOf(packet);
      const { payload } = packet.frame;
      if (nd?.kind !== "nd" || payload.kind !== "ipv6" || optionOf(nd) === 0n) return packet;
      if (value !== ND_SOURCE_OPTION && value !== ND_TARGET_OPTION) {
        throw unsupported("writing this type of an option", { type: Number(value) });
      }
      const mac = nd.sourceMac ?? nd.targetMac;
      const macs =
        value === ND_TARGET_OPTION ? { sourceMac: null, targetMac: mac } : { sourceMac: mac, targetMac: null };
      return withFrame(packet, { payload: { ...payload, transport: { ...nd, ...macs } } });
    },
  };
}

function tci(packet: Packet): bigint {
  const tag = outerTag(packet);
  return tag === undefined ? 0n : BigInt((tag.priority << 13) | OFPVID.PRESENT | tag.id);
}

function* registers(): Generator<Field> {
  for (const [prefix, width] of [
    ["reg", 1],
    ["xreg", 2],
    ["xxreg", 4],
  ] as const) {
    for (let n = 0; n < REGISTER_COUNT / width; n++) {
      yield {
        name: `${prefix}${n}`,
        bits: 32 * width,
        // The first register of a wide one holds its high bits.
        get: ({ registers: all }) =>
          all.slice(n * width, (n + 1) * width).reduce((value, one) => (value << 32n) | one, 0n),
        set: (packet, value) => ({
          ...packet,
          registers: packet.registers.map((one, at) => {
            const place = n * width + width - 1 - at;
            return place >= 0 && place < width ? BigInt.asUintN(32, value >> (32n * BigInt(place))) : one;
          }),
        }),
      };
    }
  }
}

const IP = ["ipv4", "ipv6"] as const;

/** The outer addresses of tunnels: of the four fields the two of one family are there, and the others are 0. */
function* tunnelAddresses(): Generator<Field> {
  const four = (ip: string | null): bigint => (ip === null || !isIpv4(ip) ? 0n : BigInt(ipv4ToNumber(ip)));
  const six = (ip: string | null): bigint => (ip === null || isIpv4(ip) ? 0n : ipv6ToBigInt(ip));
  for (const [name, key] of [
    ["src", "tunnelSource"],
    ["dst", "tunnelTarget"],
  ] as const) {
    yield {
      name: `tun_${name}`,
      bits: 32,
      get: (packet) => four(packet[key]),
      set: (packet, value) => {
        if (value !== 0n) return { ...packet, [key]: ipv4FromNumber(Number(value)) };
        return four(packet[key]) === 0n ? packet : { ...packet, [key]: null };
      },
    };
    yield {
      name: `tun_ipv6_${name}`,
      bits: 128,
      get: (packet) => six(packet[key]),
      set: (packet, value) => {
        if (value !== 0n) return { ...packet, [key]: ipv6FromBigInt(value) };
        return six(packet[key]) === 0n ? packet : { ...packet, [key]: null };
      },
    };
  }
}

const ALL: readonly Field[] = [
  {
    name: "in_port",
    bits: 32,
    get: (packet) => BigInt(packet.inPort),
    set: (packet, value) => ({ ...packet, inPort: Number(value) }),
  },
  {
    name: "metadata",
    bits: 64,
    get: (packet) => packet.metadata,
    set: (packet, metadata) => ({ ...packet, metadata }),
  },
  { name: "tun_id", bits: 64, get: (packet) => packet.tunnelId, set: (packet, tunnelId) => ({ ...packet, tunnelId }) },
  ...tunnelAddresses(),
  ...registers(),
  {
    name: "dl_dst",
    bits: 48,
    get: (packet) => macToBigInt(packet.frame.destination),
    set: (packet, value) => withFrame(packet, { destination: bigIntToMac(value) }),
  },
  {
    name: "dl_src",
    bits: 48,
    get: (packet) => macToBigInt(packet.frame.source),
    set: (packet, value) => withFrame(packet, { source: bigIntToMac(value) }),
  },
  // Below 0x600 it is a length: Open vSwitch has one type for all of these.
  {
    name: "dl_type",
    bits: 16,
    get: (packet) => {
      const type = visibleType(packet);
      return type < 0x600 ? 0x05ffn : BigInt(type);
    },
  },
  {
    name: "vlan_vid",
    bits: 13,
    get: (packet) => tci(packet) & 0x1fffn,
    set: (packet, value) => {
      if ((value & BigInt(OFPVID.PRESENT)) === 0n) throw unsupported("setting vlan_vid without OFPVID_PRESENT");
      return withOuterTag(packet, { id: Number(value & MASKED_VID) });
    },
  },
  {
    name: "dl_vlan_pcp",
    bits: 3,
    get: (packet) => tci(packet) >> 13n,
    set: (packet, value) => withOuterTag(packet, { priority: Number(value) }),
  },
  {
    name: "vlan_tci",
    bits: 16,
    get: tci,
    // Open vSwitch gives a frame a tag for it, or takes the frame's tag.
    set: (packet, value) => {
      if ((value & BigInt(OFPVID.PRESENT)) === 0n) return popTag(packet);
      const tagged = outerTag(packet) === undefined ? pushTag(packet, ETH_TYPE.vlan) : packet;
      return withOuterTag(tagged, { id: Number(value & MASKED_VID), priority: Number(value >> 13n) });
    },
  },
  payloadField(
    "arp_op",
    16,
    ["arp"],
    (arp) => (arp.operation > 0xff ? 0 : arp.operation),
    (value) => ({ operation: Number(value) }),
  ),
  payloadField(
    "arp_spa",
    32,
    ["arp"],
    (arp) => ipv4ToNumber(arp.senderIp),
    (value) => ({ senderIp: ipv4FromNumber(Number(value)) }),
  ),
  payloadField(
    "arp_tpa",
    32,
    ["arp"],
    (arp) => ipv4ToNumber(arp.targetIp),
    (value) => ({ targetIp: ipv4FromNumber(Number(value)) }),
  ),
  payloadField(
    "arp_sha",
    48,
    ["arp"],
    (arp) => macToBigInt(arp.senderMac),
    (value) => ({ senderMac: bigIntToMac(value) }),
  ),
  payloadField(
    "arp_tha",
    48,
    ["arp"],
    (arp) => macToBigInt(arp.targetMac),
    (value) => ({ targetMac: bigIntToMac(value) }),
  ),
  payloadField("ip_dscp", 6, IP, (ip) => ip.tos >> 2),
  payloadField("nw_tos", 8, IP, (ip) => ip.tos & 0xfc),
  payloadField("nw_ecn", 2, IP, (ip) => ip.tos & 3),
  payloadField("nw_proto", 8, IP, (ip) => ip.protocol),
  payloadField(
    "nw_ttl",
    8,
    IP,
    (ip) => ip.ttl,
    (value) => ({ ttl: Number(value) }),
  ),
  payloadField(
    "nw_src",
    32,
    ["ipv4"],
    (ip) => ipv4ToNumber(ip.source),
    (value) => ({ source: ipv4FromNumber(Number(value)) }),
  ),
  payloadField(
    "nw_dst",
    32,
    ["ipv4"],
    (ip) => ipv4ToNumber(ip.destination),
    (value) => ({ destination: ipv4FromNumber(Number(value)) }),
  ),
  payloadField(
    "ipv6_src",
    128,
    ["ipv6"],
    (ip) => ipv6ToBigInt(ip.source),
    (value) => ({ source: ipv6FromBigInt(value) }),
  ),
  payloadField(
    "ipv6_dst",
    128,
    ["ipv6"],
    (ip) => ipv6ToBigInt(ip.destination),
    (value) => ({ destination: ipv6FromBigInt(value) }),
  ),
  payloadField("ipv6_label", 20, ["ipv6"], (ip) => ip.flowLabel),
  transportField(
    "tp_src",
    16,
    ["ports"],
    (ports) => ports.source,
    (value) => ({ source: Number(value) }),
  ),
  transportField(
    "tp_dst",
    16,
    ["ports"],
    (ports) => ports.destination,
    (value) => ({ destination: Number(value) }),
  ),
  icmpType(),
  transportField("icmp_code", 8, ["icmp", "nd"], (icmp) => (icmp.kind === "icmp" ? icmp.code : 0)),
  transportField(
    "nd_target",
    128,
    ["nd"],
    (nd) => ipv6ToBigInt(nd.target),
    (value) => ({ target: ipv6FromBigInt(value) }),
  ),
  transportField(
    "nd_reserved",
    32,
    ["nd"],
    (nd) => nd.flags,
    (value) => ({ flags: Number(value) }),
  ),
  neighborOption(),
  neighborMac("nd_sll", 135, "sourceMac"),
  neighborMac("nd_tll", 136, "targetMac"),
];

const BY_NAME: ReadonlyMap<string, Field> = new Map(ALL.map((field) => [field.name, field]));
const byOxm = new Map<string, Field>();

/** @throws TraceError `trace/unsupported` for a field the model does not have. */
export function fieldOf(name: OxmName): Field {
  const kept = byOxm.get(name);
  if (kept !== undefined) return kept;
  // One field has several numbers (OXM_OF_TUNNEL_ID, NXM_NX_TUN_ID) and one name in Open vSwitch.
  const field = BY_NAME.get(oxmFieldByName(name)?.ovsName ?? name);
  if (field === undefined) throw unsupported(`the field ${name}`, { field: name });
  byOxm.set(name, field);
  return field;
}

/** Writes `bits` of `value` at bit `offset` of a field. */
export function writeBits(packet: Packet, name: OxmName, offset: number, bits: number, value: bigint): Packet {
  const field = fieldOf(name);
  if (field.set === undefined) throw unsupported(`writing the field ${name}`, { field: name });
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(offset);
  return field.set(packet, (field.get(packet) & ~mask) | ((value << BigInt(offset)) & mask));
}

/** Open vSwitch's names of all fields that the model knows. */
export function fieldNames(): readonly string[] {
  return [...BY_NAME.keys()];
}
