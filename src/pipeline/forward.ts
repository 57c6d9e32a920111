// FORWARD and DELIVER: to the place where a MAC is, or to all of its network.
import { macToBigInt } from "../../proto/bytes/mac.ts";
import type { Action, Match } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../model/endpoints.ts";
import { OTHER_VLANS_VNI } from "../model/networks.ts";
import { apply, type CompileContext, inNetwork, leaveBy, moveKey, through } from "./context.ts";
import { type DesiredFlow, desiredFlow, flowKey } from "./desired.ts";
import { hostGroup, PRIORITIES, TABLES } from "./registry.ts";

/** Of guests that may come here: what is sent to them is delivered already. */
export function* standbyFlows(context: CompileContext): Generator<DesiredFlow> {
  const localAt = new Map(context.local.map((local) => [`${local.ofport}/${local.attachment.network.vni}`, local]));
  for (const standby of context.fabric.standbys) {
    const local = localAt.get(`${standby.ofport}/${standby.vni}`);
    if (standby.hostId === context.host.id && local !== undefined) yield deliverFlow(standby, local.ofport);
  }
}

function toEndpoint({ vni, mac }: Pick<Endpoint, "vni" | "mac">): Match {
  return [inNetwork(vni), { field: "eth_dst", value: macToBigInt(mac) }];
}

/** The key of the flow to an endpoint, wherever it is. */
export function forwardKey(endpoint: Pick<Endpoint, "vni" | "mac">): string {
  return flowKey(TABLES.forward.id, PRIORITIES.forward.endpoint, toEndpoint(endpoint));
}

/** The tunnel key carries the network. */
export function setTunnelKey(vni: number): Action {
  if (vni === OTHER_VLANS_VNI) return moveKey("metadata", "tunnel_id");
  return { kind: "set_field", field: { field: "tunnel_id", value: BigInt(vni) } };
}

/** Kept by the endpoint's identity: one flow object serves every switch, and is encoded once for all. */
const remoteFlows = new WeakMap<Endpoint, DesiredFlow>();

/**
 * Byte for byte the same on every switch but the endpoint's own: group ids are global, so that a change of topology
 * touches groups and never these flows.
 */
export function remoteEndpointFlow(endpoint: Endpoint, index: number): DesiredFlow {
  const kept = remoteFlows.get(endpoint);
  if (kept !== undefined) return kept;
  const flow = desiredFlow({
    table: "forward",
    priority: PRIORITIES.forward.endpoint,
    match: toEndpoint(endpoint),
    cookie: { kind: "remote-endpoint", place: index, vni: endpoint.vni },
    instructions: [apply(setTunnelKey(endpoint.vni), through("depart"), { kind: "group", groupId: hostGroup(index) })],
  });
  remoteFlows.set(endpoint, flow);
  return flow;
}

function localFlow(
  table: "forward" | "deliver",
  kind: "local-endpoint" | "deliver-endpoint",
  endpoint: Endpoint,
  ofport: number,
): DesiredFlow {
  return desiredFlow({
    table,
    priority: PRIORITIES[table].endpoint,
    match: toEndpoint(endpoint),
    cookie: { kind, place: ofport, vni: endpoint.vni },
    instructions: leaveBy({ ofport }),
  });
}

function deliverFlow(endpoint: Endpoint, ofport: number): DesiredFlow {
  return localFlow("deliver", "deliver-endpoint", endpoint, ofport);
}

/** On the endpoint's own switch. */
export function* localEndpointFlows(endpoint: Endpoint, ofport: number): Generator<DesiredFlow> {
  yield localFlow("forward", "local-endpoint", endpoint, ofport);
  yield deliverFlow(endpoint, ofport);
}
