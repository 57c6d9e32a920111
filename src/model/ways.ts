// Ways: by which of its ports a host reaches each peer, directly and by relays, now and while that changes under traffic.
import type { HostFact, HostId, RememberedFact, SwitchFact, TunnelRowFact, TunnelType } from "./facts.ts";
import { foreignTypes } from "./foreign.ts";
import { type Identity, takesPart } from "./identity.ts";
import type { RelayPlan } from "./relays.ts";
import { areLinked, type Topology } from "./topology.ts";
import { TUNNEL_TYPES, tunnelPort } from "./tunnel-types.ts";

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
  readonly keepTunnel: (host: HostId, peer: HostId, type: TunnelType | "foreign") => boolean;
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

/** The rows on `host` that lead to `peer` under the identity the peer has now. */
function rowsTo(settings: WaySettings, host: End, peer: End): readonly TunnelRowFact[] {
  return (host.fact?.tunnels ?? []).filter(
    (row) => row.fabricId === settings.fabricId && row.peerId === peer.id && row.peerIndex === peer.index,
  );
}

function standing(row: TunnelRowFact): boolean {
  return row.ofport !== null && row.ofport > 0 && row.error === null;
}

export function standingRows(settings: WaySettings, host: End, peer: End): readonly TunnelRowFact[] {
  return rowsTo(settings, host, peer).filter(standing);
}

/** Whether `host` has the tunnel from `peer` and its switch is known to take in what comes by it. */
export function receives(settings: WaySettings, host: End, peer: End, type: TunnelType): boolean {
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
  const type = pairType(settings, host, peer);
  if (type === null) return null;
  const wanted = rows.find((row) => row.type === type);
  const planned = wanted?.ofport ?? tunnelPort(type, index);
  const ready = wanted !== undefined && standing(wanted) && receives(settings, peer, host, type);
  const byRelaysNow = used === undefined && (host.switch?.relaysBy.get(index)?.length ?? 0) > 0;
  if (byRelaysNow) return ready ? planned : null;
  if (used === undefined || used === planned) return planned;
  if (!usedStands) return host.fact === null ? used : planned;
  return ready ? planned : used;
}

/** Not wholly read since the controller started: it does what it did before. */
function isUnread(end: End): boolean {
  return end.switch === null || end.fact === null;
}

/** Whether what `host` hands to the relay gets to the peer: both tunnels stand at both ends, and both switches serve them. */
function relayIsReady(settings: WaySettings, host: End, relay: End, peer: End): boolean {
  const peerIndex = peer.index ?? 0;
  // A relay that has not been read since the controller started does what it did before.
  if (isUnread(relay) || relay.switch === null) return heldRelays(settings, host, peerIndex).includes(relay.index ?? 0);
  const first = rowsTo(settings, host, relay).find(standing);
  const passedBy = relay.switch.relaysTo.get(peerIndex);
  const second = rowsTo(settings, relay, peer).find((row) => row.ofport === passedBy && standing(row));
  if (first === undefined || second === undefined || !receives(settings, relay, host, first.type)) return false;
  return isUnread(peer) || receives(settings, peer, relay, second.type);
}

/** Indexes of the relays that the switch of `host` is known to use for a peer, while the tunnels to them stand. */
function heldRelays(settings: WaySettings, host: End, peerIndex: number): readonly number[] {
  const ports = host.switch?.relaysBy.get(peerIndex) ?? [];
  const rows = (host.fact?.tunnels ?? []).filter((row) => row.fabricId === settings.fabricId && standing(row));
  return ports.flatMap((port) => rows.find((row) => row.ofport === port)?.peerIndex ?? []);
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
  /** While the fabric is still being read after a start, relays stay as the switch has them: what is down is not known. */
  readonly incomplete: boolean;
}

