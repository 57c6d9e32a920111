// A match in ovs-ofctl's syntax, in ovs-ofctl's order: "tcp,in_port=1,dl_vlan=5,tp_dst=80".
import { toHex } from "../../bytes/hex.ts";
import type { Match, OxmTlv, OxmValue } from "../oxm.ts";
import { fieldOf, formatValue, hexPadded } from "./format-value.ts";

/** Names in the order of Open vSwitch's match_format. What is not here comes last, in the match's own order. */
const ORDER: readonly string[] = [
  ..."pkt_mark recirc_id dp_hash conj_id actset_output ct_state ct_zone ct_mark ct_label".split(" "),
  ..."ct_nw_src ct_ipv6_src ct_nw_dst ct_ipv6_dst ct_nw_proto ct_tp_src ct_tp_dst packet_type PROTOCOL".split(" "),
  ...Array.from({ length: 16 }, (_, i) => `reg${i}`),
  ...Array.from({ length: 8 }, (_, i) => `xreg${i}`),
  ...Array.from({ length: 4 }, (_, i) => `xxreg${i}`),
  ..."tun_id tun_src tun_dst tun_ipv6_src tun_ipv6_dst tun_gbp_id tun_gbp_flags tun_erspan_ver".split(" "),
  ..."tun_erspan_idx tun_erspan_dir tun_erspan_hwid tun_gtpu_flags tun_gtpu_msgtype tun_flags".split(" "),
  ...Array.from({ length: 64 }, (_, i) => `tun_metadata${i}`),
  ..."metadata in_port in_phy_port VLAN dl_src dl_dst dl_type ipv6_src ipv6_dst ipv6_label ipv6_exthdr".split(" "),
  ..."arp_spa arp_tpa nw_src nw_dst nw_proto arp_op arp_sha arp_tha".split(" "),
  ..."nw_tos nw_ecn nw_ttl mpls_label mpls_tc mpls_ttl mpls_bos pbb_isid nw_frag".split(" "),
  ..."icmp_type icmp_code nd_target nd_sll nd_tll nd_reserved nd_options_type tp_src tp_dst tcp_flags".split(" "),
  ..."nsh_flags nsh_ttl nsh_mdtype nsh_np nsh_spi nsh_si nsh_c1 nsh_c2 nsh_c3 nsh_c4".split(" "),
];
const RANK = new Map(ORDER.map((name, i) => [name, i]));

const ETH = { IPV4: 0x0800, ARP: 0x0806, RARP: 0x8035, IPV6: 0x86dd, MPLS: 0x8847, MPLS_MULTICAST: 0x8848 } as const;
const IPV4_PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 132: "sctp" };
const IPV6_PROTOCOLS: Readonly<Record<number, string>> = { 6: "tcp6", 17: "udp6", 58: "icmp6", 132: "sctp6" };
const ETH_WORDS: Readonly<Record<number, string>> = {
  [ETH.IPV4]: "ip",
  [ETH.IPV6]: "ipv6",
  [ETH.ARP]: "arp",
  [ETH.RARP]: "rarp",
  [ETH.MPLS]: "mpls",
  [ETH.MPLS_MULTICAST]: "mplsm",
};

interface Part {
  readonly rank: number;
  readonly text: string;
}

function part(name: string, text: string): Part {
  return { rank: RANK.get(name) ?? ORDER.length, text };
}

function exact(match: Match, name: string): number | undefined {
  for (const tlv of match) {
    if (tlv.field === "unknown" || tlv.mask !== undefined || fieldOf(tlv.field).ovsName !== name) continue;
    return Number(tlv.value);
  }
  return undefined;
}

/** "tcp" stands for dl_type=0x0800,nw_proto=6; what it covers is left out elsewhere. */
function protocolWord(match: Match): { readonly word: string; readonly coversProto: boolean } | undefined {
  const ethType = exact(match, "dl_type");
  if (ethType === undefined) return undefined;
  const proto = exact(match, "nw_proto");
  const table = ethType === ETH.IPV4 ? IPV4_PROTOCOLS : ethType === ETH.IPV6 ? IPV6_PROTOCOLS : {};
  const word = proto === undefined ? undefined : table[proto];
  if (word !== undefined) return { word, coversProto: true };
  const plain = ETH_WORDS[ethType];
  return plain === undefined ? undefined : { word: plain, coversProto: false };
}

