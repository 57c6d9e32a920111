// ANSWER, ADVERTISE, RETURN: what a known address is asked for, the asker's own switch answers.
import { ipv4ToNumber, ipv6ToBigInt, isIpv4 } from "../../proto/bytes/ip.ts";
import { macToBigInt } from "../../proto/bytes/mac.ts";
import type { Action, Match, OxmTlv } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../model/endpoints.ts";
import type { Vni } from "../model/facts.ts";
import { apply, type CompileContext, gotoTable, inNetwork, onPort, TAGGED, tagWith } from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { ARP, ICMPV6_TYPE, icmpv6, ND_FLAGS } from "./neighbors.ts";
import { CARRIER_VID, PRIORITIES, REGISTERS } from "./registry.ts";

const ARP_REQUEST = 1;
const ARP_REPLY = 2;
/** The option of a neighbour advertisement that names the target's MAC (RFC 4861, section 4.6.1). */
const TARGET_LINK_LAYER = 2;

/** What holds for whatever is asked. */
export function* answerFlows(context: CompileContext): Generator<DesiredFlow> {
  if (!context.networks.some((network) => network.answer)) return;
  const shared = { place: 0, vni: 0 };
  yield desiredFlow({
    table: "answer",
    priority: PRIORITIES.answer.unanswered,
    match: [],
    cookie: { kind: "unanswered", ...shared },
    instructions: [gotoTable("forward")],
  });
  if (context.answersNd) {
    // Without the option that becomes the answer's (optimistic addresses, RFC 4429) the owner itself must answer.
    yield desiredFlow({
      table: "answer",
      priority: PRIORITIES.answer.withoutOption,
      match: [...icmpv6(ICMPV6_TYPE.neighborSolicitation), { field: "ipv6_nd_sll", value: 0n }],
      cookie: { kind: "unanswered", ...shared },
      instructions: [gotoTable("forward")],
    });
    yield desiredFlow({
      table: "advertise",
      priority: PRIORITIES.advertise.targetOption,
      match: icmpv6(ICMPV6_TYPE.neighborAdvertisement),
      cookie: { kind: "advertise", ...shared },
      instructions: [apply(move("eth_src", "ipv6_nd_tll", 48)), gotoTable("return")],
    });
  }
  // An answer comes from no port, so from no protected one, and the port that asked may have it.
  for (const [priority, match, rewrites] of [
    [PRIORITIES.return.tagged, [TAGGED], [tagWith(CARRIER_VID.plain)]],
    [PRIORITIES.return.untagged, [], []],
  ] as const) {
    yield desiredFlow({
      table: "return",
      priority,
      match,
      cookie: { kind: "return", ...shared },
      instructions: [apply(...rewrites, ...TO_ITS_OWN_PORT), gotoTable("egress")],
    });
  }
}

/** Open vSwitch gives out no frame by the port it came in by: it must forget which that was. */
const TO_ITS_OWN_PORT: readonly Action[] = [
  {
    kind: "nx_reg_move",
    nBits: REGISTERS.outPort.bits,
    srcOfs: 0,
    dstOfs: 0,
    src: "in_port",
    dst: REGISTERS.outPort.field,
  },
  { kind: "nx_reg_load", dst: "in_port", ofs: 0, nBits: REGISTERS.outPort.bits, value: 0n },
];

/** A move over the whole of two fields. */
function move(src: "eth_src" | "arp_sha" | "arp_spa" | "ipv6_src", dst: MoveTarget, nBits: number): Action {
  return { kind: "nx_reg_move", nBits, srcOfs: 0, dstOfs: 0, src, dst };
}
type MoveTarget = "eth_dst" | "arp_tha" | "arp_tpa" | "ipv6_dst" | "ipv6_nd_tll";

function set(field: Exclude<OxmTlv, { readonly field: "unknown" }>): Action {
  return { kind: "set_field", field };
}

