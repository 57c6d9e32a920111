// Which tunnels should stand on a host, and where it should expect frames of its peers, now and while that changes.
import type { HostId, Lane, TunnelRowFact } from "./facts.ts";
import { takesPart } from "./identity.ts";
import { isOfKind, isShared, laneKey, laneOf, plannedLane, sameKind, type TunnelKind } from "./lanes.ts";
import { type End, heldRelays, holdsRowOf, isOnlyNamed, isUnread, kindOf, rowsTo, type WaySettings } from "./ways.ts";

export interface WantedTunnel extends TunnelKind {
  readonly peerId: HostId;
  readonly peerIndex: number;
  readonly remoteIp: string;
}

const NONE: readonly WantedTunnel[] = Object.freeze([]);

/** Second legs that some switch is known to send by: `relay-peer` by index. null while a switch is not known: any may be. */
export function relayLegsInUse(settings: WaySettings, hosts: Iterable<End>): ReadonlySet<string> | null {
  const legs = new Set<string>();
  for (const host of hosts) {
    if (host.index !== null && isUnread(host)) return null;
    for (const peerIndex of host.switch?.relaysBy.keys() ?? []) {
      for (const relay of heldRelays(settings, host, peerIndex)) legs.add(`${relay}-${peerIndex}`);
    }
  }
  return legs;
}

/** Whether `host` is known to send to `peer` by this tunnel. */
function sendsBy(host: End, peer: End, row: TunnelRowFact): boolean {
  return host.switch?.sendsBy.get(peer.index ?? 0)?.port === row.ofport;
}

/** Whether `host` is known to have a way to `peer` other than the tunnels of this kind. */
function hasMoved(settings: WaySettings, host: End, peer: End, kind: TunnelKind): boolean {
  if (host.switch === null || host.fact === null) return false;
  const rows = rowsTo(settings, host, peer).filter((row) => isOfKind(row, kind));
  if (rows.some((row) => sendsBy(host, peer, row))) return false;
  const index = peer.index ?? 0;
  return host.switch.sendsBy.has(index) || (host.switch.relaysBy.get(index)?.length ?? 0) > 0;
}

function isLeg(legsInUse: ReadonlySet<string> | null, a: End, b: End): boolean {
  if (legsInUse === null) return true;
  return legsInUse.has(`${a.index}-${b.index}`) || legsInUse.has(`${b.index}-${a.index}`);
}

/**
 * To one peer: the tunnel of the pair, where the topology links the two; one that is out of date too, until neither end
 * sends by it any more.
 * @param legsInUse see `relayLegsInUse`; asked only where the pair is to have no tunnel
 */
export function wantedTunnels(
  settings: WaySettings,
  host: End,
  peer: End,
  kind: TunnelKind | null,
  legsInUse: () => ReadonlySet<string> | null,
): readonly WantedTunnel[] {
  if (host.fact === null || !takesPart(host.fact) || host.index === null || host.tunnelIp === null) return NONE;
  if (peer.index === null || peer.tunnelIp === null) return NONE;
  // Nobody could make its end of one.
  if (isOnlyNamed(peer) && !holdsRowOf(host, peer)) return NONE;
  const base = { peerId: peer.id, peerIndex: peer.index, remoteIp: peer.tunnelIp };
  const wanted: WantedTunnel[] = [];
  if (kind !== null && isExpected(settings, host, peer, kind)) wanted.push({ ...base, ...kind });
  for (const row of rowsTo(settings, host, peer)) {
    const held = kindOf(row);
    if (kind !== null && sameKind(held, kind)) continue;
    const moved = hasMoved(settings, host, peer, held) && hasMoved(settings, peer, host, held);
    const relayed = kind === null && isLeg(legsInUse(), host, peer);
    if (!moved || relayed || settings.keepTunnel(host.id, peer.id, held)) wanted.push({ ...base, ...held });
  }
  return wanted.sort((a, b) => Number(a.shared) - Number(b.shared) || (a.type < b.type ? -1 : 1));
}

/**
 * A tunnel of a peer's own takes in what comes from it from the moment it stands, away from a shared port of its type:
 * where that is in use, CLASSIFY is to expect it first.
 */
function isExpected(settings: WaySettings, host: End, peer: End, kind: TunnelKind): boolean {
  const rows = rowsTo(settings, host, peer).filter((row) => row.type === kind.type);
  if (kind.shared || !rows.some(isShared) || rows.some((row) => isOfKind(row, kind))) return true;
  const lane = plannedLane(kind, { index: peer.index ?? 0, address: peer.tunnelIp });
  return lane !== null && host.switch?.receivesOn.has(laneKey(lane)) === true;
}

/** Where frames of a peer come in. */
export interface Entrance {
  readonly lane: Lane;
  readonly index: number;
}

/**
 * Where frames of one peer come in, while there is a way to it: by that way, by every tunnel that stands, and by one that
 * is about to take over.
 */
export function entrancesOf(
  settings: WaySettings,
  host: End,
  peer: End,
  index: number,
  kind: TunnelKind | null,
  direct: Lane | null,
): readonly Entrance[] {
  const found: Entrance[] = [];
  const add = (lane: Lane | null): void => {
    const isNew = !found.some((one) => one.lane.port === lane?.port && one.lane.toward === lane.toward);
    if (lane !== null && isNew) found.push(Object.freeze({ lane, index }));
  };
  add(direct);
  for (const row of rowsNaming(host, index)) add(laneOf(row, peer.tunnelIp));
  if (kind !== null && !kind.shared && rowsTo(settings, host, peer).some(isShared)) {
    add(plannedLane(kind, { index, address: peer.tunnelIp }));
  }
  return found;
}

const byIndex = new WeakMap<readonly TunnelRowFact[], ReadonlyMap<number, readonly TunnelRowFact[]>>();

/** All rows that lead to the index, whosever it was then. */
export function rowsNaming({ fact }: Pick<End, "fact">, index: number): readonly TunnelRowFact[] {
  if (fact === null) return [];
  const known = byIndex.get(fact.tunnels);
  if (known !== undefined) return known.get(index) ?? [];
  const found = new Map<number, TunnelRowFact[]>();
  for (const row of fact.tunnels) {
    const list = found.get(row.peerIndex);
    if (list === undefined) found.set(row.peerIndex, [row]);
    else list.push(row);
  }
  byIndex.set(fact.tunnels, found);
  return found.get(index) ?? [];
}
