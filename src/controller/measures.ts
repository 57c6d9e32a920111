// What the metrics and the sign of readiness tell of the controller, read off its parts when asked.
import type { BfdState, MeasuresView, ReadinessView, Vitals } from "../api/measures-views.ts";
import type { HostView, TunnelState, TunnelView } from "../api/views.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { TunnelRowFact } from "../model/facts.ts";
import { isShared, kindText } from "../model/lanes.ts";
import type { WantedTunnel } from "../model/wanted-tunnels.ts";
import type { Durations } from "./durations.ts";
import type { OpenStreams } from "./open-streams.ts";
import { tunnelState } from "./view-parts.ts";
import type { Weaver } from "./weaver.ts";

export interface VitalsOptions {
  readonly weaver: Weaver;
  readonly hosts: () => readonly HostView[];
  readonly durations: Durations;
  readonly streams: { readonly openflow: OpenStreams; readonly ovsdb: OpenStreams };
}

export function makeVitals({ weaver, hosts, durations, streams }: VitalsOptions): Vitals {
  const startedAtMs = Date.now();
  return {
    measures: () => ({
      startedAtMs,
      durations: durations.snapshot(),
      pendingBytes: { openflow: streams.openflow.pendingBytes, ovsdb: streams.ovsdb.pendingBytes },
      ...tunnelMeasures(weaver.fabric),
    }),
    readiness: () => readiness(weaver.holding ? hosts() : [], weaver.holding),
  };
}

export interface TunnelOnHost {
  readonly host: FabricHost;
  readonly wanted: WantedTunnel;
  /** What stands on the host; undefined while it is not made. */
  readonly row: TunnelRowFact | undefined;
}

const keyOf = (peerId: string, peerIndex: number, kind: string): string => `${peerIndex} ${kind} ${peerId}`;

/** Every tunnel that should be, with its row. A large fabric has a million of them. */
export function* tunnelsOf(fabric: Fabric): Generator<TunnelOnHost> {
  for (const host of fabric.hosts.values()) {
    const rows = new Map<string, TunnelRowFact>();
    for (const row of host.fact?.tunnels ?? []) {
      const key = keyOf(row.peerId, row.peerIndex, kindText({ type: row.type, shared: isShared(row) }));
      if (row.fabricId === fabric.id && !rows.has(key)) rows.set(key, row);
    }
    for (const wanted of host.wantedTunnels) {
      yield { host, wanted, row: rows.get(keyOf(wanted.peerId, wanted.peerIndex, kindText(wanted))) };
    }
  }
}

export function tunnelView({ host, wanted, row }: TunnelOnHost): TunnelView {
  const { state, reason } = tunnelState(row);
  return {
    from: host.id,
    to: wanted.peerId,
    type: wanted.type,
    state,
    name: row?.name ?? null,
    ofport: row?.ofport ?? null,
    remoteIp: wanted.remoteIp,
    reason,
  };
}

/** Counted without a view for each. */
export function tunnelMeasures(fabric: Fabric | null): Pick<MeasuresView, "tunnels" | "bfd"> {
  const counts = new Map<string, { type: string; state: TunnelState; count: number }>();
  const bfd: Record<BfdState, number> = { up: 0, down: 0, starting: 0, off: 0 };
  for (const { wanted, row } of fabric === null ? [] : tunnelsOf(fabric)) {
    const { state } = tunnelState(row);
    const known = counts.get(`${wanted.type} ${state}`) ?? { type: wanted.type, state, count: 0 };
    known.count += 1;
    counts.set(`${wanted.type} ${state}`, known);
    if (row !== undefined) bfd[row.bfd.kind] += 1;
  }
  return { tunnels: [...counts.values()], bfd };
}

/** Ready is who has read what is known to be there; after the hold at the start whoever is still away is just away. */
export function readiness(hosts: readonly HostView[], holding: boolean): ReadinessView {
  if (!holding) return { ready: true, waitingFor: [] };
  const unread = hosts.filter(({ state }) => state === "joining" || state === "down");
  return { ready: unread.length === 0, waitingFor: unread.map(({ name }) => `host ${name} has not been read yet`) };
}
