// LEARN: frames of local ports; what is not known yet is copied to the controller, under a limit for each port.

import { ipv4ToNumber, ipv6ToBigInt, isIpv4 } from "../../proto/bytes/ip.ts";
import { macToBigInt } from "../../proto/bytes/mac.ts";
import { type Action, type Match, OFPFF, type OxmTlv } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../model/endpoints.ts";
import type { ObservedFact } from "../model/facts.ts";
import { apply, type CompileContext, gotoTable, inNetwork, onPort, type PortsContext } from "./context.ts";
import { type DesiredFlow, desiredFlow, flowKey } from "./desired.ts";
import { ARP, ICMPV6_TYPE, icmpv6 } from "./neighbors.ts";
import { encodeNote } from "./note.ts";
import { PRIORITIES, puntMeter, TABLES } from "./registry.ts";

const ETHERTYPE_IPV4: OxmTlv = { field: "eth_type", value: 0x0800 };
const PROTO_UDP: OxmTlv = { field: "ip_proto", value: 17 };
const DHCP_SERVER = 67;
const DHCP_CLIENT = 68;
/** Enough of a frame for its headers with two tags, and all of an ARP or ND message. */
const PUNT_BYTES = 192;
/** A DHCP message's options begin 282 bytes into its frame; the ones that matter are among the first. */
const DHCP_PUNT_BYTES = 512;
/** An address outlives pauses in ARP: hosts that talk all the time may not ask for many minutes. */
const ADDRESS_IDLE_FACTOR = 6;
const MAX_IDLE_TIMEOUT_SEC = 0xffff;

export function* learnFlows(context: CompileContext): Generator<DesiredFlow> {
  yield* learnPortFlows(context);
  yield* usurperFlows(context);
}

/** What each port comes to by itself. */
export function* learnPortFlows(context: PortsContext): Generator<DesiredFlow> {
  for (const ofport of new Set(context.local.map((local) => local.ofport))) yield* puntFlows(context, ofport);
}

/**
 * While a MAC or an address stays with its holder, what its rivals send would only lead others astray: neighbours that
 * believe their ARP, bridges behind ports that learn. It is dropped, and still heard: that is how their silence is known.
 */
export function* usurperFlows(context: CompileContext): Generator<DesiredFlow> {
  const dpid = context.host.switch?.dpid;
  const here = new Set(context.local.map(({ ofport, attachment }) => `${ofport}/${attachment.network.vni}`));
  for (const { vni, ip, rivals } of context.fabric.disputes) {
    for (const { mac, place } of rivals) {
      if (place === null || place.dpid !== dpid || !here.has(`${place.ofport}/${vni}`)) continue;
      const source: Match = [onPort(place.ofport), inNetwork(vni), { field: "eth_src", value: macToBigInt(mac) }];
      for (const claim of ip === null ? [[]] : claimsOf(ip)) {
        yield desiredFlow({
          table: "learn",
          priority: PRIORITIES.learn.usurper,
          match: [...source, ...claim],
          cookie: { kind: "usurper", place: place.ofport, vni },
          instructions: [apply(copy(context, place.ofport))],
        });
      }
    }
  }
}

/** Frames by which a station says that it has an address. */
function claimsOf(ip: string): readonly Match[] {
  if (isIpv4(ip)) return [saysOf(ip)];
  const target: OxmTlv = { field: "ipv6_nd_target", value: ipv6ToBigInt(ip) };
  return [saysOf(ip), [...icmpv6(ICMPV6_TYPE.neighborAdvertisement), target]];
}

/**
 * The limit is on the copy alone (`controller(meter_id=...)`): a meter instruction would drop the frame itself.
 * A switch without meters copies without a limit.
 */
function copy({ maxMeter }: PortsContext, ofport: number, maxLen = PUNT_BYTES): Action {
  const meterId = puntMeter(ofport);
  return { kind: "nx_controller2", maxLen, ...(meterId <= maxMeter ? { meterId } : {}) };
}

