// The tunnels and ways of one host, put together from its pairs.
import type { Lane } from "./facts.ts";
import { keptMap } from "./kept.ts";
import { laneOf } from "./lanes.ts";
import type { Pair, PairContext } from "./pairs.ts";
import { type Entrance, rowsNaming, type WantedTunnel } from "./wanted-tunnels.ts";
import { chooseRelays, type End, type EndAt, type Way } from "./ways.ts";

const NO_RELAYS: readonly number[] = Object.freeze([]);
const NO_LEGS: readonly Lane[] = Object.freeze([]);

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

/** What a host's links are put together from. */
export interface Assembly {
  readonly context: PairContext;
  readonly host: End;
  readonly ends: readonly End[];
  readonly pairs: readonly (Pair | null)[];
  /** Peer index -> indexes of the relays that are planned. */
  readonly plan: ReadonlyMap<number, readonly number[]> | undefined;
  readonly placeOf: ReadonlyMap<number, number>;
  /** See `indexesLost`. */
  readonly lost: readonly number[];
}

/**
 * @param before what they were: what is as before stays the same object
 * @returns also whether relays were chosen by what other hosts hold
 */
export function assemble(
  { context, host, ends, pairs, plan, placeOf, lost }: Assembly,
  before: Links | undefined,
): { readonly links: Links; readonly asksOthers: boolean } {
  const { settings } = context;
  const endAt = context.endAt(host);
  const ways = new Map<number, Way>();
  const relaying = new Map<number, Lane>();
  const wanted: WantedTunnel[] = [];
  const entrances: Entrance[] = [];
  let asksOthers = false;
  for (let place = 0; place < pairs.length; place++) {
    const [pair, peer] = [pairs[place], ends[place]];
    if (pair == null || peer === undefined || peer.index === null) continue;
    const { index } = peer;
    const planned = plan?.get(index) ?? NO_RELAYS;
    const hasDirect = pair.way !== null;
    if (!hasDirect || peer.fact === null) asksOthers = true;
    const isPlain = hasDirect && planned.length === 0;
    const relays = isPlain ? NO_RELAYS : chooseRelays(settings, host, peer, planned, endAt, hasDirect);
    const legs = isPlain ? NO_LEGS : relays.flatMap((relay) => pairs[placeOf.get(relay) ?? -1]?.leg ?? []);
    if (hasDirect || legs.length > 0) {
      ways.set(index, wayOf(pair, legs, before?.ways.get(index)));
      for (const entrance of pair.entrances) entrances.push(entrance);
    }
    if (pair.passing !== null) relaying.set(index, pair.passing);
    for (const tunnel of pair.wanted) wanted.push(tunnel);
  }
  const isSorted = addLost({ host, endAt, ways, relaying, entrances, lost });
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

/** The ways that the switch has to them. @returns whether nothing was added. */
function addLost({
  host,
  endAt,
  ways,
  relaying,
  entrances,
  lost,
}: Pick<Assembly, "host" | "lost"> & {
  readonly endAt: EndAt;
  readonly ways: Map<number, Way>;
  readonly relaying: Map<number, Lane>;
  readonly entrances: Entrance[];
}): boolean {
  let isSorted = true;
  for (const index of lost) {
    if (endAt(index) !== undefined) continue;
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
