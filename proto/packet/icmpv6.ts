// ICMPv6 neighbour discovery (RFC 4861): solicitations and advertisements of routers and neighbours.
import { ipv6FromBytes, ipv6ToBytes } from "../bytes/ip.ts";
import { type Mac, macFromBytes, macToBytes } from "../bytes/mac.ts";
import { ByteReader } from "../bytes/reader.ts";
import { ByteWriter } from "../bytes/writer.ts";
import { ipv6Checksum } from "./checksum.ts";
import { cut, type Layer, type RawPayload, raw, whole } from "./layer.ts";

const TYPE = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
};
const OPTION = { sourceLinkLayer: 1, targetLinkLayer: 2, prefix: 3, mtu: 5 } as const;
const ICMPV6 = 58;

export interface PrefixInformation {
  readonly prefix: string;
  readonly prefixLength: number;
  readonly onLink: boolean;
  readonly autonomous: boolean;
}

/** The options that concern Weft; the first of a repeated one counts, except prefixes. */
export interface NdOptions {
  readonly sourceMac: Mac | null;
  readonly targetMac: Mac | null;
  readonly mtu: number | null;
  readonly prefixes: readonly PrefixInformation[];
}

export const NO_ND_OPTIONS: NdOptions = Object.freeze({ sourceMac: null, targetMac: null, mtu: null, prefixes: [] });

export interface RouterSolicitation {
  readonly kind: "router_solicitation";
  readonly options: NdOptions;
}

export interface RouterAdvertisement {
  readonly kind: "router_advertisement";
  readonly hopLimit: number;
  readonly managed: boolean;
  readonly otherConfig: boolean;
  /** 0 means: not a default router. */
  readonly lifetimeSec: number;
  readonly options: NdOptions;
}

export interface NeighborSolicitation {
  readonly kind: "neighbor_solicitation";
  readonly target: string;
  readonly options: NdOptions;
}

export interface NeighborAdvertisement {
  readonly kind: "neighbor_advertisement";
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly target: string;
  readonly options: NdOptions;
}

export type NeighborDiscovery = RouterSolicitation | RouterAdvertisement | NeighborSolicitation | NeighborAdvertisement;

export interface OtherIcmpv6 {
  readonly kind: "icmpv6";
  readonly type: number;
  readonly code: number;
  readonly body: Uint8Array;
}

export type Icmpv6Message = NeighborDiscovery | OtherIcmpv6;

/** A neighbour discovery message whose fixed part is cut off comes back raw. Checksums are not checked. */
export function decodeIcmpv6(bytes: Uint8Array): Layer<Icmpv6Message | RawPayload> {
  if (bytes.length < 4) return cut(raw(bytes));
  const reader = new ByteReader(bytes);
  const type = reader.u8("type");
  const code = reader.u8("code");
  reader.skip(2, "checksum");
  if (type < TYPE.routerSolicitation || type > TYPE.neighborAdvertisement || code !== 0) {
    return whole({ kind: "icmpv6", type, code, body: bytes.subarray(4) });
  }
  const fixed = type === TYPE.routerSolicitation ? 4 : type === TYPE.routerAdvertisement ? 12 : 20;
  if (reader.remaining < fixed) return cut(raw(bytes));
  const head = reader.sub(fixed, "fixed part");
  const options = decodeOptions(reader);
  return { value: decodeNd(type, head, options.value), truncated: options.truncated };
}

function decodeNd(type: number, head: ByteReader, options: NdOptions): NeighborDiscovery {
  if (type === TYPE.routerSolicitation) return { kind: "router_solicitation", options };
  if (type === TYPE.routerAdvertisement) {
    const hopLimit = head.u8("hop limit");
    const flags = head.u8("flags");
    return {
      kind: "router_advertisement",
      hopLimit,
      managed: (flags & 0x80) !== 0,
      otherConfig: (flags & 0x40) !== 0,
      lifetimeSec: head.u16("lifetime"),
      options,
    };
  }
  const flags = head.u32("flags") >>> 29;
  const target = ipv6FromBytes(head.bytes(16, "target"));
  if (type === TYPE.neighborSolicitation) return { kind: "neighbor_solicitation", target, options };
  return {
    kind: "neighbor_advertisement",
    router: (flags & 4) !== 0,
    solicited: (flags & 2) !== 0,
    override: (flags & 1) !== 0,
    target,
    options,
  };
}

/** An option of length zero ends the walk (RFC 4861, section 4.6). */
function decodeOptions(reader: ByteReader): Layer<NdOptions> {
  let sourceMac: Mac | null = null;
  let targetMac: Mac | null = null;
  let mtu: number | null = null;
  const prefixes: PrefixInformation[] = [];
  let truncated = false;
  while (reader.remaining > 0) {
    if (reader.remaining < 8) {
      truncated = true;
      break;
    }
    const type = reader.u8("option type");
    const size = reader.u8("option length") * 8 - 2;
    if (size < 0) break;
    if (reader.remaining < size) {
      truncated = true;
      break;
    }
    const value = reader.sub(size, "option value");
    if (type === OPTION.sourceLinkLayer && size === 6) sourceMac ??= macFromBytes(value.bytes(6, "source MAC"));
    else if (type === OPTION.targetLinkLayer && size === 6) targetMac ??= macFromBytes(value.bytes(6, "target MAC"));
    else if (type === OPTION.mtu && size === 6) {
      value.skip(2, "reserved");
      mtu ??= value.u32("MTU");
    } else if (type === OPTION.prefix && size === 30) prefixes.push(decodePrefix(value));
  }
  return { value: { sourceMac, targetMac, mtu, prefixes }, truncated };
}

function decodePrefix(value: ByteReader): PrefixInformation {
  const prefixLength = value.u8("prefix length");
  const flags = value.u8("flags");
  value.skip(12, "lifetimes, reserved");
  return {
    prefix: ipv6FromBytes(value.bytes(16, "prefix")),
    prefixLength,
    onLink: (flags & 0x80) !== 0,
    autonomous: (flags & 0x40) !== 0,
  };
}

/** An ICMPv6 neighbour advertisement with its checksum; of the options, `targetMac` and `sourceMac` are written. */
export function encodeNeighborAdvertisement(
  source: string,
  destination: string,
  message: NeighborAdvertisement,
): Uint8Array {
  const flags = (message.router ? 4 : 0) + (message.solicited ? 2 : 0) + (message.override ? 1 : 0);
  const writer = new ByteWriter();
  writer.u8(TYPE.neighborAdvertisement);
  writer.u8(0);
  writer.u16(0);
  writer.u32(flags * 0x20000000);
  writer.bytes(ipv6ToBytes(message.target));
  writeMacOption(writer, OPTION.sourceLinkLayer, message.options.sourceMac);
  writeMacOption(writer, OPTION.targetLinkLayer, message.options.targetMac);
  const packet = writer.finish();
  writer.bytes(packet);
  writer.patchU16(2, ipv6Checksum(source, destination, ICMPV6, packet));
  return writer.finish();
}

function writeMacOption(writer: ByteWriter, type: number, mac: Mac | null): void {
  if (mac === null) return;
  writer.u8(type);
  writer.u8(1);
  writer.bytes(macToBytes(mac));
}
