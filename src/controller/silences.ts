// Tunnels between hosts that are there, of which BFD says that they carry nothing: in words, and each once.

import { NOT_HEARD } from "../model/bfd-diagnostics.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import { isOfKind } from "../model/lanes.ts";
import { listed } from "./view-parts.ts";

export interface SilentTunnel {
  readonly name: string;
  readonly peerId: HostId;
  /** The name of the host at its far end. */
  readonly peer: string;
  readonly type: string;
  readonly remoteIp: string;
  /** In the words of BFD. */
  readonly why: string;
}

/** A host that is away is told as such: why nothing comes from it needs no words. */
export function silentTunnels(
  fabric: Fabric,
  host: FabricHost,
  isHere: (id: HostId) => boolean,
): readonly SilentTunnel[] {
  if (host.fact === null || !isHere(host.id)) return [];
  return host.fact.tunnels.flatMap((row) => {
    if (row.bfd.kind !== "down" || row.fabricId !== fabric.id) return [];
    const wanted = host.wantedTunnels.find(
      (one) => one.peerId === row.peerId && one.peerIndex === row.peerIndex && isOfKind(row, one),
    );
    if (wanted === undefined || !isHere(wanted.peerId)) return [];
    const { peerId, type, remoteIp } = wanted;
    const peer = fabric.hosts.get(peerId)?.name ?? peerId;
    return [{ name: row.name, peerId, peer, type, remoteIp, why: row.bfd.why }];
  });
}

/** What is between the two ends is at fault; BFD tells in which direction. */
export function silenceProblems(ownIp: string | null, silent: readonly SilentTunnel[]): readonly Diagnostic[] {
  return silences(ownIp, silent).map(({ problem }) => problem);
}

interface Silence {
  readonly problem: Diagnostic;
  readonly tunnels: readonly SilentTunnel[];
}

function silences(ownIp: string | null, silent: readonly SilentTunnel[]): readonly Silence[] {
  const here = ownIp ?? "its address";
  const unheard = silent.filter(({ why }) => why !== NOT_HEARD);
  const notHeard = silent.filter(({ why }) => why === NOT_HEARD);
  const passing = (some: readonly SilentTunnel[]): string =>
    `see that firewalls pass ${listed(some.map((one) => one.type))}, and that these are the hosts' addresses (external_ids:weft-tunnel-ip)`;
  const found: Silence[] = [];
  const tell = (tunnels: readonly SilentTunnel[], message: string, way: string): void => {
    if (tunnels.length === 0) return;
    const why = `${listed(tunnels.map((one) => one.name))} down, BFD: ${listed(tunnels.map((one) => one.why))}`;
    const problem = diagnostic("host/tunnels-down", `${message}: ${why}`, `${way}: ${passing(tunnels)}`);
    found.push({ problem, tunnels });
  };
  tell(
    unheard,
    `nothing comes through from ${listed(unheard.map((one) => one.peer))}`,
    `between ${here} and ${listed(unheard.map((one) => one.remoteIp))}`,
  );
  tell(
    notHeard,
    `what it sends does not come through to ${listed(notHeard.map((one) => one.peer))}`,
    `from ${here} to ${listed(notHeard.map((one) => one.remoteIp))}`,
  );
  return found;
}

export interface SilentHost {
  readonly id: HostId;
  readonly tunnelIp: string | null;
  readonly silent: readonly SilentTunnel[];
}

/**
 * Both ends of a tunnel tell that it is down. The host with the most such tunnels tells of them, and of one that fails in one
 * direction the end that hears nothing.
 * @returns by host the problems that the hosts at the other ends tell already
 */
export function toldByOthers(hosts: readonly SilentHost[]): ReadonlyMap<HostId, ReadonlySet<string>> {
  const all = hosts.flatMap(({ id, tunnelIp, silent }) =>
    silences(tunnelIp, silent).map((silence) => ({ id, ...silence })),
  );
  const isNotHeard = ({ tunnels }: Silence): number => (tunnels[0]?.why === NOT_HEARD ? 1 : 0);
  all.sort((a, b) => isNotHeard(a) - isNotHeard(b) || b.tunnels.length - a.tunnels.length);
  const told = new Set<string>();
  const doubled = new Map<HostId, Set<string>>();
  for (const { id, problem, tunnels } of all) {
    if (tunnels.every(({ peerId, type }) => told.has(JSON.stringify([peerId, id, type])))) {
      doubled.set(id, (doubled.get(id) ?? new Set()).add(problem.message));
    } else for (const { peerId, type } of tunnels) told.add(JSON.stringify([id, peerId, type]));
  }
  return doubled;
}
