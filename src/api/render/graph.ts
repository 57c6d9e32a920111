// The fabric as nodes and edges, whatever language they are then drawn in.
import type { HostView, TopologyView, TunnelView } from "../views.ts";
import { printable } from "./style.ts";

export type EdgeKind = "tunnel" | "relay" | "foreign" | "link";

export interface GraphNode {
  /** Of this drawing alone: `n1`. Names are labels, since they may be anything. */
  readonly id: string;
  readonly lines: readonly string[];
  readonly state: "good" | "bad" | "unknown";
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly lines: readonly string[];
  readonly down: boolean;
}

export interface Graph {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** The two directions of a tunnel are one edge, which says what is wrong with either. */
export function graphOf(view: TopologyView): Graph {
  const nodes = new Map<string, GraphNode>();
  const guests = new Map<string, number>();
  for (const { host } of view.endpoints) guests.set(host, (guests.get(host) ?? 0) + 1);
  for (const host of view.hosts) nodes.set(host.id, hostNode(`n${nodes.size + 1}`, host, guests.get(host.id) ?? 0));
  const nameOf = namer(view.hosts);
  const nodeOf = (key: string, text: string): string => {
    const known = nodes.get(key) ?? { id: `n${nodes.size + 1}`, lines: [printable(text)], state: "unknown" };
    nodes.set(key, known);
    return known.id;
  };
  const edges: GraphEdge[] = [];
  for (const pair of pairsOf(view.tunnels)) {
    const [first] = pair;
    if (first === undefined) continue;
    const types = [...new Set(pair.map((tunnel) => tunnel.type))].map(printable);
    const wrong = pair.filter((tunnel) => tunnel.state !== "up");
    edges.push({
      ...{ from: nodeOf(first.from, first.from), to: nodeOf(first.to, first.to), kind: "tunnel" },
      lines: [types.join(", "), ...wrong.map((tunnel) => tunnelLine(tunnel, nameOf))],
      down: wrong.length > 0,
    });
  }
  for (const relay of view.relays ?? []) {
    edges.push({
      ...{ from: nodeOf(relay.from, relay.from), to: nodeOf(relay.to, relay.to), kind: "relay" },
      ...{ lines: [`by ${nameOf(relay.by)}`, printable(relay.reason)], down: false },
    });
  }
  for (const tunnel of view.foreignTunnels ?? []) {
    edges.push({
      from: nodeOf(tunnel.host, tunnel.host),
      to: tunnel.to === null ? nodeOf(`\0${tunnel.remoteIp}`, tunnel.remoteIp) : nodeOf(tunnel.to, tunnel.to),
      ...{ kind: "foreign", lines: [printable(`${tunnel.name} (${tunnel.type}): ${tunnel.state}`)], down: false },
    });
  }
  for (const link of view.links ?? []) {
    const ports = printable(`${link.fromPort} - ${link.toPort}`);
    const why = link.reason === null ? "" : `: ${link.reason}`;
    edges.push({
      ...{ from: nodeOf(link.from, link.from), to: nodeOf(link.to, link.to), kind: "link" },
      lines: [ports, ...(link.state === "up" && why === "" ? [] : [printable(`${link.state}${why}`)])],
      down: link.state !== "up",
    });
  }
  return {
    title: view.fabric === null ? "Fabric" : `Fabric ${printable(view.fabric)}`,
    nodes: [...nodes.values()],
    edges,
  };
}

export function namer(hosts: readonly HostView[]): (id: string) => string {
  const names = new Map(hosts.map((host) => [host.id, host.name]));
  return (id) => printable(names.get(id) ?? id);
}

export function tunnelLine(tunnel: TunnelView, nameOf: (id: string) => string): string {
  const why = tunnel.reason === null ? "" : `: ${tunnel.reason}`;
  return `${nameOf(tunnel.from)} to ${nameOf(tunnel.to)} ${printable(`${tunnel.state}${why}`)}`;
}

function hostNode(id: string, host: HostView, guests: number): GraphNode {
  const facts = [host.index === null ? "" : `#${host.index}`, host.state].filter((text) => text !== "").join(" ");
  const lines = [host.name, facts, ...(host.tunnelIp === null ? [] : [host.tunnelIp])];
  if (guests > 0) lines.push(`${guests} guest${guests === 1 ? "" : "s"}`);
  return { id, lines: lines.map(printable), state: host.state === "up" ? "good" : "bad" };
}

/** Tunnels by the pair of hosts they join, in the order in which a pair comes first. */
function pairsOf(tunnels: readonly TunnelView[]): Iterable<readonly TunnelView[]> {
  const pairs = new Map<string, TunnelView[]>();
  for (const tunnel of tunnels) {
    const key = JSON.stringify([tunnel.from, tunnel.to].sort());
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, [tunnel]);
    else known.push(tunnel);
  }
  return pairs.values();
}
