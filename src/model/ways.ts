// Ways: by which of its ports a host reaches each peer, directly and by relays, now and while that changes under traffic.
import type { HostFact, HostId, RememberedFact, SwitchFact, TunnelRowFact, TunnelType } from "./facts.ts";
import { type Identity, takesPart } from "./identity.ts";
import type { RelayPlan } from "./relays.ts";
import { areLinked, type Topology } from "./topology.ts";
import { tunnelPort } from "./tunnel-types.ts";

export interface WantedTunnel {
  readonly peerId: HostId;
  readonly peerIndex: number;
  readonly type: TunnelType;
  readonly remoteIp: string;
}

/** How frames for one peer leave a host. At least one of the two is there. */
export interface Way {
  /** The port of the direct tunnel; null where the pair has none. */
  readonly direct: number | null;
  /** Ports to the relays, best first. */
  readonly relays: readonly number[];
}

export interface End extends Identity {
  readonly fact: HostFact | null;
  readonly switch: SwitchFact | null;
}

export interface WaySettings {
  readonly fabricId: string | null;
  readonly tunnelType: TunnelType;
  readonly topology: Topology;
  readonly keepTunnel: (host: HostId, peer: HostId, type: TunnelType) => boolean;
}

/** The rows on `host` that lead to `peer` under the identity the peer has now. */
function rowsTo(settings: WaySettings, host: End, peer: End): readonly TunnelRowFact[] {
  return (host.fact?.tunnels ?? []).filter(
    (row) => row.fabricId === settings.fabricId && row.peerId === peer.id && row.peerIndex === peer.index,
  );
}

function standing(row: TunnelRowFact): boolean {
  return row.ofport !== null && row.ofport > 0 && row.error === null;
}

/** Whether `host` has the tunnel from `peer` and its switch is known to take in what comes by it. */
function receives(settings: WaySettings, host: End, peer: End, type: TunnelType): boolean {
  return rowsTo(settings, host, peer).some(
    (row) => row.type === type && standing(row) && host.switch?.receivesOn.has(row.ofport ?? 0) === true,
  );
}

/**
 * The port of the direct tunnel that frames for `peer` leave by; null where they go by relays. Every change is
 * make-before-break: a new tunnel is used once it stands here and the far end takes in what comes by it; until then the
 * way in use stays.
 */
function directPort(settings: WaySettings, host: End, peer: End, relayReady: boolean): number | null {
  const index = peer.index ?? 0;
  const rows = rowsTo(settings, host, peer);
  const used = host.switch?.sendsBy.get(index);
  const usedStands = rows.some((row) => row.ofport === used && standing(row));
  if (!areLinked(settings.topology, host, peer)) {
    const unknown = used !== undefined && host.fact === null;
    return used !== undefined && (unknown || (usedStands && !relayReady)) ? used : null;
  }
  const wanted = rows.find((row) => row.type === settings.tunnelType);
  const planned = wanted?.ofport ?? tunnelPort(settings.tunnelType, index);
  const ready = wanted !== undefined && standing(wanted) && receives(settings, peer, host, settings.tunnelType);
  const byRelaysNow = used === undefined && (host.switch?.relaysBy.get(index)?.length ?? 0) > 0;
  if (byRelaysNow) return ready ? planned : null;
  if (used === undefined || used === planned) return planned;
  if (!usedStands) return host.fact === null ? used : planned;
  return ready ? planned : used;
}

/** Whether what `host` hands to the relay gets to the peer: the tunnel stands, and the relay's switch has the flow. */
function relayIsReady(settings: WaySettings, host: End, relay: End, peerIndex: number): boolean {
  return (
    receives(settings, relay, host, settings.tunnelType) &&
    rowsTo(settings, host, relay).some(standing) &&
    relay.switch?.relaysTo.has(peerIndex) === true
  );
}

