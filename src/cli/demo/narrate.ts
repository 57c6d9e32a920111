// Tells what has happened between two looks at the fabric. Pure: the demo prints it, a test reads it.
import type { HostView, TopologyView, TunnelView } from "../../api/index.ts";

export const NOTHING: TopologyView = Object.freeze({
  fabric: null,
  hosts: [],
  tunnels: [],
  links: [],
  networks: [],
  endpoints: [],
});

/** One line for each thing that is new. */
export function narrate(before: TopologyView, now: TopologyView): readonly string[] {
  const hosts = new Map(before.hosts.map((host) => [host.id, host]));
  const names = new Map(now.hosts.map((host) => [host.id, host.name]));
  const nameOf = (id: string) => names.get(id) ?? id;
  return [
    ...now.hosts.flatMap((host) => hostNews(hosts.get(host.id), host)),
    ...tunnelNews(before.tunnels, now.tunnels, nameOf),
    ...endpointNews(before, now, nameOf),
  ];
}

function hostNews(before: HostView | undefined, now: HostView): readonly string[] {
  const news: string[] = [];
  const joined = (host: HostView | undefined) => host !== undefined && host.index !== null && host.dpid !== null;
  if (!joined(before) && joined(now)) {
    news.push(`${now.name} joined: bridge ${now.bridge} created, index ${now.index}, tunnel address ${now.tunnelIp}`);
  }
  if (before?.openflow !== "connected" && now.openflow === "connected") {
    news.push(`${now.name} speaks OpenFlow 1.3, datapath ${now.dpid}`);
  }
  const told = new Set(before?.problems.map((problem) => problem.code));
  for (const problem of now.problems) {
    if (!told.has(problem.code)) news.push(`${now.name}: ${problem.message}. ${problem.remedy}`.trimEnd());
  }
  return news;
}

function tunnelNews(
  before: readonly TunnelView[],
  now: readonly TunnelView[],
  nameOf: (id: string) => string,
): readonly string[] {
  const keyOf = (tunnel: TunnelView) => `${tunnel.from}\0${tunnel.to}\0${tunnel.type}`;
  const wereUp = new Set(before.filter((tunnel) => tunnel.state === "up").map(keyOf));
  const fresh = now.filter((tunnel) => tunnel.state === "up" && !wereUp.has(keyOf(tunnel)));
  // Line by line a mesh is long: what one host can reach now is one line.
  return [...groupBy(fresh, (tunnel) => tunnel.from)].map(([from, tunnels]) => {
    const list = tunnels.map((tunnel) => `${tunnel.name ?? tunnel.type} to ${nameOf(tunnel.to)}`).join(", ");
    return `${nameOf(from)} has ${tunnels.length === 1 ? "a tunnel" : "tunnels"}: ${list}`;
  });
}

function endpointNews(before: TopologyView, now: TopologyView, nameOf: (id: string) => string): readonly string[] {
  const known = new Set(before.endpoints.map((endpoint) => `${endpoint.network}\0${endpoint.mac}`));
  const fresh = now.endpoints.filter((endpoint) => !known.has(`${endpoint.network}\0${endpoint.mac}`));
  return [...groupBy(fresh, (endpoint) => endpoint.host)].map(([host, endpoints]) => {
    const list = endpoints.map(({ mac, port }) => (port === null ? mac : `${mac} on ${port}`)).join(", ");
    return `${nameOf(host)} has heard ${endpoints.length === 1 ? "a guest" : "guests"}: ${list}`;
  });
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
