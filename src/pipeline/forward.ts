// FORWARD and DELIVER: to the place where a MAC is, or to all of its network.
import { macToBigInt } from "../../proto/bytes/mac.ts";
import type { Action, Match } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../model/endpoints.ts";
import { OTHER_VLANS_VNI } from "../model/networks.ts";
import { apply, type CompileContext, inNetwork, type LocalAttachment, leaveBy, moveKey, through } from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { hostGroup, PRIORITIES } from "./registry.ts";

export function* forwardFlows(context: CompileContext): Generator<DesiredFlow> {
  const localAt = new Map(context.local.map((local) => [`${local.ofport}/${local.attachment.network.vni}`, local]));
  const networks = new Set(context.networks.map((network) => network.vni));
  for (const endpoint of context.fabric.endpoints.values()) {
    if (!networks.has(endpoint.vni)) continue;
    if (endpoint.hostId !== context.host.id) {
      // Of a host that only other switches tell of, this one may know no way to it, and so have no group for it.
      const index = endpoint.hostIndex;
      if (index !== null && context.host.ways.has(index)) yield remoteEndpointFlow(endpoint, index);
      continue;
    }
    const local = localAt.get(`${endpoint.ofport}/${endpoint.vni}`);
    if (local !== undefined) yield* localEndpointFlows(endpoint, local);
  }
}

function toEndpoint({ vni, mac }: Endpoint): Match {
  return [inNetwork(vni), { field: "eth_dst", value: macToBigInt(mac) }];
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

function* localEndpointFlows(endpoint: Endpoint, local: LocalAttachment): Generator<DesiredFlow> {
  const instructions = leaveBy(local);
  for (const [table, kind] of [
    ["forward", "local-endpoint"],
    ["deliver", "deliver-endpoint"],
  ] as const) {
    yield desiredFlow({
      table,
      priority: PRIORITIES[table].endpoint,
      match: toEndpoint(endpoint),
      cookie: { kind, place: local.ofport, vni: endpoint.vni },
      instructions,
    });
  }
}
