// Ways: by which of its ports a host reaches each peer, directly and by relays, now and while that changes under traffic.

import type { HostFact, HostId, Lane, SwitchFact, TunnelRowFact, TunnelType } from "./facts.ts";
import { foreignTypes } from "./foreign.ts";
import type { Identity } from "./identity.ts";
import { isOfKind, isShared, laneKey, laneOf, plannedLane, type TunnelKind } from "./lanes.ts";
import { areLinked, type Topology } from "./topology.ts";
import { TUNNEL_TYPES } from "./tunnel-types.ts";
import { tunnelsByPeer } from "./tunnels-by-peer.ts";

/** How frames for one peer leave a host. At least one of the two is there. */
export interface Way {
  /** The direct tunnel; null where the pair has none. */
  readonly direct: Lane | null;
  /** The tunnels to the relays, best first. */
  readonly relays: readonly Lane[];
}

export interface End extends Identity {
  readonly fact: HostFact | null;
  readonly switch: SwitchFact | null;
}

export interface WaySettings {
  readonly fabricId: string | null;
  readonly tunnelType: TunnelType;
  readonly topology: Topology;
  /** Whether all peers are to share one port of each type. */
  readonly shared: boolean;
  readonly keepTunnel: (host: HostId, peer: HostId, kind: TunnelKind | "foreign") => boolean;
}

/**
 * The type of a pair's tunnel: the fabric's where both ends take it, else the first that the end with the lower index
 * likes and the other takes. A host that is away takes what stands. null where they have none in common.
 */
export function pairType(settings: WaySettings, a: End, b: End): TunnelType | null {
  const [low, high] = (a.index ?? 0) < (b.index ?? 0) ? [a, b] : [b, a];
  const takes = (end: End, type: TunnelType): boolean => end.fact?.tunnelTypes?.includes(type) ?? true;
  if (a.fact?.tunnelTypes == null && b.fact?.tunnelTypes == null && foreignTypes(a, b).size === 0) {
    return settings.tunnelType;
  }
  const asked = [settings.tunnelType, ...(low.fact?.tunnelTypes ?? []), ...(high.fact?.tunnelTypes ?? [])];
  // A hand-made tunnel of the same type would take in what is for Weft's, BFD above all: another type stands beside it.
  const taken = foreignTypes(a, b);
  const others = taken.size === 0 ? [] : (Object.keys(TUNNEL_TYPES) as TunnelType[]).reverse();
  const liked = taken.size === 0 ? asked : [...asked, ...others].filter((type) => !taken.has(type)).concat(asked);
  const away = a.fact === null ? b : b.fact === null ? a : null;
  const [standingType] = away === null ? [] : rowsTo(settings, away, away === a ? b : a).map((row) => row.type);
  if (standingType !== undefined && (a.fact ?? b.fact)?.tunnelTypes != null) return standingType;
  return liked.find((type) => takes(low, type) && takes(high, type)) ?? null;
}

/** What the pair is to have; null where it is to have no tunnel. */
export function pairKind(settings: WaySettings, a: End, b: End): TunnelKind | null {
  const type = areLinked(settings.topology, a, b) ? pairType(settings, a, b) : null;
  return type === null ? null : { type, shared: settings.shared };
}

const NO_ROWS: readonly TunnelRowFact[] = Object.freeze([]);

/** The rows on `host` that lead to `peer` under the identity the peer has now. */
export function rowsTo(settings: WaySettings, host: End, peer: End): readonly TunnelRowFact[] {
  const rows = host.fact === null ? NO_ROWS : (tunnelsByPeer(host.fact.tunnels).get(peer.id) ?? NO_ROWS);
  const isNow = (row: TunnelRowFact): boolean => row.fabricId === settings.fabricId && row.peerIndex === peer.index;
  return rows.every(isNow) ? rows : rows.filter(isNow);
}

export function standing(row: TunnelRowFact): boolean {
  return row.ofport !== null && row.ofport > 0 && row.error === null;
}

const byPort = new WeakMap<readonly TunnelRowFact[], ReadonlyMap<number, readonly TunnelRowFact[]>>();

