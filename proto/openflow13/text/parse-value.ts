// Reads values of fields, ports and bit ranges as ovs-ofctl writes them.
import { ipv4ToNumber, ipv6ToBigInt, isIpv4, isIpv6 } from "../../bytes/ip.ts";
import { macToBigInt, tryParseMac } from "../../bytes/mac.ts";
import { OFPP } from "../constants.ts";
import { OXM_CLASS, OXM_FIELDS, type OxmField } from "../oxm-fields.ts";
import { CT_STATES, TCP_FLAGS, TUN_FLAGS } from "./format-value.ts";
import { type Item, textError } from "./scan.ts";

const NUMBER = /^(?:0x[0-9a-f]+|\d+)$/i;

/** A decimal or 0x number of at most `bits` bits. */
export function parseInteger(item: Item, bits: number): bigint {
  if (!NUMBER.test(item.text)) throw textError(`"${item.text}" is not a number`, item.at);
  const value = BigInt(item.text);
  if (value >> BigInt(bits) !== 0n) throw textError(`${item.text} does not fit ${bits} bits`, item.at);
  return value;
}

export function parseSmall(item: Item, bits: number): number {
  return Number(parseInteger(item, bits));
}

const PORTS: Readonly<Record<string, number>> = {
  in_port: OFPP.IN_PORT,
  table: OFPP.TABLE,
  normal: OFPP.NORMAL,
  flood: OFPP.FLOOD,
  all: OFPP.ALL,
  controller: OFPP.CONTROLLER,
  local: OFPP.LOCAL,
  any: OFPP.ANY,
};

/** The number of a reserved port's name, in either case. */
export function portByName(name: string): number | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(PORTS, lower) ? PORTS[lower] : undefined;
}

export function parsePort(item: Item): number {
  return portByName(item.text) ?? parseSmall(item, 32);
}

/** Ports of OpenFlow 1.0 width: the reserved ones are 0xff00 and up. */
export function parsePort16(item: Item): number {
  const reserved = portByName(item.text);
  return reserved === undefined ? parseSmall(item, 16) : reserved & 0xffff;
}

export interface MaskedValue {
  readonly value: bigint;
  readonly mask?: bigint;
}

function prefixMask(length: number, bits: number): bigint {
  return ((1n << BigInt(length)) - 1n) << BigInt(bits - length);
}

function parseIp(item: Item, bits: 32 | 128): MaskedValue {
  const [address = "", maskText] = item.text.split("/", 2);
  const valid = bits === 32 ? isIpv4 : isIpv6;
  const toInteger = (text: string): bigint => (bits === 32 ? BigInt(ipv4ToNumber(text)) : ipv6ToBigInt(text));
  if (!valid(address)) throw textError(`"${address}" is not an IPv${bits === 32 ? 4 : 6} address`, item.at);
  const value = toInteger(address);
  if (maskText === undefined) return { value };
  if (valid(maskText)) return { value, mask: toInteger(maskText) };
  const length = Number(maskText);
  if (!/^\d{1,3}$/.test(maskText) || length > bits) throw textError(`"/${maskText}" is not a mask`, item.at);
  return { value, mask: prefixMask(length, bits) };
}

function parseMacValue(item: Item): MaskedValue {
  const [address = "", maskText] = item.text.split("/", 2);
  const mac = tryParseMac(address);
  if (mac === undefined) throw textError(`"${address}" is not an Ethernet address`, item.at);
  if (maskText === undefined) return { value: macToBigInt(mac) };
  const mask = tryParseMac(maskText);
  if (mask === undefined) throw textError(`"${maskText}" is not an Ethernet mask`, item.at);
  return { value: macToBigInt(mac), mask: macToBigInt(mask) };
}

function parseNumber(item: Item, bits: number): MaskedValue {
  const slash = item.text.indexOf("/");
  if (slash < 0) return { value: parseInteger(item, bits) };
  const value = parseInteger({ text: item.text.slice(0, slash), at: item.at }, bits);
  return { value, mask: parseInteger({ text: item.text.slice(slash + 1), at: item.at + slash + 1 }, bits) };
}

/** "+syn-ack" (those alone are matched), "syn|ack" (all are), or a number with or without a mask. */
function parseFlags(item: Item, names: readonly string[], bits: number): MaskedValue {
  if (/^\d/.test(item.text)) return parseNumber(item, bits);
  let value = 0n;
  let mask = 0n;
  const signed = /^[+-]/.test(item.text);
  const parts = signed ? (item.text.match(/[+-][^+-]+/g) ?? []) : item.text.split("|");
  for (const part of parts) {
    const name = signed ? part.slice(1) : part;
    const bit = names.indexOf(name);
    if (bit < 0) throw textError(`"${name}" is not one of ${names.join(", ")}`, item.at);
    mask |= 1n << BigInt(bit);
    if (!part.startsWith("-")) value |= 1n << BigInt(bit);
  }
  return signed ? { value, mask } : { value };
}

