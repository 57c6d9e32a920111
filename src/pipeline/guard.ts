// GUARD and CLAIM: from a locked port only declared MACs speak, and only in their own name; nor does their name come by a tunnel.
import { ipv4ToNumber, ipv6ToBigInt, isIpv4 } from "../../proto/bytes/ip.ts";
import { type Mac, macToBigInt } from "../../proto/bytes/mac.ts";
import type { Match, OxmTlv } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../model/endpoints.ts";
import type { Vni } from "../model/facts.ts";
import { type Lock, linkLocalOf, type Speaker } from "../model/locks.ts";
import { OTHER_VLANS_VNI } from "../model/networks.ts";
import { gotoTable, inNetwork, type LocalAttachment, onPort, type PortsContext } from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { type FlowKind, PRIORITIES } from "./registry.ts";

const ARP: OxmTlv = { field: "eth_type", value: 0x0806 };
const RARP: OxmTlv = { field: "eth_type", value: 0x8035 };
const IPV4: OxmTlv = { field: "eth_type", value: 0x0800 };
const IPV6: OxmTlv = { field: "eth_type", value: 0x86dd };
/** RFC 4861: what is to be read has code 0. */
const icmpv6 = (type: number): Match => [IPV6, { field: "ip_proto", value: 58 }, { field: "icmpv6_type", value: type }];
const CODE_0: OxmTlv = { field: "icmpv6_code", value: 0 };
const NEIGHBOR_SOLICITATION = icmpv6(135);
const NEIGHBOR_ADVERTISEMENT = icmpv6(136);
/** A client that has no address yet: RFC 2131, section 4.1. */
const DHCP_DISCOVERY: Match = [
  IPV4,
  { field: "ip_proto", value: 17 },
  { field: "ipv4_src", value: 0 },
  { field: "ipv4_dst", value: 0xffff_ffff },
  { field: "udp_src", value: 68 },
  { field: "udp_dst", value: 67 },
];
const ARP_REQUEST = 1;

const from = (mac: Mac): OxmTlv => ({ field: "eth_src", value: macToBigInt(mac) });
const fromIpv6 = (ip: string): OxmTlv => ({ field: "ipv6_src", value: ipv6ToBigInt(ip) });
const target = (ip: string): OxmTlv => ({ field: "ipv6_nd_target", value: ipv6ToBigInt(ip) });
/** The link-layer address in the message is the sender's own, or there is none, which reads as zero. */
const ownOrNone = (field: "ipv6_nd_sll" | "ipv6_nd_tll", mac: Mac): readonly OxmTlv[] =>
  [macToBigInt(mac), 0n].map((value) => ({ field, value }));

export function* guardFlows(context: PortsContext): Generator<DesiredFlow> {
  for (const local of context.local) {
    const lock = local.port.locks.get(local.attachment.network.vni);
    if (lock !== undefined) yield* lockFlows(local, lock);
  }
}

/** What is behind a locked port does not come by a tunnel. */
export function reflectionFlow({ ofport, vni, mac }: Endpoint): DesiredFlow {
  return desiredFlow({
    table: "deliver",
    priority: PRIORITIES.deliver.reflection,
    match: [inNetwork(vni), from(mac)],
    cookie: { kind: "reflection", place: ofport ?? 0, vni },
    instructions: [],
  });
}

/** VLANs that are no networks go past LEARN. */
function afterGuard(vni: Vni): "forward" | "learn" {
  return vni === OTHER_VLANS_VNI ? "forward" : "learn";
}

type GuardPriority = keyof typeof PRIORITIES.guard;