function* puntFlows(context: PortsContext, ofport: number): Generator<DesiredFlow> {
  const instructions = [apply(copy(context, ofport)), gotoTable("forward")];
  const dhcp = [apply(copy(context, ofport, DHCP_PUNT_BYTES)), gotoTable("forward")];
  // Router advertisements as well: they alone tell in time that a node has begun to route.
  const news: readonly Match[] = [[ARP], ...Object.values(ICMPV6_TYPE).map(icmpv6)];
  // Clients' messages, and servers' answers: both enter the fabric at a local port.
  const leases = [
    [DHCP_CLIENT, DHCP_SERVER],
    [DHCP_SERVER, DHCP_CLIENT],
  ].map(
    ([from = 0, to = 0]): Match => [
      ETHERTYPE_IPV4,
      PROTO_UDP,
      { field: "udp_src", value: from },
      { field: "udp_dst", value: to },
    ],
  );
  for (const what of [...news, ...leases]) {
    yield desiredFlow({
      table: "learn",
      priority: PRIORITIES.learn.addressNews,
      match: [onPort(ofport), ...what],
      cookie: { kind: "address-news", place: ofport, vni: 0 },
      instructions: leases.includes(what) ? dhcp : instructions,
    });
  }
  yield desiredFlow({
    table: "learn",
    priority: PRIORITIES.learn.unknownMac,
    match: [onPort(ofport)],
    cookie: { kind: "unknown-mac", place: ofport, vni: 0 },
    instructions,
  });
}

/**
 * ARP of either kind, and neighbour solicitations. Advertisements are always copied: they alone tell whether the sender
 * routes, and that changes.
 */
function saysOf(ip: string): Match {
  if (isIpv4(ip)) return [ARP, { field: "arp_spa", value: ipv4ToNumber(ip) }];
  return [...icmpv6(ICMPV6_TYPE.neighborSolicitation), { field: "ipv6_src", value: ipv6ToBigInt(ip) }];
}

function fromEndpoint({ ofport, vni, mac }: Pick<ObservedFact, "ofport" | "vni" | "mac">): Match {
  return [onPort(ofport), inNetwork(vni), { field: "eth_src", value: macToBigInt(mac) }];
}

/** The key of the flow by which a MAC is let through at a port without a copy. */
export function knownMacKey(endpoint: Pick<ObservedFact, "ofport" | "vni" | "mac">): string {
  return flowKey(TABLES.learn.id, PRIORITIES.learn.knownMac, fromEndpoint(endpoint));
}

/** @param idle see `PipelineSettings.idleTimeoutSec`, @param answered whether its network's switches answer */
export function* knownFlows(endpoint: Endpoint, idle: number, answered: boolean): Generator<DesiredFlow> {
  const { ofport, vni, mac, ips, router } = endpoint;
  if (ofport === null) return;
  const source = fromEndpoint({ ofport, vni, mac });
  const note: Action = { kind: "nx_note", note: encodeNote(ips, router) };
  const noted = ips.length > 0 || router !== undefined;
  const observed = endpoint.origin === "observed";
  yield desiredFlow({
    table: "learn",
    priority: PRIORITIES.learn.knownMac,
    match: source,
    cookie: { kind: "known-mac", place: ofport, vni },
    instructions: noted ? [apply(note), gotoTable("forward")] : [gotoTable("forward")],
    ...(observed ? { idleTimeoutSec: idle, flags: OFPFF.SEND_FLOW_REM } : {}),
  });
  for (const ip of ips) {
    yield desiredFlow({
      table: "learn",
      priority: PRIORITIES.learn.knownAddress,
      match: [...source, ...saysOf(ip)],
      cookie: { kind: "known-address", place: ofport, vni },
      instructions: [gotoTable(answered ? "answer" : "forward")],
      idleTimeoutSec: Math.min(idle * ADDRESS_IDLE_FACTOR, MAX_IDLE_TIMEOUT_SEC),
      flags: OFPFF.SEND_FLOW_REM,
    });
  }
}
