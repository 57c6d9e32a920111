// The fabric as the journal knows it: hosts, tunnels that fail, relays, endpoints, blocked ports, problems.
import type { HostState } from "../api/views.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Endpoint } from "../model/endpoints.ts";
import type { Fabric } from "../model/fabric.ts";
import type { TunnelRowFact } from "../model/facts.ts";
import { isOfKind } from "../model/lanes.ts";
import { relaysInUse } from "../model/relays-in-use.ts";
import { HEARS, type Known, type KnownEndpoint, type KnownTunnel, type Picture, pictureOf } from "./known.ts";

/** A host as its state is told, with what is wrong. */
export interface HostOutlook {
  readonly id: string;
  readonly name: string;
  readonly state: HostState;
  readonly openflow: boolean;
  readonly adoption: string | null;
  /** Why it waits or is refused. */
  readonly reason: string | null;
  readonly problems: readonly Diagnostic[];
}

export interface Outlook {
  /** The tunnel fabric, where there is one, then islands. */
  readonly fabrics: readonly Fabric[];
  readonly hosts: readonly HostOutlook[];
  /** Those of no single host. */
  readonly problems: readonly Diagnostic[];
}

/** Told of as events of their own. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(["host/tunnels-down", "port/outside-loop", "port/link"]);

export function lookAt({ fabrics, hosts, problems }: Outlook): Picture {
  const known: Known[] = [];
  for (const { id, name, state, openflow, adoption, reason } of hosts) {
    known.push({ kind: "host", id, name, state, openflow, adoption, reason });
  }
  for (const fabric of fabrics) {
    const tunnels = failedTunnels(fabric);
    known.push(...tunnels, ...relays(fabric, tunnels), ...endpoints(fabric), ...blockedPorts(fabric));
  }
  known.push(...knownProblems(hosts, problems));
  return pictureOf(known);
}

interface FailedRow {
  readonly row: TunnelRowFact;
  readonly reason: string;
  readonly isError: boolean;
}

/** Most hosts' rows are well and as they were. */
const failedRows = new WeakMap<readonly TunnelRowFact[], readonly FailedRow[]>();

function failedRowsOf(rows: readonly TunnelRowFact[]): readonly FailedRow[] {
  const before = failedRows.get(rows);
  if (before !== undefined) return before;
  const failed = rows.flatMap((row): FailedRow[] => {
    if (row.error !== null) return [{ row, reason: row.error, isError: true }];
    if (row.ofport === null) return [];
    if (row.bfd.kind === "down") return [{ row, reason: `BFD: ${row.bfd.why}`, isError: false }];
    return row.linkUp ? [] : [{ row, reason: "Open vSwitch reports its link down", isError: false }];
  });
  failedRows.set(rows, failed);
  return failed;
}

function failedTunnels(fabric: Fabric): readonly KnownTunnel[] {
  const ends = new Map<string, { readonly a: string; readonly b: string; readonly says: Map<string, FailedRow> }>();
  for (const host of fabric.hosts.values()) {
    for (const failed of failedRowsOf(host.fact?.tunnels ?? [])) {
      const { peerId, peerIndex, fabricId, type } = failed.row;
      const wanted = host.wantedTunnels.some(
        (one) => one.peerId === peerId && one.peerIndex === peerIndex && isOfKind(failed.row, one),
      );
      if (!wanted || fabricId !== fabric.id) continue;
      const [a, b] = host.id < peerId ? [host.id, peerId] : [peerId, host.id];
      const pair = ends.get(`${a} ${b} ${type}`) ?? { a, b, says: new Map() };
      pair.says.set(host.id, failed);
      ends.set(`${a} ${b} ${type}`, pair);
    }
  }
  return [...ends.values()].map(({ a, b, says }) => tunnelOf(a, b, says));
}

function tunnelOf(a: string, b: string, says: ReadonlyMap<string, FailedRow>): KnownTunnel {
  const all = [...says];
  const error = all.find(([, { isError }]) => isError);
  const deaf = all.filter(([, { reason }]) => !HEARS.test(reason));
  const [first] = error === undefined ? (deaf.length > 0 ? deaf : all) : [error];
  const type = first?.[1].row.type ?? "";
  const reason = first?.[1].reason ?? "";
  const isOneWay = error === undefined && all.length === 2 && deaf.length === 1;
  const state = error !== undefined ? "error" : isOneWay ? "one-way" : "down";
  return { kind: "tunnel", a, b, type, state, deaf: isOneWay ? (first?.[0] ?? null) : null, reason };
}

function relays(fabric: Fabric, tunnels: readonly KnownTunnel[]): readonly Known[] {
  if (tunnels.length === 0) return [];
  const failed = new Set(tunnels.flatMap(({ a, b }) => [`${a} ${b}`, `${b} ${a}`]));
  return relaysInUse(fabric)
    .filter(({ from, to }) => failed.has(`${from} ${to}`))
    .map(({ from, to, by, reason }) => ({ kind: "relay", from, to, by, reason }));
}

/** An endpoint that is as it was is the same object. */
const knownEndpoints = new WeakMap<Endpoint, KnownEndpoint>();

function* endpoints(fabric: Fabric): Generator<KnownEndpoint> {
  for (const endpoint of fabric.endpoints.values()) {
    // Flows name hosts by their index: whose that is may be yet to be read.
    if (!fabric.hosts.has(endpoint.hostId)) continue;
    const network = fabric.networks.byVni(endpoint.vni)?.name ?? `vni${endpoint.vni}`;
    let known = knownEndpoints.get(endpoint);
    if (known?.network !== network) {
      known = {
        kind: "endpoint",
        mac: endpoint.mac,
        network,
        host: endpoint.hostId,
        port: endpoint.portName,
        ips: endpoint.ips,
        origin: endpoint.origin,
        owner: endpoint.owner ?? null,
      };
      knownEndpoints.set(endpoint, known);
    }
    yield known;
  }
}

function* blockedPorts(fabric: Fabric): Generator<Known> {
  for (const host of fabric.hosts.values()) {
    for (const { blocked, fact, problems } of host.ports) {
      if (!blocked) continue;
      const why = problems.find(({ code }) => code === "port/outside-loop");
      yield {
        kind: "blocked",
        host: host.id,
        port: fact.name,
        reason: why?.message ?? `${host.name} port ${fact.name} is blocked: it makes a loop outside of the fabric`,
      };
    }
  }
}

const DISPUTES = /^endpoint\/(?:duplicate|flapping)-/;

/** What two hosts have a part in is one problem. */
function knownProblems(hosts: readonly HostOutlook[], common: readonly Diagnostic[]): Iterable<Known> {
  const found = new Map<string, { readonly problem: Diagnostic; host: string | null }>();
  const add = (problem: Diagnostic, host: string | null): void => {
    if (TOLD_ELSEWHERE.has(problem.code)) return;
    const key = `${problem.code} ${problem.message}`;
    const before = found.get(key);
    if (before === undefined) found.set(key, { problem, host });
    else if (before.host !== host) before.host = null;
  };
  for (const { id, reason, problems } of hosts) {
    for (const problem of problems) if (problem.message !== reason) add(problem, id);
  }
  for (const problem of common) add(problem, null);
  return [...found.values()].map(({ problem: { code, message, remedy, subject }, host }) => ({
    kind: "problem",
    // Ports of a host that is yet to be read have other names, and it is the same MAC's dispute all the same.
    ...(DISPUTES.test(code) && subject !== undefined ? { about: subject } : {}),
    ...{ code, host, message, remedy },
  }));
}
