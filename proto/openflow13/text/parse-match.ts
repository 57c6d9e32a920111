// Reads a match in ovs-ofctl's syntax: "tcp,in_port=1,dl_vlan=5,tp_dst=80".
import type { Match, OxmValue } from "../oxm.ts";
import { type OxmField, type OxmName, oxmFieldByName } from "../oxm-fields.ts";
import { fieldByText, type MaskedValue, parseFieldValue, parseSmall } from "./parse-value.ts";
import { type Item, splitItems, textError } from "./scan.ts";

/** A word and what it stands for: dl_type and, with the second number, nw_proto. */
const WORDS: Readonly<Record<string, readonly [ethType: number, proto?: number]>> = {
  ip: [0x0800],
  icmp: [0x0800, 1],
  tcp: [0x0800, 6],
  udp: [0x0800, 17],
  sctp: [0x0800, 132],
  ipv6: [0x86dd],
  ip6: [0x86dd],
  icmp6: [0x86dd, 58],
  tcp6: [0x86dd, 6],
  udp6: [0x86dd, 17],
  sctp6: [0x86dd, 132],
  arp: [0x0806],
  rarp: [0x8035],
  mpls: [0x8847],
  mplsm: [0x8848],
};

/** What the other items say of the protocol, since "tp_src" and "nw_src" mean one field or another by it. */
interface Protocol {
  ethType?: number;
  proto?: number;
}

const TRANSPORT: Readonly<Record<number, string>> = { 6: "tcp", 17: "udp", 132: "sctp" };
const ARP_LIKE = new Set([0x0806, 0x8035]);

function resolve(name: string, protocol: Protocol, item: Item): OxmName | undefined {
  const arp = protocol.ethType !== undefined && ARP_LIKE.has(protocol.ethType);
  switch (name) {
    case "tp_src":
    case "tp_dst": {
      const transport = protocol.proto === undefined ? undefined : TRANSPORT[protocol.proto];
      if (transport === undefined) throw textError(`"${name}" needs tcp, udp or sctp`, item.at);
      return `${transport}${name.slice(2)}` as OxmName;
    }
    case "icmp_type":
    case "icmp_code":
      return `${protocol.ethType === 0x86dd ? "icmpv6" : "icmpv4"}${name.slice(4)}` as OxmName;
    case "nw_src":
    case "nw_dst":
      if (arp) return name === "nw_src" ? "arp_spa" : "arp_tpa";
      return name === "nw_src" ? "ipv4_src" : "ipv4_dst";
    case "nw_proto":
      return arp ? "arp_op" : "ip_proto";
    case "nd_target":
    case "nd_sll":
    case "nd_tll":
      return `ipv6_${name}` as OxmName;
    default:
      return fieldByText(name)?.name;
  }
}

function tlv(field: OxmField, { value, mask }: MaskedValue, item: Item): OxmValue {
  const convert = (v: bigint): number | bigint => (field.bytes > 4 ? v : Number(v));
  const ones = (1n << BigInt(field.bits)) - 1n;
  if (mask === undefined || (mask & ones) === ones) return { field: field.name, value: convert(value) };
  if (!field.maskable) throw textError(`${field.ovsName} takes no mask`, item.at);
  return { field: field.name, value: convert(value), mask: convert(mask) };
}

interface Tci {
  value: number;
  mask: number;
}

const TCI = { VID: 0x0fff, PRESENT: 0x1000, PCP: 0xe000, NO_VLAN: 0xffff } as const;