const TCI = { VID: 0x0fff, PRESENT: 0x1000, PCP: 0xe000 } as const;

/** vlan_vid, vlan_pcp and vlan_tci are bits of one word to Open vSwitch, and it prints them as one. */
function formatVlan(match: Match): string | undefined {
  let value = 0;
  let mask = 0;
  for (const tlv of match) {
    if (tlv.field === "vlan_vid") {
      value |= Number(tlv.value) & 0x1fff;
      mask |= tlv.mask === undefined ? 0x1fff : Number(tlv.mask) & 0x1fff;
    } else if (tlv.field === "vlan_pcp") {
      value |= (Number(tlv.value) << 13) | TCI.PRESENT;
      mask |= TCI.PCP | TCI.PRESENT;
    } else if (tlv.field === "nxm_of_vlan_tci") {
      value |= Number(tlv.value);
      mask |= tlv.mask === undefined ? 0xffff : Number(tlv.mask);
    }
  }
  if (mask === 0) return undefined;
  const vid = mask & TCI.VID;
  const pcp = mask & TCI.PCP;
  const whole = (vid === 0 || vid === TCI.VID) && (pcp === 0 || pcp === TCI.PCP) && (vid !== 0 || pcp !== 0);
  if ((mask & TCI.PRESENT) !== 0 && (value & TCI.PRESENT) !== 0 && whole) {
    const parts: string[] = [];
    if (vid !== 0) parts.push(`dl_vlan=${value & TCI.VID}`);
    if (pcp !== 0) parts.push(`dl_vlan_pcp=${value >>> 13}`);
    return parts.join(",");
  }
  const text = `vlan_tci=${hexPadded(value & mask, 4)}`;
  return mask === 0xffff ? text : `${text}/${hexPadded(mask, 4)}`;
}

function formatUnknown(tlv: Extract<OxmTlv, { readonly field: "unknown" }>): string {
  const owner = tlv.experimenter === undefined ? "" : `,experimenter=0x${tlv.experimenter.toString(16)}`;
  return `oxm(class=0x${tlv.oxmClass.toString(16)},field=${tlv.fieldNumber}${owner})=0x${toHex(tlv.bytes)}`;
}

function formatField(tlv: OxmValue, name: string): string {
  if (tlv.field === "ip_dscp") return `nw_tos=${Number(tlv.value) << 2}`;
  if (tlv.field === "eth_type" || tlv.field === "nxm_of_eth_type") return `dl_type=${hexPadded(tlv.value, 4)}`;
  if (name === "ipv6_label" && tlv.mask === undefined) return `${name}=${hexPadded(tlv.value, 5)}`;
  return `${name}=${formatValue(tlv)}`;
}

function isWildcard(tlv: OxmValue): boolean {
  return tlv.mask !== undefined && BigInt(tlv.mask) === 0n;
}

/** Empty for a match on everything. */
export function formatMatch(match: Match): string {
  const protocol = protocolWord(match);
  const parts: Part[] = [];
  if (protocol !== undefined) parts.push(part("PROTOCOL", protocol.word));
  const vlan = formatVlan(match);
  if (vlan !== undefined) parts.push(part("VLAN", vlan));
  for (const tlv of match) {
    if (tlv.field === "unknown") {
      parts.push(part("", formatUnknown(tlv)));
      continue;
    }
    const { ovsName } = fieldOf(tlv.field);
    if (isWildcard(tlv) || ovsName === "vlan_vid" || ovsName === "dl_vlan_pcp" || ovsName === "vlan_tci") continue;
    if (protocol !== undefined && ovsName === "dl_type") continue;
    if (protocol?.coversProto === true && ovsName === "nw_proto") continue;
    parts.push(part(ovsName === "ip_dscp" ? "nw_tos" : ovsName, formatField(tlv, ovsName)));
  }
  return parts
    .sort((a, b) => a.rank - b.rank)
    .map((p) => p.text)
    .join(",");
}