/** Peer index -> way, sorted. Peers that cannot be reached have none. */
export function waysOf({ settings, host, peers, plan, remembered, incomplete }: WayInput): ReadonlyMap<number, Way> {
  const ends = new Map(peers.map((peer) => [peer.index, peer]));
  const own = host.index;
  const direct = new Map<number, number>();
  const plannedFor = (index: number): readonly number[] => (own === null ? [] : (plan.get(own)?.get(index) ?? []));
  for (const peer of peers) {
    if (peer.index === null) continue;
    const index = peer.index;
    const relayReady = plannedFor(index).some((relay) => {
      const end = ends.get(relay);
      return end !== undefined && relayIsReady(settings, host, end, peer);
    });
    const port = directPort(settings, host, peer, relayReady);
    if (port !== null) direct.set(index, port);
  }
  for (const { index } of remembered) {
    const used = host.switch?.sendsBy.get(index);
    if (!ends.has(index) && used !== undefined) direct.set(index, used);
  }
  const portTo = (relay: number): number | undefined => {
    const end = ends.get(relay);
    return direct.get(relay) ?? (end === undefined ? undefined : standingPort(settings, host, end));
  };
  const ways = new Map<number, Way>();
  const add = (index: number, relays: readonly number[]): void => {
    const port = direct.get(index) ?? null;
    if (port !== null || relays.length > 0) ways.set(index, { direct: port, relays });
  };
  for (const peer of peers) {
    if (peer.index === null) continue;
    const held = heldRelays(settings, host, peer.index);
    const planned = plannedFor(peer.index);
    const relays =
      incomplete && held.length > 0 ? held : chooseRelays(settings, host, peer, planned, ends, direct.has(peer.index));
    add(
      peer.index,
      relays.flatMap((relay) => portTo(relay) ?? []),
    );
  }
  for (const { index } of remembered) {
    if (!ends.has(index)) add(index, host.switch?.relaysBy.get(index) ?? []);
  }
  return new Map([...ways].sort(([a], [b]) => a - b));
}

function standingPort(settings: WaySettings, host: End, peer: End): number | undefined {
  return rowsTo(settings, host, peer).find(standing)?.ofport ?? undefined;
}

/**
 * Peer index -> the port by which others' frames for that peer are passed on, sorted: a tunnel that is on its way out
 * still serves those who have not heard.
 */
export function relayingPorts(
  settings: WaySettings,
  host: End,
  peers: readonly End[],
  ways: ReadonlyMap<number, Way>,
): ReadonlyMap<number, number> {
  const ports = new Map<number, number>();
  for (const [index, { direct }] of ways) if (direct !== null) ports.set(index, direct);
  for (const peer of peers) {
    if (peer.index === null || ports.has(peer.index)) continue;
    const rows = rowsTo(settings, host, peer).filter(standing);
    const held = host.switch?.relaysTo.get(peer.index);
    const row =
      rows.find((one) => one.ofport === held && (isUnread(peer) || receives(settings, peer, host, one.type))) ??
      rows.find((one) => receives(settings, peer, host, one.type)) ??
      rows[0];
    if (row?.ofport != null) ports.set(peer.index, row.ofport);
  }
  return new Map([...ports].sort(([a], [b]) => a - b));
}

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
  return host.switch?.sendsBy.get(peer.index ?? 0) === row.ofport;
}

/** Whether `host` is known to have a way to `peer` other than the tunnels of this type. */
function hasMoved(settings: WaySettings, host: End, peer: End, type: TunnelType): boolean {
  if (host.switch === null || host.fact === null) return false;
  const rows = rowsTo(settings, host, peer).filter((row) => row.type === type);
  if (rows.some((row) => sendsBy(host, peer, row))) return false;
  const index = peer.index ?? 0;
  return host.switch.sendsBy.has(index) || (host.switch.relaysBy.get(index)?.length ?? 0) > 0;
}

function isLeg(legsInUse: ReadonlySet<string> | null, a: End, b: End): boolean {
  if (legsInUse === null) return true;
  return legsInUse.has(`${a.index}-${b.index}`) || legsInUse.has(`${b.index}-${a.index}`);
}

/** One to each peer the topology links it to; one that is out of date too, until neither end sends by it any more. */
export function wantedTunnels(
  settings: WaySettings,
  host: End,
  peers: readonly End[],
  legsInUse: ReadonlySet<string> | null,
): readonly WantedTunnel[] {
  if (host.fact === null || !takesPart(host.fact) || host.index === null || host.tunnelIp === null) return [];
  const wanted: WantedTunnel[] = [];
  for (const peer of peers) {
    if (peer.index === null || peer.tunnelIp === null) continue;
    const base = { peerId: peer.id, peerIndex: peer.index, remoteIp: peer.tunnelIp };
    const type = areLinked(settings.topology, host, peer) ? pairType(settings, host, peer) : null;
    const linked = type !== null;
    if (type !== null) wanted.push({ ...base, type });
    for (const row of rowsTo(settings, host, peer)) {
      if (row.type === type) continue;
      const moved = hasMoved(settings, host, peer, row.type) && hasMoved(settings, peer, host, row.type);
      const relayed = !linked && isLeg(legsInUse, host, peer);
      if (!moved || relayed || settings.keepTunnel(host.id, peer.id, row.type))
        wanted.push({ ...base, type: row.type });
    }
  }
  return wanted.sort((a, b) => a.peerIndex - b.peerIndex || (a.type < b.type ? -1 : 1));
}