/** Who asks for the address: an ARP request, or a neighbour solicitation. */
function asksFor(vni: Vni, ip: string): Match {
  if (isIpv4(ip)) {
    const target = { field: "arp_tpa", value: ipv4ToNumber(ip) } as const;
    return [inNetwork(vni), ARP, { field: "arp_op", value: ARP_REQUEST }, target];
  }
  const target = { field: "ipv6_nd_target", value: ipv6ToBigInt(ip) } as const;
  return [inNetwork(vni), ...icmpv6(ICMPV6_TYPE.neighborSolicitation), target];
}

/** Kept by the endpoint's identity: these flow objects serve every switch of their kind, and are encoded once for all. */
const kept = {
  nd: new WeakMap<Endpoint, readonly DesiredFlow[]>(),
  steer: new WeakMap<Endpoint, readonly DesiredFlow[]>(),
};

/** Byte for byte the same on every switch with the same datapath, the endpoint's own included. */
export function endpointAnswers(endpoint: Endpoint, answersNd: boolean): readonly DesiredFlow[] {
  const cache = answersNd ? kept.nd : kept.steer;
  const known = cache.get(endpoint);
  if (known !== undefined) return known;
  const flows = endpoint.ips.map((ip) => {
    if (isIpv4(ip)) return answer(endpoint, ip, "return", arpReply(endpoint, ip));
    const { router } = endpoint;
    if (answersNd && router !== undefined)
      return answer(endpoint, ip, "advertise", advertisement(endpoint, ip, router));
    return answer(endpoint, ip, "forward", [set({ field: "eth_dst", value: macToBigInt(endpoint.mac) })]);
  });
  cache.set(endpoint, flows);
  return flows;
}

function answer(
  endpoint: Endpoint,
  ip: string,
  next: "return" | "advertise" | "forward",
  actions: readonly Action[],
): DesiredFlow {
  const { vni, hostIndex } = endpoint;
  return desiredFlow({
    table: "answer",
    priority: PRIORITIES.answer.address,
    match: asksFor(vni, ip),
    cookie: { kind: "answer", place: hostIndex ?? 0, vni },
    instructions: [apply(...actions), gotoTable(next)],
  });
}

/** RFC 826: to the asker, from the owner. The target's address is already in the request. */
function arpReply({ mac }: Endpoint, ip: string): readonly Action[] {
  const owner = macToBigInt(mac);
  return [
    move("eth_src", "eth_dst", 48),
    set({ field: "eth_src", value: owner }),
    set({ field: "arp_op", value: ARP_REPLY }),
    move("arp_sha", "arp_tha", 48),
    set({ field: "arp_sha", value: owner }),
    move("arp_spa", "arp_tpa", 32),
    set({ field: "arp_spa", value: ipv4ToNumber(ip) }),
  ];
}

/** RFC 4861, section 7.2.4: a solicited advertisement. ADVERTISE writes the MAC into the option, once it is an advertisement. */
function advertisement({ mac }: Endpoint, ip: string, router: boolean): readonly Action[] {
  const flags = ND_FLAGS.solicited | ND_FLAGS.override | (router ? ND_FLAGS.router : 0);
  return [
    move("eth_src", "eth_dst", 48),
    set({ field: "eth_src", value: macToBigInt(mac) }),
    move("ipv6_src", "ipv6_dst", 128),
    set({ field: "ipv6_src", value: ipv6ToBigInt(ip) }),
    set({ field: "icmpv6_type", value: ICMPV6_TYPE.neighborAdvertisement }),
    set({ field: "eric_nd_options_type", value: TARGET_LINK_LAYER }),
    set({ field: "eric_nd_reserved", value: flags >>> 0 }),
  ];
}

/** What an owner says of its own address is never swallowed, and nobody is answered for what is behind his own port. */
export function* ownPortFlows({ vni, ips }: Endpoint, ofport: number): Generator<DesiredFlow> {
  for (const ip of ips) {
    yield desiredFlow({
      table: "answer",
      priority: PRIORITIES.answer.ownPort,
      match: [onPort(ofport), ...asksFor(vni, ip)],
      cookie: { kind: "own-port", place: ofport, vni },
      instructions: [gotoTable("forward")],
    });
  }
}