function rowsByPort(rows: readonly TunnelRowFact[]): ReadonlyMap<number, readonly TunnelRowFact[]> {
  const known = byPort.get(rows);
  if (known !== undefined) return known;
  const found = new Map<number, TunnelRowFact[]>();
  for (const row of rows) {
    if (row.ofport === null) continue;
    const list = found.get(row.ofport);
    if (list === undefined) found.set(row.ofport, [row]);
    else list.push(row);
  }
  byPort.set(rows, found);
  return found;
}

export function standingRows(settings: WaySettings, host: End, peer: End): readonly TunnelRowFact[] {
  return rowsTo(settings, host, peer).filter(standing);
}

/** Whether `host` has the tunnel from `peer` and its switch is known to take in what comes by it. */
export function receives(settings: WaySettings, host: End, peer: End, kind: TunnelKind): boolean {
  return rowsTo(settings, host, peer).some((row) => isOfKind(row, kind) && standing(row) && admits(host, peer, row));
}

function admits(host: End, peer: End, row: TunnelRowFact): boolean {
  const lane = laneOf(row, peer.tunnelIp);
  return lane !== null && host.switch?.receivesOn.has(laneKey(lane)) === true;
}

export function kindOf(row: TunnelRowFact): TunnelKind {
  return { type: row.type, shared: isShared(row) };
}

/**
 * The direct tunnel that frames for `peer` leave by; null where they go by relays. Every change is make-before-break: a
 * new tunnel is used once it stands here and the far end takes in what comes by it; until then the way in use stays.
 */
export function directLane(
  settings: WaySettings,
  host: End,
  peer: End,
  kind: TunnelKind | null,
  relayReady: () => boolean,
): Lane | null {
  const index = peer.index ?? 0;
  const rows = rowsTo(settings, host, peer);
  const used = host.switch?.sendsBy.get(index);
  const usedRow = used === undefined ? undefined : rows.find((row) => row.ofport === used.port && standing(row));
  // Its address is where the peer is now.
  const now = usedRow === undefined ? used : (laneOf(usedRow, peer.tunnelIp) ?? used);
  if (!areLinked(settings.topology, host, peer)) {
    if (now === undefined) return null;
    return host.fact === null || (usedRow !== undefined && !relayReady()) ? now : null;
  }
  if (kind === null) return null;
  const wanted = rows.find((row) => isOfKind(row, kind));
  const planned =
    (wanted === undefined ? null : laneOf(wanted, peer.tunnelIp)) ??
    plannedLane(kind, { index, address: peer.tunnelIp });
  const isReady = (): boolean => wanted !== undefined && standing(wanted) && receives(settings, peer, host, kind);
  const byRelaysNow = used === undefined && (host.switch?.relaysBy.get(index)?.length ?? 0) > 0;
  if (byRelaysNow) return isReady() ? planned : null;
  if (used === undefined || now === undefined || used.port === planned?.port) return planned;
  if (usedRow === undefined) return host.fact === null ? used : planned;
  return isReady() ? planned : now;
}

/** Whether `host` has a tunnel to `peer`, under whatever index. */
export function holdsRowOf(host: End, peer: End): boolean {
  return host.fact !== null && tunnelsByPeer(host.fact.tunnels).has(peer.id);
}

/** Nothing is known of the host itself: others name it. */
export function isOnlyNamed(end: End): boolean {
  return end.fact === null && end.switch === null;
}

/**
 * Whether a host has to do with a peer: one that others only name is nothing to a host that holds nothing of it. What
 * one member makes up reaches no other one.
 */
export function concerns(host: End, peer: End): boolean {
  if (!isOnlyNamed(peer) || host.fact === null || host.switch === null || holdsRowOf(host, peer)) return true;
  const index = peer.index ?? 0;
  return host.switch.sendsBy.has(index) || host.switch.relaysBy.has(index) || host.switch.relaysTo.has(index);
}

/** Not wholly read since the controller started: it does what it did before. */
export function isUnread(end: End): boolean {
  return end.switch === null || end.fact === null;
}

