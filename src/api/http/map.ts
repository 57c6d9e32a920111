// The fabric as a map draws it, from the queries. Pure.
import type { MapProblemView, MapView } from "../map-views.ts";
import { orderTopology } from "../order.ts";
import type { HostView, ProblemView, StatusView, TopologyView, TunnelState, TunnelView } from "../views.ts";

/** With more tunnels than this only those are listed that somebody should look at; a map of them all is a blot. */
export const ALL_TUNNELS = 1_600;
const MAX_LISTED = 2_000;
const MAX_ENDPOINTS = 20_000;

/** The worst first, since the list may be cut. */
const RANK: Readonly<Record<TunnelState, number>> = { error: 0, down: 1, pending: 2, up: 3 };

function problemsOf(hosts: readonly HostView[], status: StatusView): readonly MapProblemView[] {
  const found = new Map<string, { readonly problem: ProblemView; readonly hosts: string[] }>();
  for (const { id, problems } of hosts) {
    for (const problem of problems) {
      const key = JSON.stringify([problem.code, problem.message, problem.remedy]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { problem, hosts: [id] });
      else known.hosts.push(id);
    }
  }
  const ofHosts = [...found.values()].map(({ problem, hosts: ids }) => ({ ...pick(problem), hosts: ids }));
  // The status tells those of hosts too, with the hosts' names in front.
  const told = new Set(ofHosts.map(({ code, remedy }) => `${code}\n${remedy}`));
  const others = status.problems.filter(({ code, remedy }) => !told.has(`${code}\n${remedy}`));
  return [...others.map((problem) => ({ ...pick(problem), hosts: [] })), ...ofHosts];
}

function pick({ code, message, remedy }: ProblemView): ProblemView {
  return { code, message, remedy };
}

/** In a large fabric the tunnels of hosts that are bound to many others, while most are not, are what holds it together. */
function toList(tunnels: readonly TunnelView[], fullMesh: boolean): readonly TunnelView[] {
  if (tunnels.length <= ALL_TUNNELS) return tunnels;
  const ill = tunnels.filter(({ state }) => state !== "up");
  if (fullMesh) return [...ill].sort((a, b) => RANK[a.state] - RANK[b.state]);
  return [...tunnels].sort((a, b) => RANK[a.state] - RANK[b.state]);
}

export function mapView(given: TopologyView, status: StatusView): MapView {
  const topology = orderTopology(given);
  const { hosts, tunnels, endpoints } = topology;
  const states: Record<TunnelState, number> = { up: 0, pending: 0, down: 0, error: 0 };
  const ends = new Set<string>();
  const pairs = new Set<string>();
  for (const { from, to, state } of tunnels) {
    states[state] += 1;
    ends.add(from);
    pairs.add(`${from}\n${to}`);
  }
  const fullMesh = ends.size > 1 && pairs.size === ends.size * (ends.size - 1);
  const wanted = toList(tunnels, fullMesh);
  const listed = wanted.slice(0, MAX_LISTED);
  return {
    fabric: topology.fabric,
    version: status.version,
    hosts,
    tunnels: { total: tunnels.length, states, fullMesh },
    listed,
    unlisted: wanted.length - listed.length,
    relays: topology.relays ?? [],
    links: topology.links,
    networks: topology.networks,
    endpoints: endpoints.slice(0, MAX_ENDPOINTS),
    unlistedEndpoints: Math.max(0, endpoints.length - MAX_ENDPOINTS),
    problems: problemsOf(hosts, status),
  };
}