/** True if the item was about the VLAN word, which is gathered and written once. */
function gatherVlan(name: string, item: Item, tci: Tci): boolean {
  switch (name) {
    case "dl_vlan": {
      const vid = parseSmall(item, 16);
      tci.mask |= TCI.VID | TCI.PRESENT;
      if (vid !== TCI.NO_VLAN) tci.value |= (vid & TCI.VID) | TCI.PRESENT;
      return true;
    }
    case "dl_vlan_pcp":
    case "vlan_pcp":
      tci.mask |= TCI.PCP | TCI.PRESENT;
      tci.value |= (parseSmall(item, 3) << 13) | TCI.PRESENT;
      return true;
    case "vlan_tci":
    case "vlan_vid": {
      const [valueText = "", maskText] = item.text.split("/", 2);
      const width = name === "vlan_tci" ? 0xffff : TCI.VID | TCI.PRESENT;
      tci.value |= parseSmall({ text: valueText, at: item.at }, 16) & width;
      tci.mask |= maskText === undefined ? width : parseSmall({ text: maskText, at: item.at }, 16) & width;
      return true;
    }
    default:
      return false;
  }
}

function vlanFields({ value, mask }: Tci): OxmValue[] {
  if (mask === 0) return [];
  const pcp = mask & TCI.PCP;
  const tagged = (mask & value & TCI.PRESENT) !== 0;
  // vlan_pcp requires a VLAN to be present; what asks for less has only the NXM field.
  if (pcp !== 0 && (pcp !== TCI.PCP || !tagged)) return [{ field: "nxm_of_vlan_tci", value: value & mask, mask }];
  const vid = mask & (TCI.VID | TCI.PRESENT);
  const fields: OxmValue[] = [];
  if (vid === (TCI.VID | TCI.PRESENT)) fields.push({ field: "vlan_vid", value: value & vid });
  else if (vid !== 0) fields.push({ field: "vlan_vid", value: value & vid, mask: vid });
  if (pcp !== 0) fields.push({ field: "vlan_pcp", value: value >>> 13 });
  return fields;
}

function split(item: Item): { readonly name: string; readonly value: Item | undefined } {
  const equals = item.text.indexOf("=");
  if (equals < 0) return { name: item.text.toLowerCase(), value: undefined };
  const value = { text: item.text.slice(equals + 1), at: item.at + equals + 1 };
  return { name: item.text.slice(0, equals).toLowerCase(), value };
}

function findProtocol(items: readonly Item[]): Protocol {
  const protocol: Protocol = {};
  for (const item of items) {
    const { name, value } = split(item);
    const word = value === undefined && Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
    if (word !== undefined) {
      protocol.ethType = word[0];
      if (word[1] !== undefined) protocol.proto = word[1];
    } else if ((name === "dl_type" || name === "eth_type") && value !== undefined) {
      protocol.ethType = parseSmall(value, 16);
    } else if ((name === "nw_proto" || name === "ip_proto") && value !== undefined) {
      protocol.proto = parseSmall(value, 8);
    }
  }
  return protocol;
}

/** Items that have been cut already. */
export function parseMatchItems(items: readonly Item[]): Match {
  const protocol = findProtocol(items);
  const match: OxmValue[] = [];
  const tci: Tci = { value: 0, mask: 0 };
  for (const item of items) {
    const { name, value } = split(item);
    if (value === undefined) {
      const word = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
      if (word === undefined) throw textError(`"${item.text}" is neither a protocol nor name=value`, item.at);
      match.push({ field: "eth_type", value: word[0] });
      if (word[1] !== undefined) match.push({ field: "ip_proto", value: word[1] });
      continue;
    }
    if (gatherVlan(name, value, tci)) continue;
    const fieldName = resolve(name, protocol, item);
    const field = fieldName === undefined ? undefined : oxmFieldByName(fieldName);
    if (field === undefined) throw textError(`no match field is named "${name}"`, item.at);
    if (name === "nw_tos") match.push({ field: "ip_dscp", value: parseSmall(value, 8) >>> 2 });
    else match.push(tlv(field, parseFieldValue(field, value), item));
  }
  return [...match, ...vlanFields(tci)];
}

/** Throws WeftError `text/invalid` with the character where the mistake is. */
export function parseMatch(text: string): Match {
  return parseMatchItems(splitItems(text));
}
