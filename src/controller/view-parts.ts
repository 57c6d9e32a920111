// Single facts in the shapes of the api: pure, no state.

import { type FlowStats, formatInstructions, formatMatch } from "../../proto/openflow13/index.ts";
import type {
  EndpointView,
  FlowView,
  ForeignTunnelView,
  HostView,
  LinkView,
  PortView,
  ProblemView,
  TunnelState,
} from "../api/views.ts";
import type { LinkFacts } from "../discovery/link-facts.ts";
import { loneHostId } from "../discovery/lone-switch.ts";
import type { HostOutlook } from "../journal/look.ts";
import { shown } from "../model/admission.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type Endpoint, endpointKey } from "../model/endpoints.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { FabricPort } from "../model/fabric-ports.ts";
import type { TunnelRowFact } from "../model/facts.ts";
import { peerAt } from "../model/foreign.ts";
import { endKey, type LinkEnd } from "../model/plain-links.ts";
import { vlanModeOf } from "../model/vlan.ts";
import type { DesiredFlow } from "../pipeline/desired.ts";
import { decodeCookie, isOwnCookie, tableName } from "../pipeline/registry.ts";
import type { Visitor } from "./admission.ts";
import { declarer } from "./fabric-picture.ts";
import { compareIps } from "./order.ts";

/** More are counted, not named. */
const MAX_LISTED = 8;

/** Each problem once. */
export function problemViews(problems: readonly Diagnostic[]): readonly ProblemView[] {
  const seen = new Set<string>();
  return problems
    .filter((problem) => !seen.has(problem.code + problem.message) && seen.add(problem.code + problem.message))
    .map(({ code, message, remedy }) => ({ code, message, remedy }));
}

/** Those of all hosts, each with the names of the hosts that have it before it. */
export function namedProblems(hosts: readonly Pick<HostView, "name" | "problems">[]): readonly ProblemView[] {
  const found = new Map<string, { readonly problem: ProblemView; readonly names: string[] }>();
  for (const { name, problems } of hosts) {
    for (const problem of problems) {
      const key = JSON.stringify([problem.code, problem.message, problem.remedy]);
      const before = found.get(key);
      if (before === undefined) found.set(key, { problem, names: [name] });
      else before.names.push(name);
    }
  }
  return [...found.values()].map(({ problem, names }) => ({
    ...problem,
    message: `${listed(names)}: ${problem.message}`,
  }));
}

/** What the row on the host says of a tunnel; undefined where there is none. */
export function tunnelState(row: TunnelRowFact | undefined): {
  state: TunnelState;
  reason: string | null;
} {
  if (row === undefined) return { state: "pending", reason: "not yet made on the host" };
  if (row.error !== null) return { state: "error", reason: row.error };
  if (row.ofport === null) return { state: "pending", reason: "the switch has not given it a port number" };
  if (row.bfd.kind === "down") return { state: "down", reason: `BFD: ${row.bfd.why}` };
  // Frames are sent by it all the same: that BFD has nothing to say yet is told, and is no failure.
  if (row.bfd.kind === "starting" && row.linkUp) return { state: "up", reason: "BFD has not come up yet" };
  return row.linkUp ? { state: "up", reason: null } : { state: "down", reason: "Open vSwitch reports its link down" };
}

/** Each once. */
export function listed(values: readonly string[]): string {
  const each = [...new Set(values)];
  const more = each.length > MAX_LISTED ? ` and ${each.length - MAX_LISTED} more` : "";
  return `${each.slice(0, MAX_LISTED).join(", ")}${more}`;
}

export function portView(host: FabricHost, { fact, attachments, blocked, locks, mtu, problems }: FabricPort): PortView {
  const state = fact.problems.some((problem) => problem.code === "port/error") ? "error" : fact.up ? "up" : "down";
  return {
    host: host.id,
    name: fact.name,
    ofport: fact.ofport,
    type: fact.type === "" ? "system" : fact.type,
    mode: vlanModeOf(fact.vlan),
    tag: fact.vlan.tag,
    trunks: fact.vlan.trunks,
    networks: attachments.map((at) => at.network.name),
    state,
    locked: locks.size > 0,
    blocked,
    mtu,
    problems: problemViews([...fact.problems, ...(fact.excluded === null ? [] : [fact.excluded]), ...problems]),
  };
}

/** Of hosts that are Weft's and of those that wait alike. */
export function foreignTunnelViews(fabric: Fabric): readonly ForeignTunnelView[] {
  return [...fabric.hosts.values()].flatMap((host) =>
    (host.fact?.foreignTunnels ?? []).map(({ name, type, remoteIp }) => ({
      ...{ host: host.id, name, type, remoteIp },
      to: peerAt(remoteIp, fabric.hosts.values())?.id ?? null,
      ...foreignTunnelState(host, name),
    })),
  );
}