function* lockFlows({ ofport, attachment }: LocalAttachment, lock: Lock): Generator<DesiredFlow> {
  const { vni } = attachment.network;
  const spec = (kind: FlowKind, match: Match, next: "claim" | "learn" | null) => ({
    match: [onPort(ofport), inNetwork(vni), ...match],
    cookie: { kind, place: ofport, vni },
    instructions: next === null ? [] : [gotoTable(next === "learn" ? afterGuard(vni) : next)],
  });
  const guard = (priority: GuardPriority, match: Match, next: "claim" | "learn" | null): DesiredFlow => {
    const kind = next === null ? "impostor" : "speaker";
    return desiredFlow({ table: "guard", priority: PRIORITIES.guard[priority], ...spec(kind, match, next) });
  };
  for (const type of [NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT]) {
    // Open vSwitch reads a message with an option twice as one without target and options; hosts may take the first.
    yield guard("unreadable", [...type, CODE_0, target("::")], null);
    yield guard("impostor", type, null);
  }
  for (const type of [ARP, RARP]) yield guard("impostor", [type], null);
  yield guard("stranger", [], null);
  for (const speaker of lock.speakers) {
    for (const match of neighborMatches(speaker)) yield guard("neighbor", match, "learn");
    for (const match of advertisementMatches(speaker)) yield guard("neighbor", match, "claim");
    for (const match of addressMatches(speaker)) yield guard("speaker", match, "learn");
    for (const match of claimMatches(speaker)) {
      yield desiredFlow({ table: "claim", priority: PRIORITIES.claim.own, ...spec("own-claim", match, "learn") });
    }
  }
  if (lock.speakers.length === 0) return;
  yield desiredFlow({ table: "claim", priority: PRIORITIES.claim.impostor, ...spec("impostor", [], null) });
}

/** The IPv6 addresses that a speaker may use; null: any. */
function ipv6Of({ mac, ips }: Speaker): readonly string[] | null {
  return ips === null ? null : [...new Set([...ips.filter((ip) => !isIpv4(ip)), linkLocalOf(mac)])];
}

/** ARP, RARP, neighbour solicitations; and the probes for addresses that are yet to be taken (RFC 5227, RFC 4862). */
function* neighborMatches(speaker: Speaker): Generator<Match> {
  const { mac, ips } = speaker;
  const sender: OxmTlv = { field: "arp_sha", value: macToBigInt(mac) };
  // A virtual machine's announcement after its migration: it names no address.
  yield [from(mac), RARP, sender, ...(ips === null ? [] : [{ field: "arp_spa", value: 0 } as const])];
  const solicit: Match = [from(mac), ...NEIGHBOR_SOLICITATION, CODE_0];
  const own6 = ipv6Of(speaker);
  if (ips === null || own6 === null) {
    yield [from(mac), ARP, sender];
    for (const option of ownOrNone("ipv6_nd_sll", mac)) yield [...solicit, option];
    return;
  }
  for (const ip of ips.filter(isIpv4)) {
    const value = ipv4ToNumber(ip);
    yield [from(mac), ARP, sender, { field: "arp_spa", value }];
    const probe: Match = [
      { field: "arp_op", value: ARP_REQUEST },
      { field: "arp_spa", value: 0 },
      { field: "arp_tpa", value },
    ];
    yield [from(mac), ARP, sender, ...probe];
  }
  for (const ip of own6) {
    for (const option of ownOrNone("ipv6_nd_sll", mac)) yield [...solicit, fromIpv6(ip), option];
    yield [...solicit, fromIpv6("::"), target(ip), { field: "ipv6_nd_sll", value: 0n }];
  }
}

/** Sent from an address of one's own; what they advertise is looked at in CLAIM. */
function* advertisementMatches(speaker: Speaker): Generator<Match> {
  const advertise: Match = [from(speaker.mac), ...NEIGHBOR_ADVERTISEMENT, CODE_0];
  const own6 = ipv6Of(speaker);
  if (own6 === null) yield advertise;
  else for (const ip of own6) yield [...advertise, fromIpv6(ip)];
}

function* claimMatches(speaker: Speaker): Generator<Match> {
  const own6 = ipv6Of(speaker);
  for (const option of ownOrNone("ipv6_nd_tll", speaker.mac)) {
    const claim: Match = [from(speaker.mac), ...NEIGHBOR_ADVERTISEMENT, CODE_0];
    if (own6 === null) yield [...claim, option];
    else for (const ip of own6) yield [...claim, target(ip), option];
  }
}

function* addressMatches(speaker: Speaker): Generator<Match> {
  const { mac, ips } = speaker;
  if (ips === null) {
    yield [from(mac)];
    return;
  }
  for (const ip of ips.filter(isIpv4)) yield [from(mac), IPV4, { field: "ipv4_src", value: ipv4ToNumber(ip) }];
  yield [from(mac), ...DHCP_DISCOVERY];
  for (const ip of ipv6Of(speaker) ?? []) yield [from(mac), IPV6, fromIpv6(ip)];
}
