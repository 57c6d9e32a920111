// The tunnels and ways of every host, put together from its pairs. What neither end of a pair has changed is not worked out again.
import type { HostId, Lane, RememberedFact } from "./facts.ts";
import { takesPart } from "./identity.ts";
import { isSame, keptMap } from "./kept.ts";
import { laneOf } from "./lanes.ts";
import { type Pair, type PairContext, Pairing, PairPool } from "./pairs.ts";
import type { RelayPlan } from "./relays.ts";
import { topologyKey } from "./topology.ts";
import { type Entrance, relayLegsInUse, rowsNaming, type WantedTunnel } from "./wanted-tunnels.ts";
import { chooseRelays, concerns, type End, type EndAt, isOnlyNamed, type Way, type WaySettings } from "./ways.ts";

/** How a host is tied to the others. */
export interface Links {
  /** Tunnel Interfaces that should stand on the host. */
  readonly wantedTunnels: readonly WantedTunnel[];
  /** Peer index -> how frames for that host leave this one. Sorted. */
  readonly ways: ReadonlyMap<number, Way>;
  /** Peer index -> the tunnel by which others' frames for that peer are passed on. Sorted. */
  readonly relaying: ReadonlyMap<number, Lane>;
  /** Where frames of other hosts come in. Sorted. */
  readonly entrances: readonly Entrance[];
}

export const NO_LINKS: Links = Object.freeze({
  wantedTunnels: Object.freeze([]),
  ways: new Map(),
  relaying: new Map(),
  entrances: Object.freeze([]),
});

/** What was worked out for a host, and from what. */
interface HostLinks {
  readonly host: End;
  /** By the places of the hosts; null for the host itself and those it has nothing to do with. */
  readonly pairs: readonly (Pair | null)[];
  /** Places of pairs that are to be looked at each time. */
  readonly unsettled: readonly number[];
  readonly plan: ReadonlyMap<number, readonly number[]> | undefined;
  /** Whether relays were chosen by what other hosts hold. */
  readonly asksOthers: boolean;
  readonly links: Links;
}

/** The links of all hosts. */
export interface LinksOfAll {
  readonly settings: WaySettings;
  readonly ends: readonly End[];
  readonly of: ReadonlyMap<HostId, HostLinks>;
  readonly hadRemembered: boolean;
  readonly pool: PairPool;
}

/** Whether all that pairs depend on is the same. */
function isSameEnd(a: End, b: End): boolean {
  if (a.id !== b.id || a.name !== b.name || a.index !== b.index || a.tunnelIp !== b.tunnelIp) return false;
  const [fact, was] = [a.fact, b.fact];
  const sameRows =
    fact === was ||
    (fact !== null &&
      was !== null &&
      fact.tunnels === was.tunnels &&
      isSame(fact.foreignTunnels, was.foreignTunnels) &&
      isSame(fact.tunnelTypes, was.tunnelTypes) &&
      takesPart(fact) === takesPart(was));
  return sameRows && isSameSwitch(a.switch, b.switch);
}

function isSameSwitch(a: End["switch"], b: End["switch"]): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.receivesOn === b.receivesOn && a.sendsBy === b.sendsBy && a.relaysBy === b.relaysBy && a.relaysTo === b.relaysTo
  );
}

function isSameSetting(a: WaySettings, b: WaySettings): boolean {
  return (
    a.fabricId === b.fabricId &&
    a.tunnelType === b.tunnelType &&
    a.shared === b.shared &&
    topologyKey(a.topology) === topologyKey(b.topology)
  );
}

export interface LinksInput {
  readonly settings: WaySettings;
  /** Sorted by index. */
  readonly ends: readonly End[];
  readonly plan: RelayPlan;
  readonly remembered: readonly RememberedFact[];
}

const NO_RELAYS: readonly number[] = Object.freeze([]);

