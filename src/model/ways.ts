// Ways: by which of its ports a host reaches each peer, directly and by relays, now and while that changes under traffic.

import type { HostFact, HostId, Lane, RememberedFact, SwitchFact, TunnelRowFact, TunnelType } from "./facts.ts";
import { foreignTypes } from "./foreign.ts";
import type { Identity } from "./identity.ts";
import { isOfKind, isShared, laneKey, laneOf, plannedLane, type TunnelKind } from "./lanes.ts";
import type { RelayPlan } from "./relays.ts";
import { areLinked, type Topology } from "./topology.ts";
import { TUNNEL_TYPES } from "./tunnel-types.ts";

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

const byPeer = new WeakMap<readonly TunnelRowFact[], ReadonlyMap<HostId, readonly TunnelRowFact[]>>();

function rowsByPeer(rows: readonly TunnelRowFact[]): ReadonlyMap<HostId, readonly TunnelRowFact[]> {
  const known = byPeer.get(rows);
  if (known !== undefined) return known;
  const found = new Map<HostId, TunnelRowFact[]>();
  for (const row of rows) {
    const list = found.get(row.peerId);
    if (list === undefined) found.set(row.peerId, [row]);
    else list.push(row);
  }
  byPeer.set(rows, found);
  return found;
}

/** The rows on `host` that lead to `peer` under the identity the peer has now. */
export function rowsTo(settings: WaySettings, host: End, peer: End): readonly TunnelRowFact[] {
  const rows = host.fact === null ? [] : (rowsByPeer(host.fact.tunnels).get(peer.id) ?? []);
  return rows.filter((row) => row.fabricId === settings.fabricId && row.peerIndex === peer.index);
}

