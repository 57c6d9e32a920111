// What the specification asks of a match beyond its layout: no field twice, prerequisites, values inside masks and widths.
import type { Match, OxmTlv, OxmValue } from "./oxm.ts";
import { type OxmField, type OxmPrerequisite, oxmFieldByName } from "./oxm-fields.ts";

/** `code` is the OFPBMC error (section 7.4.4) with which a switch would refuse the match. */
export interface MatchProblem {
  readonly code: "OFPBMC_DUP_FIELD" | "OFPBMC_BAD_PREREQ" | "OFPBMC_BAD_VALUE" | "OFPBMC_BAD_WILDCARDS";
  /** Index in the match. */
  readonly index: number;
  readonly message: string;
}

const ETH = {
  IPV4: 0x0800,
  ARP: 0x0806,
  RARP: 0x8035,
  IPV6: 0x86dd,
  MPLS: 0x8847,
  MPLS_MC: 0x8848,
  PBB: 0x88e7,
  NSH: 0x894f,
};
const ND = { SOLICIT: 135, ADVERT: 136 } as const;

/** What earlier fields have fixed: section 7.2.3.6 demands that a prerequisite comes before what needs it. */
interface Seen {
  ethType?: number;
  proto?: number;
  icmpv6Type?: number;
  vlanPresent: boolean;
  inPort: boolean;
  ct: boolean;
}

function holds(prerequisite: OxmPrerequisite, seen: Seen): boolean {
  const ip = seen.ethType === ETH.IPV4 || seen.ethType === ETH.IPV6;
  const nd = seen.ethType === ETH.IPV6 && seen.proto === 58;
  switch (prerequisite) {
    case "none":
      return true;
    case "in_port":
      return seen.inPort;
    case "vlan":
      return seen.vlanPresent;
    case "mpls":
      return seen.ethType === ETH.MPLS || seen.ethType === ETH.MPLS_MC;
    case "pbb":
      return seen.ethType === ETH.PBB;
    case "ip":
      return ip;
    case "ipv4":
      return seen.ethType === ETH.IPV4;
    case "ipv6":
      return seen.ethType === ETH.IPV6;
    case "arp":
      return seen.ethType === ETH.ARP || seen.ethType === ETH.RARP;
    case "tcp":
      return ip && seen.proto === 6;
    case "udp":
      return ip && seen.proto === 17;
    case "sctp":
      return ip && seen.proto === 132;
    case "icmpv4":
      return seen.ethType === ETH.IPV4 && seen.proto === 1;
    case "icmpv6":
      return nd;
    case "nd":
      return nd && (seen.icmpv6Type === ND.SOLICIT || seen.icmpv6Type === ND.ADVERT);
    case "nd_solicit":
      return nd && seen.icmpv6Type === ND.SOLICIT;
    case "nd_advert":
      return nd && seen.icmpv6Type === ND.ADVERT;
    case "ct":
      return seen.ct && ip;
    case "nsh":
      return seen.ethType === ETH.NSH;
  }
}

const PRESENT = 0x1000;

function note(tlv: OxmValue, field: OxmField, seen: Seen): void {
  const exact = tlv.mask === undefined;
  if (field.ovsName === "dl_type" && exact) seen.ethType = Number(tlv.value);
  else if (field.ovsName === "nw_proto" && exact) seen.proto = Number(tlv.value);
  else if (field.prerequisite === "icmpv6" && field.ovsName === "icmp_type") seen.icmpv6Type = Number(tlv.value);
  else if (field.ovsName === "in_port") seen.inPort = true;
  else if (field.ovsName === "ct_state") seen.ct = true;
  else if (field.ovsName === "vlan_vid" || field.ovsName === "vlan_tci") {
    const present = Number(tlv.value) & (exact ? PRESENT : Number(tlv.mask) & PRESENT);
    if (present !== 0) seen.vlanPresent = true;
  }
}

function key(tlv: OxmTlv): string {
  if (tlv.field !== "unknown") return tlv.field;
  return `${tlv.oxmClass}:${tlv.fieldNumber}:${tlv.experimenter ?? ""}`;
}

function checkValue(tlv: OxmValue, field: OxmField, index: number, problems: MatchProblem[]): void {
  const value = BigInt(tlv.value);
  const bits = tlv.length === undefined ? field.bits : tlv.length * 8;
  if (value >> BigInt(bits) !== 0n) {
    const message = `${field.wireName} has ${bits} bits, the value more`;
    problems.push({ code: "OFPBMC_BAD_VALUE", index, message });
  }
  if (tlv.mask !== undefined && (value & ~BigInt(tlv.mask)) !== 0n) {
    const message = `${field.wireName}: the value has bits that its mask leaves out`;
    problems.push({ code: "OFPBMC_BAD_WILDCARDS", index, message });
  }
}

/** Empty for a match that a switch of the specification accepts, fields it does not know aside. */
export function checkMatch(match: Match): readonly MatchProblem[] {
  const problems: MatchProblem[] = [];
  const seen: Seen = { vlanPresent: false, inPort: false, ct: false };
  const fields = new Set<string>();
  match.forEach((tlv, index) => {
    const name = key(tlv);
    if (fields.has(name)) {
      problems.push({ code: "OFPBMC_DUP_FIELD", index, message: `${name} is matched twice` });
    }
    fields.add(name);
    const field = tlv.field === "unknown" ? undefined : oxmFieldByName(tlv.field);
    if (field === undefined || tlv.field === "unknown") return;
    if (!holds(field.prerequisite, seen)) {
      const message = `${field.wireName} needs ${field.prerequisite} to be matched before it`;
      problems.push({ code: "OFPBMC_BAD_PREREQ", index, message });
    }
    checkValue(tlv, field, index, problems);
    note(tlv, field, seen);
  });
  return problems;
}
