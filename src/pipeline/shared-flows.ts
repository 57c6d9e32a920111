// What endpoints come to on the switches of others: for each network one set of flows, the same on all of them.
import type { Endpoint } from "../model/endpoints.ts";
import type { Fabric } from "../model/fabric.ts";
import type { FabricPort } from "../model/fabric-ports.ts";
import type { HostId, Vni } from "../model/facts.ts";
import { differences, SharedMap } from "../model/shared-map.ts";
import { endpointAnswers } from "./answer.ts";
import { inNetwork } from "./context.ts";
import { type DesiredFlow, flowKey } from "./desired.ts";
import { remoteEndpointFlow } from "./forward.ts";
import { layerOf } from "./layered-flows.ts";
import { TABLES } from "./registry.ts";

type Layers = ReadonlyMap<Vni, SharedMap<DesiredFlow>>;

export interface SharedFlows {
  readonly endpoints: SharedMap<Endpoint>;
  readonly forward: Layers;
  /** By whether the switch turns neighbour solicitations into their answers. */
  readonly answers: ReadonlyMap<boolean, Layers>;
  /** For each network the hosts that have endpoints in it, with their indexes. */
  readonly hosts: ReadonlyMap<Vni, ReadonlyMap<HostId, number>>;
  /** Networks in which switches answer. */
  readonly answering: ReadonlySet<Vni>;
  readonly down: ReadonlyMap<HostId, ReadonlySet<string>>;
}

const NOTHING: SharedFlows = {
  endpoints: SharedMap.of(),
  forward: new Map(),
  answers: new Map(),
  hosts: new Map(),
  answering: new Set(),
  down: new Map(),
};

const NO_PORTS: ReadonlySet<string> = new Set();
const downAmong = new WeakMap<readonly FabricPort[], ReadonlySet<string>>();

/** Ports whose link is down: nobody is alive behind them. What is not known of a host that is away counts as up. */
export function portsDown(ports: readonly FabricPort[]): ReadonlySet<string> {
  const known = downAmong.get(ports);
  if (known !== undefined) return known;
  const names = ports.filter(({ fact }) => !fact.up).map(({ fact }) => fact.name);
  const down = names.length === 0 ? NO_PORTS : new Set(names);
  downAmong.set(ports, down);
  return down;
}

function downByHost({ hosts }: Fabric): ReadonlyMap<HostId, ReadonlySet<string>> {
  const down = new Map<HostId, ReadonlySet<string>>();
  for (const { id, ports } of hosts.values()) {
    const names = portsDown(ports);
    if (names.size > 0) down.set(id, names);
  }
  return down;
}

function answeringIn({ networks }: Fabric): ReadonlySet<Vni> {
  return new Set(networks.all().flatMap((network) => (network.answer ? [network.vni] : [])));
}

function sameSet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a === b || (a.size === b.size && [...a].every((one) => b.has(one)));
}

interface Step {
  readonly before: Endpoint | undefined;
  readonly after: Endpoint | undefined;
}

/** Endpoints whose flows may be others now. */
function stepsBetween(
  from: SharedFlows,
  to: Omit<SharedFlows, "forward" | "answers" | "hosts">,
  fabric: Fabric,
): readonly Step[] {
  const steps: Step[] = [...differences(from.endpoints, to.endpoints)];
  for (const id of new Set([...from.down.keys(), ...to.down.keys()])) {
    if (sameSet(from.down.get(id) ?? NO_PORTS, to.down.get(id) ?? NO_PORTS)) continue;
    for (const one of fabric.endpointsAt.get(id) ?? []) steps.push({ before: one, after: one });
  }
  return steps;
}

/** Whether others may be told the way to it: a lone switch has no index by which they could. */
function hasIndex(endpoint: Endpoint | undefined): endpoint is Endpoint & { readonly hostIndex: number } {
  return endpoint !== undefined && endpoint.hostIndex !== null;
}

/** What compares equal stays the same object: whoever holds it has nothing to look at. */
function asBefore(was: DesiredFlow | undefined, is: DesiredFlow | undefined): DesiredFlow | undefined {
  return was !== undefined && was.form === is?.form ? was : is;
}