export function standing(row: TunnelRowFact): boolean {
  return row.ofport !== null && row.ofport > 0 && row.error === null;
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
function directLane(settings: WaySettings, host: End, peer: End, relayReady: boolean): Lane | null {
  const index = peer.index ?? 0;
  const rows = rowsTo(settings, host, peer);
  const used = host.switch?.sendsBy.get(index);
  const usedRow = rows.find((row) => row.ofport === used?.port && standing(row));
  // Its address is where the peer is now.
  const now = usedRow === undefined ? used : (laneOf(usedRow, peer.tunnelIp) ?? used);
  if (!areLinked(settings.topology, host, peer)) {
    const unknown = host.fact === null;
    return now !== undefined && (unknown || (usedRow !== undefined && !relayReady)) ? now : null;
  }
  const kind = pairKind(settings, host, peer);
  if (kind === null) return null;
  const wanted = rows.find((row) => isOfKind(row, kind));
  const planned =
    (wanted === undefined ? null : laneOf(wanted, peer.tunnelIp)) ??
    plannedLane(kind, { index, address: peer.tunnelIp });
  const ready = wanted !== undefined && standing(wanted) && receives(settings, peer, host, kind);
  const byRelaysNow = used === undefined && (host.switch?.relaysBy.get(index)?.length ?? 0) > 0;
  if (byRelaysNow) return ready ? planned : null;
  if (used === undefined || now === undefined || used.port === planned?.port) return planned;
  if (usedRow === undefined) return host.fact === null ? used : planned;
  return ready ? planned : now;
}

/** Whether `host` has a tunnel to `peer`, under whatever index. */
export function holdsRowOf(host: End, peer: End): boolean {
  return host.fact !== null && rowsByPeer(host.fact.tunnels).has(peer.id);
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
function relayIsReady(settings: WaySettings, host: End, relay: End, peer: End): boolean {
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
  const rows = (host.fact?.tunnels ?? []).filter((row) => row.fabricId === settings.fabricId && standing(row));
  return lanes.flatMap(
    ({ port, toward }) =>
      rows.find((row) => row.ofport === port && (toward === null || row.remoteIp === toward))?.peerIndex ?? [],
  );
}

function isKnownDown(settings: WaySettings, a: End, b: End): boolean {
  return [...rowsTo(settings, a, b), ...rowsTo(settings, b, a)].some((row) => row.bfd.kind === "down");
}

/**
 * Of a leg neither of whose ends has been read since the controller started, nobody can say whether it is down: relays in
 * use then come before what is planned, unless they are known to have a leg that is down.
 */
function afterHeld(
  settings: WaySettings,
  host: End,
  peer: End,
  planned: readonly number[],
  ends: ReadonlyMap<number | null, End>,
): readonly number[] {
  const isUnknown = (relay: number): boolean => peer.fact === null && (ends.get(relay)?.fact ?? null) === null;
  if (!planned.some(isUnknown)) return planned;
  const first = heldRelays(settings, host, peer.index ?? 0).filter((index) => {
    const relay = ends.get(index);
    return relay !== undefined && !isKnownDown(settings, host, relay) && !isKnownDown(settings, relay, peer);
  });
  return [...new Set([...first, ...planned])].slice(0, planned.length);
}

/**
 * The relays for one peer, best first. Where there is no direct tunnel they are all there is, and are changed
 * make-before-break as well: those in use stay until one of the new ones passes frames on.
 */
function chooseRelays(
  settings: WaySettings,
  host: End,
  peer: End,
  planned: readonly number[],
  ends: ReadonlyMap<number | null, End>,
  hasDirect: boolean,
): readonly number[] {
  if (hasDirect) return planned;
  const held = heldRelays(settings, host, peer.index ?? 0);
  if (held.length === 0) return planned;
  const isReady = (relay: number): boolean => {
    const end = ends.get(relay);
    return end !== undefined && relayIsReady(settings, host, end, peer);
  };
  const ready = planned.filter(isReady);
  return ready.length === 0 ? held : [...ready, ...planned.filter((relay) => !ready.includes(relay))];
}

export interface WayInput {
  readonly settings: WaySettings;
  readonly host: End;
  readonly peers: readonly End[];
  readonly plan: RelayPlan;
  readonly remembered: readonly RememberedFact[];
}

/** Peer index -> way, sorted. Peers that cannot be reached have none. */
export function waysOf({ settings, host, peers, plan, remembered }: WayInput): ReadonlyMap<number, Way> {
  const ends = new Map(peers.map((peer) => [peer.index, peer]));
  const own = host.index;
  const direct = new Map<number, Lane>();
  const plannedFor = (index: number): readonly number[] => (own === null ? [] : (plan.get(own)?.get(index) ?? []));
  for (const peer of peers) {
    if (peer.index === null) continue;
    const index = peer.index;
    const relayReady = plannedFor(index).some((relay) => {
      const end = ends.get(relay);
      return end !== undefined && relayIsReady(settings, host, end, peer);
    });
    const lane = directLane(settings, host, peer, relayReady);
    if (lane !== null) direct.set(index, lane);
  }
  for (const { index } of remembered) {
    const used = host.switch?.sendsBy.get(index);
    if (!ends.has(index) && used !== undefined) direct.set(index, used);
  }
  const laneTo = (relay: number): Lane | undefined => {
    const end = ends.get(relay);
    return direct.get(relay) ?? (end === undefined ? undefined : standingLane(settings, host, end));
  };
  const ways = new Map<number, Way>();
  const add = (index: number, relays: readonly Lane[]): void => {
    const lane = direct.get(index) ?? null;
    if (lane !== null || relays.length > 0) ways.set(index, { direct: lane, relays });
  };
  for (const peer of peers) {
    if (peer.index === null) continue;
    const planned = afterHeld(settings, host, peer, plannedFor(peer.index), ends);
    const relays = chooseRelays(settings, host, peer, planned, ends, direct.has(peer.index));
    add(
      peer.index,
      relays.flatMap((relay) => laneTo(relay) ?? []),
    );
  }
  for (const { index } of remembered) {
    if (!ends.has(index)) add(index, host.switch?.relaysBy.get(index) ?? []);
  }
  return new Map([...ways].sort(([a], [b]) => a - b));
}

function standingLane(settings: WaySettings, host: End, peer: End): Lane | undefined {
  const row = rowsTo(settings, host, peer).find(standing);
  return row === undefined ? undefined : (laneOf(row, peer.tunnelIp) ?? undefined);
}

/**
 * Peer index -> the lane by which others' frames for that peer are passed on, sorted: a tunnel that is on its way out
 * still serves those who have not heard.
 */
export function relayingLanes(
  settings: WaySettings,
  host: End,
  peers: readonly End[],
  ways: ReadonlyMap<number, Way>,
): ReadonlyMap<number, Lane> {
  const lanes = new Map<number, Lane>();
  for (const [index, { direct }] of ways) if (direct !== null) lanes.set(index, direct);
  for (const peer of peers) {
    if (peer.index === null || lanes.has(peer.index)) continue;
    const rows = rowsTo(settings, host, peer).filter(standing);
    const held = host.switch?.relaysTo.get(peer.index);
    const row =
      rows.find(
        (one) => one.ofport === held?.port && (isUnread(peer) || receives(settings, peer, host, kindOf(one))),
      ) ??
      rows.find((one) => receives(settings, peer, host, kindOf(one))) ??
      rows[0];
    const lane = row === undefined ? null : laneOf(row, peer.tunnelIp);
    if (lane !== null) lanes.set(peer.index, lane);
  }
  return new Map([...lanes].sort(([a], [b]) => a - b));
}
