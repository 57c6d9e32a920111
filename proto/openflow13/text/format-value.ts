// Values of fields, ports and bit ranges as ovs-ofctl writes them.
import { ipv4FromNumber, ipv6FromBigInt } from "../../bytes/ip.ts";
import { bigIntToMac } from "../../bytes/mac.ts";
import { OFPP } from "../constants.ts";
import type { OxmValue } from "../oxm.ts";
import { OXM_CLASS, OXM_FIELDS, type OxmField, type OxmName, oxmFieldByName } from "../oxm-fields.ts";

const PORT_NAMES = new Map<number, string>([
  [OFPP.IN_PORT, "IN_PORT"],
  [OFPP.TABLE, "TABLE"],
  [OFPP.NORMAL, "NORMAL"],
  [OFPP.FLOOD, "FLOOD"],
  [OFPP.ALL, "ALL"],
  [OFPP.CONTROLLER, "CONTROLLER"],
  [OFPP.LOCAL, "LOCAL"],
  [OFPP.ANY, "ANY"],
]);

/** "3", "LOCAL". */
export function formatPort(port: number): string {
  return PORT_NAMES.get(port) ?? String(port);
}

/** The same for the 16-bit ports of OpenFlow 1.0, which Nicira actions and NXM fields have. */
export function formatPort16(port: number): string {
  return port >= 0xff00 ? formatPort((port | 0xffff0000) >>> 0) : String(port);
}

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