/** @param flowsOf by what was before and by what is now: first all that was goes, since an address may pass from one to another. */
function changed(
  layers: Layers,
  steps: readonly Step[],
  flowsOf: (endpoint: Endpoint & { readonly hostIndex: number }) => readonly DesiredFlow[],
  keysOf: (endpoint: Endpoint & { readonly hostIndex: number }) => readonly string[],
): Layers {
  const changes = new Map<Vni, Map<string, DesiredFlow | undefined>>();
  const inLayer = (vni: Vni): Map<string, DesiredFlow | undefined> => {
    const known = changes.get(vni) ?? new Map<string, DesiredFlow | undefined>();
    changes.set(vni, known);
    return known;
  };
  for (const { before } of steps) {
    if (hasIndex(before)) for (const key of keysOf(before)) inLayer(before.vni).set(key, undefined);
  }
  for (const { after } of steps) {
    if (hasIndex(after)) for (const flow of flowsOf(after)) inLayer(after.vni).set(flow.key, flow);
  }
  let next: Map<Vni, SharedMap<DesiredFlow>> | null = null;
  for (const [vni, list] of changes) {
    const was = layers.get(vni) ?? SharedMap.of<DesiredFlow>();
    const is = was.with([...list].map(([key, flow]) => [key, asBefore(was.get(key), flow)] as const));
    if (is === was) continue;
    next ??= new Map(layers);
    if (is.size === 0) next.delete(vni);
    else next.set(vni, is);
  }
  return next ?? layers;
}

function hostsAfter(from: SharedFlows["hosts"], steps: readonly Step[], fabric: Fabric): SharedFlows["hosts"] {
  const touched = new Set(steps.flatMap(({ before, after }) => [before?.hostId ?? [], after?.hostId ?? []].flat()));
  const next = new Map<Vni, ReadonlyMap<HostId, number>>(from);
  const copied = new Map<Vni, Map<HostId, number>>();
  const inNetworkOf = (vni: Vni): Map<HostId, number> => {
    const own = copied.get(vni) ?? new Map(next.get(vni));
    copied.set(vni, own);
    next.set(vni, own);
    return own;
  };
  for (const id of touched) {
    const now = new Map<Vni, number>();
    for (const one of fabric.endpointsAt.get(id) ?? []) if (hasIndex(one)) now.set(one.vni, one.hostIndex);
    for (const [vni, hosts] of next) if (hosts.has(id) && !now.has(vni)) inNetworkOf(vni).delete(id);
    for (const [vni, index] of now) if (next.get(vni)?.get(id) !== index) inNetworkOf(vni).set(id, index);
  }
  for (const [vni, hosts] of copied) if (hosts.size === 0) next.delete(vni);
  return copied.size === 0 ? from : next;
}

const shared = new WeakMap<Fabric, SharedFlows>();

/**
 * Of all endpoints of the fabric; kept with it. @param previous what it was for another one: what is the same in both is
 * not made again.
 */
export function shareFlows(fabric: Fabric, previous: SharedFlows = NOTHING): SharedFlows {
  const known = shared.get(fabric);
  if (known !== undefined) return known;
  const state = { endpoints: fabric.endpoints, down: downByHost(fabric), answering: answeringIn(fabric) };
  const answering = sameSet(previous.answering, state.answering) ? previous.answering : state.answering;
  const steps = stepsBetween(previous, state, fabric);
  const answers = new Map<boolean, Layers>();
  const everything = (): readonly Step[] =>
    [...fabric.endpoints.values()].map((after) => ({ before: undefined, after }));
  for (const nd of new Set([...fabric.hosts.values()].map((host) => host.fact?.userspaceDatapath ?? false))) {
    const before = answering === previous.answering ? previous.answers.get(nd) : undefined;
    const isAnswered = ({ vni, hostId, portName }: Endpoint): boolean =>
      answering.has(vni) && (portName === null || state.down.get(hostId)?.has(portName) !== true);
    answers.set(
      nd,
      changed(
        before ?? new Map(),
        before === undefined ? everything() : steps,
        (endpoint) => (isAnswered(endpoint) ? endpointAnswers(endpoint, nd) : []),
        (endpoint) => endpointAnswers(endpoint, nd).map(({ key }) => key),
      ),
    );
  }
  const flows: SharedFlows = {
    ...state,
    answering,
    answers,
    forward: changed(
      previous.forward,
      steps,
      (endpoint) => [remoteEndpointFlow(endpoint, endpoint.hostIndex)],
      (endpoint) => [remoteEndpointFlow(endpoint, endpoint.hostIndex).key],
    ),
    hosts: hostsAfter(previous.hosts, steps, fabric),
  };
  shared.set(fabric, flows);
  return flows;
}

const names = new Map<string, string>();
/** More networks than one fabric has at a time. */
const MAX_NAMES = 65_536;

/** As `layerOf` has it. */
export function layerName(table: "forward" | "answer", vni: Vni): string {
  const known = names.get(`${table} ${vni}`);
  if (known !== undefined) return known;
  if (names.size >= MAX_NAMES) names.clear();
  const name = layerOf(flowKey(TABLES[table].id, 0, [inNetwork(vni)]));
  names.set(`${table} ${vni}`, name);
  return name;
}