/** @param previous what it came to the last time. */
export function linksAmong({ settings, ends, plan, remembered }: LinksInput, previous?: LinksOfAll): LinksOfAll {
  const before = previous !== undefined && isSameSetting(previous.settings, settings) ? previous : undefined;
  const pool = before?.pool ?? new PairPool();
  const placeOf = new Map<number, number>();
  for (const [place, { index }] of ends.entries()) if (index !== null) placeOf.set(index, place);
  const then = new Map(before?.ends.map(({ id }, place) => [id, place]));
  // Place now -> place then, of hosts that are as they were.
  const was = ends.map((end) => {
    const place = then.get(end.id);
    const old = place === undefined ? undefined : before?.ends[place];
    return place !== undefined && old !== undefined && isSameEnd(end, old) ? place : null;
  });
  const isSameOrder =
    before?.ends.length === ends.length && ends.every(({ id }, place) => before.ends[place]?.id === id);
  const changed = was.flatMap((place, at) => (place === null ? [at] : []));
  let legs: ReturnType<typeof relayLegsInUse> | undefined;
  const endAt =
    (host: End): EndAt =>
    (index) => {
      const end = ends[placeOf.get(index) ?? -1];
      return end === undefined || end.id === host.id || !concerns(host, end) ? undefined : end;
    };
  const context: PairContext = {
    settings,
    endAt,
    planned: ({ index: own }, index) => (own === null ? NO_RELAYS : (plan.get(own)?.get(index) ?? NO_RELAYS)),
    legsInUse: () => {
      if (legs === undefined) legs = relayLegsInUse(settings, ends);
      return legs;
    },
  };
  const pairing = new Pairing(context);
  const pairAt = (host: End, place: number, old?: Pair | null): Pair | null => {
    const peer = ends[place];
    const pair = peer === undefined ? null : pairing.of(host, peer);
    return pair === null || peer === undefined ? null : pool.one(peer.id, pair, old);
  };
  const of = new Map<HostId, HostLinks>();
  for (const [place, host] of ends.entries()) {
    // Of one that others only name nobody can tell its ways, or use them; and one host can name very many.
    if (isOnlyNamed(host)) continue;
    const old = was[place] === null ? undefined : before?.of.get(host.id);
    const pairs = nextPairs({ host, old, isSameOrder, changed, was, pairAt });
    const planned = host.index === null ? undefined : plan.get(host.index);
    const isAsBefore =
      old !== undefined &&
      pairs === old.pairs &&
      planned === old.plan &&
      !old.asksOthers &&
      remembered.length === 0 &&
      previous?.hadRemembered === false;
    if (isAsBefore) {
      of.set(host.id, old.host === host ? old : { ...old, host });
      continue;
    }
    const unsettled = pairs.flatMap((pair, at) => (pair === null || pair.isSettled ? [] : [at]));
    const put = assemble({ context, host, ends, pairs, placeOf, remembered }, previous?.of.get(host.id)?.links);
    of.set(host.id, { host, pairs, unsettled, plan: planned, ...put });
  }
  if (!isSameOrder) pool.keepOnly(new Set(ends.map(({ id }) => id)));
  return { settings, ends, of, hadRemembered: remembered.length > 0, pool };
}

/** The pairs of a host: those of before, but for those that may have become others. */
function nextPairs(input: {
  readonly host: End;
  /** Absent where the host itself has changed. */
  readonly old: HostLinks | undefined;
  readonly isSameOrder: boolean;
  readonly changed: readonly number[];
  readonly was: readonly (number | null)[];
  readonly pairAt: (host: End, place: number, old?: Pair | null) => Pair | null;
}): readonly (Pair | null)[] {
  const { host, old, isSameOrder, changed, was, pairAt } = input;
  if (old === undefined) return was.map((_, place) => pairAt(host, place));
  const again = new Set([...changed, ...(isSameOrder ? old.unsettled : [])]);
  if (isSameOrder) {
    let pairs: (Pair | null)[] | null = null;
    for (const place of again) {
      const pair = pairAt(host, place, old.pairs[place]);
      if (pair === old.pairs[place]) continue;
      pairs ??= [...old.pairs];
      pairs[place] = pair;
    }
    return pairs ?? old.pairs;
  }
  return was.map((then, place) => {
    const pair = then === null ? undefined : old.pairs[then];
    return pair === undefined || pair?.isSettled === false ? pairAt(host, place, pair) : pair;
  });
}

interface Assembly {
  readonly context: PairContext;
  readonly host: End;
  readonly ends: readonly End[];
  readonly pairs: readonly (Pair | null)[];
  readonly placeOf: ReadonlyMap<number, number>;
  readonly remembered: readonly RememberedFact[];
}