const FRAGMENTS: Readonly<Record<string, MaskedValue>> = {
  no: { value: 0n, mask: 3n },
  yes: { value: 1n, mask: 1n },
  first: { value: 1n, mask: 3n },
  later: { value: 3n, mask: 3n },
  not_later: { value: 0n, mask: 2n },
};

/** In the field's own notation. */
export function parseFieldValue(field: OxmField, item: Item): MaskedValue {
  switch (field.format) {
    case "mac":
      return parseMacValue(item);
    case "ipv4":
      return parseIp(item, 32);
    case "ipv6":
      return parseIp(item, 128);
    case "port":
      return { value: BigInt(field.bytes === 2 ? parsePort16(item) : parsePort(item)) };
    case "tcp_flags":
      return parseFlags(item, TCP_FLAGS, 12);
    case "ct_state":
      return parseFlags(item, CT_STATES, 32);
    case "tun_flags":
      return parseFlags(item, TUN_FLAGS, 16);
    case "frag":
      return (Object.hasOwn(FRAGMENTS, item.text) ? FRAGMENTS[item.text] : undefined) ?? parseNumber(item, 8);
    case "decimal":
    case "hex":
      return parseNumber(item, field.bits);
  }
}

/** Every name that means a field by itself, without knowing the protocol: "eth_dst", "NXM_NX_REG0", "reg0". */
const BY_NAME = new Map<string, OxmField>();
const ALIASES: Readonly<Record<string, string>> = {
  tunnel_id: "tun_id",
  nw_tos: "ip_dscp",
  ip_frag: "nw_frag",
  ip_proto: "nw_proto",
  ip_ecn: "nw_ecn",
  ip_src: "nw_src",
  ip_dst: "nw_dst",
  eth_src: "dl_src",
  eth_dst: "dl_dst",
  eth_type: "dl_type",
  vlan_pcp: "dl_vlan_pcp",
  in_port_oxm: "in_port",
  nsp: "nsh_spi",
  nsi: "nsh_si",
};
for (const field of OXM_FIELDS) {
  BY_NAME.set(field.wireName.toLowerCase(), field);
  BY_NAME.set(field.name, field);
}
// The OpenFlow number is preferred to the NXM one of the same thing.
for (const field of [...OXM_FIELDS].sort((a, b) => rank(a) - rank(b))) {
  const name = field.ovsName;
  const ambiguous = name === "tp_src" || name === "tp_dst" || name.startsWith("icmp_");
  if (!ambiguous && !BY_NAME.has(name)) BY_NAME.set(name, field);
}
for (const [alias, name] of Object.entries(ALIASES)) {
  const field = BY_NAME.get(name);
  if (field !== undefined && !BY_NAME.has(alias)) BY_NAME.set(alias, field);
}

function rank(field: OxmField): number {
  if (field.oxmClass === OXM_CLASS.OPENFLOW_BASIC) return 0;
  return field.oxmClass === OXM_CLASS.NXM_0 ? 2 : 1;
}

/** The field of that name, in any case. */
export function fieldByText(name: string): OxmField | undefined {
  return BY_NAME.get(name.toLowerCase());
}

export interface BitRange {
  readonly field: OxmField;
  readonly ofs: number;
  readonly nBits: number;
}

/** "NXM_NX_REG0[]", "reg0[3]", "reg0[0..15]", "reg0". */
export function parseBits(item: Item): BitRange {
  const found = /^([A-Za-z0-9_]+)(?:\[(?:(\d+)(?:\.\.(\d+))?)?\])?$/.exec(item.text);
  const field = found === null ? undefined : fieldByText(found[1] as string);
  if (found === null || field === undefined) throw textError(`"${item.text}" is not a field or a part of one`, item.at);
  if (found[2] === undefined) return { field, ofs: 0, nBits: field.bits };
  const first = Number(found[2]);
  const last = found[3] === undefined ? first : Number(found[3]);
  if (last < first || last >= field.bits) {
    throw textError(`"${item.text}": ${found[1]} has the bits 0 to ${field.bits - 1}`, item.at);
  }
  return { field, ofs: first, nBits: last - first + 1 };
}