export function hexPadded(value: number | bigint, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

export function fieldOf(name: OxmName): OxmField {
  const field = oxmFieldByName(name);
  if (field === undefined) throw new RangeError(`no field is named ${name}`);
  return field;
}

/** True if every bit the field has, or for tunnel metadata every bit of its `length` bytes, is set. */
export function isFullMask(field: OxmField, mask: number | bigint, length?: number): boolean {
  const ones = (1n << BigInt(length === undefined ? field.bits : length * 8)) - 1n;
  return (BigInt(mask) & ones) === ones;
}

/** The number of leading ones, or undefined if ones and zeros are mixed. */
function prefixLength(mask: bigint, bits: number): number | undefined {
  const inverted = ~mask & ((1n << BigInt(bits)) - 1n);
  if ((inverted & (inverted + 1n)) !== 0n) return undefined;
  return bits - (inverted === 0n ? 0 : inverted.toString(2).length);
}

function formatIp(value: number | bigint, mask: number | bigint | undefined, bits: 32 | 128): string {
  const text = (v: number | bigint): string => (bits === 32 ? ipv4FromNumber(Number(v)) : ipv6FromBigInt(BigInt(v)));
  if (mask === undefined) return text(value);
  return `${text(value)}/${prefixLength(BigInt(mask), bits) ?? text(mask)}`;
}

export const TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"];
export const CT_STATES = ["new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"];
export const TUN_FLAGS = ["oam"];

/** "+syn-ack" for those that are matched; all bits named, or nothing. */
function formatFlags(value: number, mask: number, names: readonly string[]): string | undefined {
  if (mask >>> names.length !== 0) return undefined;
  let out = "";
  for (let bit = 0; bit < names.length; bit++) {
    if (((mask >>> bit) & 1) === 1) out += (((value >>> bit) & 1) === 1 ? "+" : "-") + names[bit];
  }
  return out;
}

/** Exactly matched flags are joined by "|", as ovs-ofctl does. */
function formatExactFlags(value: number, names: readonly string[]): string {
  const set = names.filter((_, bit) => ((value >>> bit) & 1) === 1);
  return set.length === 0 ? "0" : set.join("|");
}

function formatFlagField(value: number, mask: number | undefined, names: readonly string[]): string {
  if (mask === undefined) return formatExactFlags(value, names);
  return formatFlags(value, mask, names) ?? `${hex(value)}/${hex(mask)}`;
}

const FRAGMENTS = new Map<string, string>([
  ["1/3", "yes"],
  ["3/3", "later"],
  ["0/3", "no"],
  ["1/1", "yes"],
  ["0/1", "no"],
  ["0/2", "not_later"],
  ["2/2", "later"],
]);

function formatFragment(value: number, mask: number): string {
  if (mask === 3 && value === 1) return "first";
  return FRAGMENTS.get(`${value & mask}/${mask}`) ?? `${hex(value)}/${hex(mask)}`;
}

/** The value, with its mask if that leaves bits out. */
export function formatValue(tlv: OxmValue): string {
  const field = fieldOf(tlv.field);
  const mask = tlv.mask === undefined || isFullMask(field, tlv.mask, tlv.length) ? undefined : tlv.mask;
  const { value } = tlv;
  switch (field.format) {
    case "mac": {
      const text = bigIntToMac(BigInt(value));
      return mask === undefined ? text : `${text}/${bigIntToMac(BigInt(mask))}`;
    }
    case "ipv4":
      return formatIp(value, mask, 32);
    case "ipv6":
      return formatIp(value, mask, 128);
    case "port":
      return field.bytes === 2 ? formatPort16(Number(value)) : formatPort(Number(value));
    case "tcp_flags":
      return formatFlagField(Number(value), mask === undefined ? undefined : Number(mask), TCP_FLAGS);
    case "ct_state":
      return formatFlagField(Number(value), mask === undefined ? undefined : Number(mask), CT_STATES);
    case "tun_flags":
      return formatFlagField(Number(value), Number(mask ?? 1), TUN_FLAGS);
    case "frag":
      return formatFragment(Number(value), mask === undefined ? 3 : Number(mask));
    case "decimal":
      return mask === undefined ? String(value) : `${hex(value)}/${hex(mask)}`;
    case "hex":
      return mask === undefined ? hex(value) : `${hex(value)}/${hex(mask)}`;
  }
}

/** Where a field has an NXM and an OXM number, text uses the NXM constant. */
const TEXT_NAMES = new Map<OxmName, string>();
for (const field of OXM_FIELDS) {
  const nxm = OXM_FIELDS.find(
    (other) =>
      (other.oxmClass === OXM_CLASS.NXM_0 || other.oxmClass === OXM_CLASS.NXM_1) &&
      other.ovsName === field.ovsName &&
      other.bits === field.bits &&
      other.prerequisite === field.prerequisite,
  );
  TEXT_NAMES.set(field.name, (nxm ?? field).wireName);
}

/** "NXM_NX_REG0[]", "NXM_NX_REG0[3]", "NXM_NX_REG0[0..15]". */
export function formatBits(name: OxmName, ofs: number, nBits: number): string {
  const field = fieldOf(name);
  const text = TEXT_NAMES.get(name) ?? field.wireName;
  if (ofs === 0 && nBits === field.bits) return `${text}[]`;
  return nBits === 1 ? `${text}[${ofs}]` : `${text}[${ofs}..${ofs + nBits - 1}]`;
}

const FULL_NAMES: Readonly<Record<string, string>> = {
  dl_dst: "eth_dst",
  dl_src: "eth_src",
  dl_type: "eth_type",
  nw_src: "ip_src",
  nw_dst: "ip_dst",
  dl_vlan_pcp: "vlan_pcp",
  nw_frag: "ip_frag",
};

/** The name in `set_field:VALUE->NAME`, which unlike in a match names the protocol: "eth_dst", "tcp_src". */
export function formatFieldName(name: OxmName): string {
  const field = fieldOf(name);
  if (field.ovsName === "tp_src" || field.ovsName === "tp_dst") return `${field.prerequisite}${field.ovsName.slice(2)}`;
  if (field.prerequisite === "icmpv6") return field.ovsName.replace("icmp_", "icmpv6_");
  return FULL_NAMES[field.ovsName] ?? field.ovsName;
}