/** Whether what `host` hands to the relay gets to the peer: both tunnels stand at both ends, and both switches serve them. */
export function relayIsReady(settings: WaySettings, host: End, relay: End, peer: End): boolean {
  const peerIndex = peer.index ?? 0;
  // A relay that has not been read since the controller started does what it did before.
  if (isUnread(relay) || relay.switch === null) return heldRelays(settings, host, peerIndex).includes(relay.index ?? 0);
  const first = rowsTo(settings, host, relay).find(standing);
  const passedBy = relay.switch.relaysTo.get(peerIndex);
  const second = rowsTo(settings, relay, peer).find((row) => row.ofport === passedBy?.port && standing(row));
  if (first === undefined || second === undefined || !receives(settings, relay, host, kindOf(first))) return false;
  return isUnread(peer) || receives(settings, peer, relay, kindOf(second));
}

/** Indexes of the relays that the switch of `host` is known to use for a peer, while the tunnels to them stand. */
export function heldRelays(settings: WaySettings, host: End, peerIndex: number): readonly number[] {
  const lanes = host.switch?.relaysBy.get(peerIndex) ?? [];
  if (lanes.length === 0) return [];
  const rows = rowsByPort(host.fact?.tunnels ?? NO_ROWS);
  const isHeld = (row: TunnelRowFact, toward: string | null): boolean =>
    row.fabricId === settings.fabricId && standing(row) && (toward === null || row.remoteIp === toward);
  return lanes.flatMap(({ port, toward }) => rows.get(port)?.find((row) => isHeld(row, toward))?.peerIndex ?? []);
}

function isKnownDown(settings: WaySettings, a: End, b: End): boolean {
  return [...rowsTo(settings, a, b), ...rowsTo(settings, b, a)].some((row) => row.bfd.kind === "down");
}

/** The host with an index, if the one that asks has to do with it. */
export type EndAt = (index: number) => End | undefined;

/**
 * Of a leg neither of whose ends has been read since the controller started, nobody can say whether it is down: relays in
 * use then come before what is planned, unless they are known to have a leg that is down.
 */
function afterHeld(
  settings: WaySettings,
  host: End,
  peer: End,
  planned: readonly number[],
  endAt: EndAt,
): readonly number[] {
  const isUnknown = (relay: number): boolean => (endAt(relay)?.fact ?? null) === null;
  if (peer.fact !== null || !planned.some(isUnknown)) return planned;
  const first = heldRelays(settings, host, peer.index ?? 0).filter((index) => {
    const relay = endAt(index);
    return relay !== undefined && !isKnownDown(settings, host, relay) && !isKnownDown(settings, relay, peer);
  });
  return [...new Set([...first, ...planned])].slice(0, planned.length);
}

/**
 * The relays for one peer, best first. Where there is no direct tunnel they are all there is, and are changed
 * make-before-break as well: those in use stay until one of the new ones passes frames on.
 */
export function chooseRelays(
  settings: WaySettings,
  host: End,
  peer: End,
  inPlan: readonly number[],
  endAt: EndAt,
  hasDirect: boolean,
): readonly number[] {
  const planned = afterHeld(settings, host, peer, inPlan, endAt);
  if (hasDirect) return planned;
  const held = heldRelays(settings, host, peer.index ?? 0);
  if (held.length === 0) return planned;
  const isReady = (relay: number): boolean => {
    const end = endAt(relay);
    return end !== undefined && relayIsReady(settings, host, end, peer);
  };
  const ready = planned.filter(isReady);
  return ready.length === 0 ? held : [...ready, ...planned.filter((relay) => !ready.includes(relay))];
}

/** A tunnel to the peer that stands, whatever it is for. */
export function standingLane(settings: WaySettings, host: End, peer: End): Lane | null {
  const row = rowsTo(settings, host, peer).find(standing);
  return row === undefined ? null : laneOf(row, peer.tunnelIp);
}

/**
 * The lane by which others' frames for a peer are passed on that the host itself has no direct way to: a tunnel that is on
 * its way out still serves those who have not heard.
 */
export function passingLane(settings: WaySettings, host: End, peer: End): Lane | null {
  const rows = rowsTo(settings, host, peer).filter(standing);
  const held = host.switch?.relaysTo.get(peer.index ?? 0);
  const row =
    rows.find((one) => one.ofport === held?.port && (isUnread(peer) || receives(settings, peer, host, kindOf(one)))) ??
    rows.find((one) => receives(settings, peer, host, kindOf(one))) ??
    rows[0];
  return row === undefined ? null : laneOf(row, peer.tunnelIp);
}