/** Peer index -> way. Peers that cannot be reached have none. */
export function waysOf(
  settings: WaySettings,
  host: End,
  peers: readonly End[],
  plan: RelayPlan,
  remembered: readonly RememberedFact[],
  /** While the fabric is still being read after a start, relays stay as the switch has them: what is down is not known. */
  incomplete: boolean,
): ReadonlyMap<number, Way> {
  const byIndex = new Map(peers.map((peer) => [peer.index, peer]));
  const direct = new Map<number, number>();
  const planned = (peer: End): readonly number[] =>
    host.index === null || peer.index === null ? [] : (plan.get(host.index)?.get(peer.index) ?? []);
  for (const peer of peers) {
    if (peer.index === null) continue;
    const index = peer.index;
    const relayReady = planned(peer).some((relay) => {
      const end = byIndex.get(relay);
      return end !== undefined && relayIsReady(settings, host, end, index);
    });
    const port = directPort(settings, host, peer, relayReady);
    if (port !== null) direct.set(index, port);
  }
  for (const { index } of remembered) {
    const used = host.switch?.sendsBy.get(index);
    if (!byIndex.has(index) && used !== undefined) direct.set(index, used);
  }
  const known = new Set(direct.values());
  const ways = new Map<number, Way>();
  const add = (index: number, relays: readonly number[]): void => {
    const port = direct.get(index) ?? null;
    if (port !== null || relays.length > 0) ways.set(index, { direct: port, relays });
  };
  for (const peer of peers) {
    if (peer.index === null) continue;
    const held = host.switch?.relaysBy.get(peer.index);
    const keep = incomplete && held?.every((port) => known.has(port)) === true;
    add(peer.index, keep ? held : planned(peer).flatMap((relay) => direct.get(relay) ?? []));
  }
  for (const { index } of remembered) {
    if (!byIndex.has(index)) add(index, host.switch?.relaysBy.get(index) ?? []);
  }
  return new Map([...ways].sort(([a], [b]) => a - b));
}

/** Whether `host` is known to send to `peer` by this tunnel. */
function sendsBy(host: End, peer: End, row: TunnelRowFact): boolean {
  return host.switch?.sendsBy.get(peer.index ?? 0) === row.ofport;
}

/** Whether `host` is known to have a way to `peer` other than the tunnels of this type. */
function hasMoved(settings: WaySettings, host: End, peer: End, type: TunnelType): boolean {
  if (host.switch === null) return false;
  const rows = rowsTo(settings, host, peer).filter((row) => row.type === type);
  if (rows.some((row) => sendsBy(host, peer, row))) return false;
  const index = peer.index ?? 0;
  return host.switch.sendsBy.has(index) || (host.switch.relaysBy.get(index)?.length ?? 0) > 0;
}

/** One to each peer the topology links it to; one that is out of date too, until neither end sends by it any more. */
export function wantedTunnels(settings: WaySettings, host: End, peers: readonly End[]): readonly WantedTunnel[] {
  if (host.fact === null || !takesPart(host.fact) || host.index === null || host.tunnelIp === null) return [];
  const wanted: WantedTunnel[] = [];
  for (const peer of peers) {
    if (peer.index === null || peer.tunnelIp === null) continue;
    const base = { peerId: peer.id, peerIndex: peer.index, remoteIp: peer.tunnelIp };
    const linked = areLinked(settings.topology, host, peer);
    if (linked) wanted.push({ ...base, type: settings.tunnelType });
    for (const row of rowsTo(settings, host, peer)) {
      if (linked && row.type === settings.tunnelType) continue;
      const moved = hasMoved(settings, host, peer, row.type) && hasMoved(settings, peer, host, row.type);
      if (!moved || settings.keepTunnel(host.id, peer.id, row.type)) wanted.push({ ...base, type: row.type });
    }
  }
  return wanted.sort((a, b) => a.peerIndex - b.peerIndex || (a.type < b.type ? -1 : 1));
}