function assemble(
  { context, host, ends, pairs, placeOf, remembered }: Assembly,
  before: Links | undefined,
): Pick<HostLinks, "links" | "asksOthers"> {
  const { settings } = context;
  const endAt = context.endAt(host);
  const ways = new Map<number, Way>();
  const relaying = new Map<number, Lane>();
  const wanted: WantedTunnel[] = [];
  const entrances: Entrance[] = [];
  let asksOthers = false;
  for (const [place, pair] of pairs.entries()) {
    const peer = ends[place];
    if (pair === null || peer === undefined || peer.index === null) continue;
    const planned = context.planned(host, peer.index);
    const hasDirect = pair.way !== null;
    if (!hasDirect || peer.fact === null) asksOthers = true;
    const relays = chooseRelays(settings, host, peer, planned, endAt, hasDirect);
    const legs = relays.flatMap((relay) => pairs[placeOf.get(relay) ?? -1]?.leg ?? []);
    if (hasDirect || legs.length > 0) {
      ways.set(peer.index, wayOf(pair, legs, before?.ways.get(peer.index)));
      entrances.push(...pair.entrances);
    }
    if (pair.passing !== null) relaying.set(peer.index, pair.passing);
    wanted.push(...pair.wanted);
  }
  const isSorted = remember({ host, endAt, ways, relaying, entrances, remembered });
  const links: Links = Object.freeze({
    wantedTunnels: keptElements(before?.wantedTunnels, wanted),
    ways: keptMap(before?.ways, isSorted ? ways : sortedMap(ways)),
    relaying: keptMap(before?.relaying, isSorted ? relaying : sortedMap(relaying)),
    entrances: keptElements(before?.entrances, sortedEntrances(entrances)),
  });
  const isAsBefore =
    before?.wantedTunnels === links.wantedTunnels &&
    before.ways === links.ways &&
    before.relaying === links.relaying &&
    before.entrances === links.entrances;
  return { links: isAsBefore ? before : links, asksOthers };
}

function wayOf({ way }: Pair, legs: readonly Lane[], before: Way | undefined): Way {
  const direct = way?.direct ?? null;
  if (way !== null && legs.length === 0) return way;
  const isAsBefore =
    before?.direct === direct &&
    before.relays.length === legs.length &&
    legs.every((leg, at) => leg === before.relays[at]);
  return isAsBefore ? before : Object.freeze({ direct, relays: Object.freeze(legs) });
}

/** Indexes that nobody is known to have, and that the switch has ways to. @returns whether nothing was added. */
function remember({
  host,
  endAt,
  ways,
  relaying,
  entrances,
  remembered,
}: Pick<Assembly, "host" | "remembered"> & {
  readonly endAt: EndAt;
  readonly ways: Map<number, Way>;
  readonly relaying: Map<number, Lane>;
  readonly entrances: Entrance[];
}): boolean {
  const added = new Set(remembered.flatMap(({ index }) => (endAt(index) === undefined ? [index] : [])));
  let isSorted = true;
  for (const index of added) {
    const direct = host.switch?.sendsBy.get(index) ?? null;
    const relays = host.switch?.relaysBy.get(index) ?? [];
    if (direct === null && relays.length === 0) continue;
    isSorted = false;
    ways.set(index, { direct, relays });
    if (direct !== null) relaying.set(index, direct);
    if (direct !== null) entrances.push({ lane: direct, index });
    for (const row of rowsNaming(host, index)) {
      const lane = laneOf(row, null);
      if (lane !== null) entrances.push({ lane, index });
    }
  }
  return isSorted;
}

function sortedMap<V>(map: ReadonlyMap<number, V>): Map<number, V> {
  return new Map([...map].sort(([a], [b]) => a - b));
}

function compareEntrances(a: Entrance, b: Entrance): number {
  const [one, other] = [a.lane.toward ?? "", b.lane.toward ?? ""];
  return a.lane.port - b.lane.port || a.index - b.index || (one < other ? -1 : one > other ? 1 : 0);
}

/** Each lane once. */
function sortedEntrances(entrances: Entrance[]): readonly Entrance[] {
  const sorted = entrances.every((one, at) => at === 0 || compareEntrances(entrances[at - 1] as Entrance, one) < 0);
  if (sorted) return entrances;
  entrances.sort(compareEntrances);
  return entrances.filter((one, at) => at === 0 || compareEntrances(entrances[at - 1] as Entrance, one) !== 0);
}

/** By identity alone: elements come from pairs, which are the same objects where they are the same. */
function keptElements<T>(before: readonly T[] | undefined, now: readonly T[]): readonly T[] {
  if (before?.length === now.length && now.every((one, at) => one === before[at])) return before;
  return Object.freeze(now);
}
