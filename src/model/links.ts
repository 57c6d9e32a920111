// The tunnels and ways of every host. What neither end of a pair has changed is not worked out again.
import type { HostId, RememberedFact } from "./facts.ts";
import { assemble, type Links } from "./host-links.ts";
import { takesPart } from "./identity.ts";
import { isSame } from "./kept.ts";
import { type Pair, type PairContext, Pairing, PairPool } from "./pairs.ts";
import type { RelayPlan } from "./relays.ts";
import { topologyKey } from "./topology.ts";
import { relayLegsInUse } from "./wanted-tunnels.ts";
import { concerns, type End, type EndAt, isOnlyNamed, type WaySettings } from "./ways.ts";

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
  /** Whether there were indexes that hosts have ways to and nobody is known to have. */
  readonly hadLost: boolean;
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
  const lost = indexesLost(remembered, (index) => ends[placeOf.get(index) ?? -1]);
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
      lost.length === 0 &&
      previous?.hadLost === false;
    if (isAsBefore) {
      of.set(host.id, old.host === host ? old : { ...old, host });
      continue;
    }
    const unsettled = pairs.flatMap((pair, at) => (pair === null || pair.isSettled ? [] : [at]));
    const put = assemble(
      { context, host, ends, pairs, plan: planned, placeOf, lost },
      previous?.of.get(host.id)?.links,
    );
    of.set(host.id, { host, pairs, unsettled, plan: planned, ...put });
  }
  if (!isSameOrder) pool.keepOnly(new Set(ends.map(({ id }) => id)));
  return { settings, ends, of, hadLost: lost.length > 0, pool };
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

/** What is remembered of a host that nothing else is known of: it may be nobody's index, or one that not all have to do with. */
function indexesLost(
  remembered: readonly RememberedFact[],
  endOf: (index: number) => End | undefined,
): readonly number[] {
  const lost = new Set<number>();
  for (const { index } of remembered) {
    const end = endOf(index);
    if (end === undefined || isOnlyNamed(end)) lost.add(index);
  }
  return [...lost];
}
