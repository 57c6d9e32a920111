// Which pairs of hosts go by a relay now, by which, and why: as the switches choose among their ways.
import type { Fabric, FabricHost } from "./fabric.ts";
import type { HostId, Lane, TunnelRowFact } from "./facts.ts";
import { laneKey, laneOf } from "./lanes.ts";
import { areLinked, type Topology } from "./topology.ts";

/** Frames of one host for another that cross a third. */
export interface RelayInUse {
  readonly from: HostId;
  readonly to: HostId;
  readonly by: HostId;
  readonly reason: string;
}

/** As a fast-failover group sees the port it watches: BFD that has not come up is not up. */
function isLive(row: TunnelRowFact): boolean {
  return row.linkUp && row.error === null && (row.bfd.kind === "up" || row.bfd.kind === "off");
}

function whyDown(row: TunnelRowFact): string {
  if (row.error !== null) return `tunnel ${row.name} has an error: ${row.error}`;
  if (row.bfd.kind === "down") return `tunnel ${row.name} is down, BFD: ${row.bfd.why}`;
  if (row.bfd.kind === "starting") return `BFD of tunnel ${row.name} has not come up yet`;
  return `tunnel ${row.name} is down: Open vSwitch reports its link down`;
}

const byLane = new WeakMap<readonly TunnelRowFact[], ReadonlyMap<string, TunnelRowFact>>();

function rowsByLane(rows: readonly TunnelRowFact[]): ReadonlyMap<string, TunnelRowFact> {
  const known = byLane.get(rows);
  if (known !== undefined) return known;
  const found = new Map<string, TunnelRowFact>();
  for (const row of rows) {
    const lane = laneOf(row, null);
    if (lane !== null) found.set(laneKey(lane), row);
  }
  byLane.set(rows, found);
  return found;
}

/** Sorted by index of either end. Nothing is told of hosts that have not been read. */
export function relaysInUse(fabric: Fabric): readonly RelayInUse[] {
  const byIndex = new Map([...fabric.hosts.values()].map((host) => [host.index, host]));
  const found: RelayInUse[] = [];
  for (const host of fabric.hosts.values()) {
    const rows = rowsByLane(host.fact?.tunnels ?? []);
    const rowAt = (lane: Lane | null | undefined): TunnelRowFact | undefined =>
      lane == null ? undefined : rows.get(laneKey(lane));
    for (const [index, { direct, relays }] of host.ways) {
      const peer = byIndex.get(index);
      const row = rowAt(direct);
      if (peer === undefined || host.fact === null || (row !== undefined && isLive(row))) continue;
      // Of a tunnel that is not there yet nobody knows; the switch takes the first relay that is live, else the last resort.
      if (direct !== null && row === undefined) continue;
      const live = relays.map(rowAt).find((one) => one !== undefined && isLive(one));
      const leg = live ?? (direct === null ? rowAt(relays[0]) : undefined);
      const relay = leg === undefined ? undefined : byIndex.get(leg.peerIndex);
      if (relay === undefined || isDeadEnd(relay, index)) continue;
      found.push({
        from: host.id,
        to: peer.id,
        by: relay.id,
        reason: row === undefined ? noTunnel(host, peer, fabric.topology) : whyDown(row),
      });
    }
  }
  return found;
}

/**
 * Whether nothing that a relay passes on gets to the host: it is cut off altogether, and its tunnels tell. The switches
 * send by the relay all the same, in case that it is not so.
 */
function isDeadEnd(relay: FabricHost, index: number): boolean {
  const legs = (relay.fact?.tunnels ?? []).filter((row) => row.peerIndex === index);
  return legs.length > 0 && !legs.some(isLive);
}

function noTunnel(host: FabricHost, peer: FabricHost, topology: Topology): string {
  return areLinked(topology, host, peer)
    ? "the pair has no tunnel of its own (yet)"
    : "the topology gives the pair no tunnel of its own";
}
