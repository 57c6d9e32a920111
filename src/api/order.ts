// The one order in which lists are answered: the same facts give the same text.
import type { DriftView } from "./doctor-views.ts";
import type { PlanView } from "./plan-views.ts";
import type { RatesView } from "./rate-views.ts";
import type {
  EndpointView,
  FlowsView,
  HostView,
  LinkView,
  NetworkView,
  PortView,
  StatusView,
  TopologyView,
  TunnelView,
} from "./views.ts";

type Key = string | number | null;

type Parts = readonly (string | number)[];

/** `host10` as `host`, 10: numbers within names count as numbers. */
function partsOf(text: string): Parts {
  return (text.match(/\d+|\D+/g) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part));
}

function compareParts(a: Parts, b: Parts): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const x = a[at] ?? "";
    const y = b[at] ?? "";
    if (x === y) continue;
    if (typeof x === "number" && typeof y === "number") return x - y;
    return String(x) < String(y) ? -1 : 1;
  }
  return a.length - b.length;
}

/** host2 before host10. Without locale, so that every machine agrees. */
export function compareNames(a: string, b: string): number {
  return compareParts(partsOf(a), partsOf(b)) || (a < b ? -1 : a > b ? 1 : 0);
}

/** null comes last. */
function compareKeys(a: Parts | null, b: Parts | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compareParts(a, b);
}

function ordered<Row>(rows: readonly Row[], keys: (row: Row) => readonly Key[]): readonly Row[] {
  // A large fabric has a million tunnels and a thousand names.
  const seen = new Map<string, Parts>();
  const parts = (key: Key): Parts | null => {
    if (typeof key !== "string") return key === null ? null : [key];
    const known = seen.get(key) ?? partsOf(key);
    seen.set(key, known);
    return known;
  };
  const keyed = rows.map((row) => ({ row, keys: keys(row).map(parts) }));
  keyed.sort((a, b) => {
    for (const [at, key] of a.keys.entries()) {
      const order = compareKeys(key, b.keys[at] ?? null);
      if (order !== 0) return order;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

export const orderHosts = (rows: readonly HostView[]) => ordered(rows, (host) => [host.index, host.name, host.id]);
export const orderTunnels = (rows: readonly TunnelView[]) =>
  ordered(rows, (tunnel) => [tunnel.from, tunnel.to, tunnel.type, tunnel.name]);
export const orderPorts = (rows: readonly PortView[]) => ordered(rows, (port) => [port.host, port.name]);
export const orderNetworks = (rows: readonly NetworkView[]) => ordered(rows, (network) => [network.vni, network.name]);
export const orderEndpoints = (rows: readonly EndpointView[]) =>
  ordered(rows, (endpoint) => [endpoint.network, endpoint.host, endpoint.port, endpoint.mac]);

const orderLinks = (rows: readonly LinkView[]): readonly LinkView[] =>
  ordered(rows, (link) => [link.from, link.fromPort, link.to, link.toPort]);

/** Tables in the order a frame meets them, the most preferred flow first. */
export function orderFlows(view: FlowsView): FlowsView {
  return {
    host: view.host,
    flows: ordered(view.flows, (flow) => [flow.tableId, -flow.priority, flow.match, flow.cookie]),
    groups: ordered(view.groups, (group) => [group.id]),
  };
}

export function orderRates(view: RatesView): RatesView {
  return {
    ...view,
    tunnels: ordered(view.tunnels, ({ host, name }) => [host, name]),
    ports: ordered(view.ports, ({ host, name }) => [host, name]),
  };
}

export function orderTopology(view: TopologyView): TopologyView {
  return {
    fabric: view.fabric,
    hosts: orderHosts(view.hosts),
    tunnels: orderTunnels(view.tunnels),
    ...(view.relays === undefined ? {} : { relays: ordered(view.relays, ({ from, to, by }) => [from, to, by]) }),
    ...(view.foreignTunnels === undefined
      ? {}
      : { foreignTunnels: ordered(view.foreignTunnels, ({ host, name }) => [host, name]) }),
    links: orderLinks(view.links),
    networks: orderNetworks(view.networks),
    endpoints: orderEndpoints(view.endpoints),
  };
}

export function orderStatus(view: StatusView): StatusView {
  return { ...view, listeners: [...view.listeners].sort(compareNames) };
}

/** What differs within a host is sorted by who finds it. */
export const orderDrift = (rows: readonly DriftView[]) => ordered(rows, (drift) => [drift.host]);

export function orderPlan(view: PlanView): PlanView {
  return { ...view, hosts: ordered(view.hosts, (plan) => [plan.host]) };
}