function foreignTunnelState(host: FabricHost, name: string): Pick<ForeignTunnelView, "state" | "reason"> {
  if (host.fact?.adoption?.stage === "prepare") {
    return { state: "in use", reason: host.adoption?.problems[0]?.message ?? "the host is about to be taken over" };
  }
  const standing = host.fact?.standing;
  if (standing?.kind === "waiting" || standing?.kind === "refused") {
    return { state: "in use", reason: "the bridge is not Weft's" };
  }
  return host.adoption?.hears.some((one) => one.name === name) === true
    ? { state: "heard", reason: "until the host at its far end is taken over as well" }
    : { state: "unused", reason: "Weft forwards nothing to a tunnel that it did not make" };
}

/** A host that waits to be admitted: what it says of itself, and no more. */
function visitorView({ session, id, problem }: Visitor): HostView {
  const root = session.rows.openVSwitch;
  return {
    id,
    name: shown(root?.external_ids.get("hostname") ?? id),
    index: null,
    tunnelIp: null,
    bridge: null,
    dpid: null,
    ovsdb: "connected",
    openflow: "disconnected",
    state: "waiting",
    ovsVersion: root?.ovs_version == null ? null : shown(root.ovs_version),
    flows: { desired: 0, installed: 0 },
    problems: problemViews([problem]),
  };
}

/** A host that peers know, or that was here before, is shown once, also while it waits. */
export function withVisitors(hosts: readonly HostView[], visitors: readonly Visitor[]): readonly HostView[] {
  const strangers = new Set(visitors);
  const known = hosts.map((host): HostView => {
    const visitor = host.ovsdb === "connected" ? undefined : visitors.find((one) => one.id === host.id);
    if (visitor === undefined) return host;
    strangers.delete(visitor);
    const problems = [...host.problems, ...problemViews([visitor.problem])];
    return { ...host, state: "waiting", ovsdb: "connected", problems };
  });
  return [...known, ...[...strangers].map(visitorView)];
}

/** The same for the journal. */
export function withWaiting(hosts: readonly HostOutlook[], visitors: readonly Visitor[]): readonly HostOutlook[] {
  const known = new Map(hosts.map((host) => [host.id, host]));
  for (const { session, id, problem } of visitors) {
    const name = known.get(id)?.name ?? shown(session.rows.openVSwitch?.external_ids.get("hostname") ?? id);
    const waiting = { id, name, state: "waiting", openflow: false, adoption: null, reason: problem.message } as const;
    if (known.get(id)?.state !== "up") known.set(id, { ...waiting, problems: [] });
  }
  return [...known.values()];
}

function declaredBy(fabric: Fabric, { vni, mac, hostId, portName }: Endpoint): string {
  return declarer(fabric, endpointKey(vni, mac), hostId, portName);
}

export function endpointView(fabric: Fabric, endpoint: Endpoint): EndpointView {
  return {
    mac: endpoint.mac,
    ips: [...endpoint.ips].sort(compareIps),
    network: fabric.networks.byVni(endpoint.vni)?.name ?? `vni${endpoint.vni}`,
    host: endpoint.hostId,
    port: endpoint.portName,
    origin: endpoint.origin,
    ...(endpoint.origin === "declared" ? { declaredBy: declaredBy(fabric, endpoint) } : {}),
    ...(endpoint.owner === undefined ? {} : { owner: endpoint.owner }),
  };
}

export function flowView(flow: FlowStats | DesiredFlow, installed: boolean): FlowView {
  return {
    table: tableName(flow.tableId),
    tableId: flow.tableId,
    priority: flow.priority,
    match: formatMatch(flow.match),
    actions: formatInstructions(flow.instructions),
    cookie: `0x${flow.cookie.toString(16).padStart(16, "0")}`,
    kind: decodeCookie(flow.cookie)?.kind ?? (isOwnCookie(flow.cookie) ? "unknown" : "foreign"),
    idleTimeoutSec: flow.idleTimeoutSec,
    installed,
  };
}

/** Ports by their names, while these are known. */
export function linkViews({ links, names }: Pick<LinkFacts, "links" | "names">): readonly LinkView[] {
  const portOf = (end: LinkEnd): string => names.get(endKey(end)) ?? String(end.ofport);
  return links.map(({ link: { ends }, state, reason }) => ({
    from: loneHostId(ends[0].dpid),
    fromPort: portOf(ends[0]),
    to: loneHostId(ends[1].dpid),
    toPort: portOf(ends[1]),
    state,
    reason,
  }));
}
