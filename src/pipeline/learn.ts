// LEARN: frames of local ports; what is not known yet is copied to the controller, under a limit for each port.

import { ipv4ToNumber, ipv6ToBigInt, isIpv4 } from "../../proto/bytes/ip.ts";
import { macToBigInt } from "../../proto/bytes/mac.ts";
import { type Action, type Match, OFPFF, type OxmTlv } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../model/endpoints.ts";
import { apply, type CompileContext, gotoTable, inNetwork, onPort } from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { ARP, ICMPV6_TYPE, icmpv6 } from "./neighbors.ts";
import { encodeNote } from "./note.ts";
import { PRIORITIES, puntMeter } from "./registry.ts";

/** Enough of a frame for its headers with two tags, and all of an ARP or ND message. */
const PUNT_BYTES = 192;
/** An address outlives pauses in ARP: hosts that talk all the time may not ask for many minutes. */
const ADDRESS_IDLE_FACTOR = 6;
const MAX_IDLE_TIMEOUT_SEC = 0xffff;

export function* learnFlows(context: CompileContext): Generator<DesiredFlow> {
  for (const ofport of new Set(context.local.map((local) => local.ofport))) yield* puntFlows(context, ofport);
  const networks = new Map(context.networks.map((network) => [network.vni, network]));
  for (const endpoint of context.fabric.endpoints.values()) {
    const network = networks.get(endpoint.vni);
    if (endpoint.hostId === context.host.id && network !== undefined) {
      yield* knownFlows(context, endpoint, network.answer);
    }
  }
}

/**
 * The limit is on the copy alone (`controller(meter_id=...)`): a meter instruction would drop the frame itself.
 * A switch without meters copies without a limit.
 */
function copy({ maxMeter }: CompileContext, ofport: number): Action {
  const meterId = puntMeter(ofport);
  return { kind: "nx_controller2", maxLen: PUNT_BYTES, ...(meterId <= maxMeter ? { meterId } : {}) };
}

function* puntFlows(context: CompileContext, ofport: number): Generator<DesiredFlow> {
  const instructions = [apply(copy(context, ofport)), gotoTable("forward")];
  // Router advertisements as well: they alone tell in time that a node has begun to route.
  const news = [[ARP], ...Object.values(ICMPV6_TYPE).map(icmpv6)];
  for (const what of news) {
    yield desiredFlow({
      table: "learn",
      priority: PRIORITIES.learn.addressNews,
      match: [onPort(ofport), ...what],
      cookie: { kind: "address-news", place: ofport, vni: 0 },
      instructions,
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

function* knownFlows({ settings }: CompileContext, endpoint: Endpoint, answered: boolean): Generator<DesiredFlow> {
  const { ofport, vni, mac, ips, router } = endpoint;
  if (ofport === null) return;
  const source: readonly OxmTlv[] = [onPort(ofport), inNetwork(vni), { field: "eth_src", value: macToBigInt(mac) }];
  const idle = settings.idleTimeoutSec;
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
