// Which paths of a large fabric are checked: all up to a bound, and beyond it a sample in which every host has its part.
import type { HostId, Vni } from "../model/facts.ts";

/** What is to be known of a path to choose it. */
export interface Samplable {
  readonly kind: "tunnel" | "link" | "network";
  readonly from: HostId;
  readonly to: HostId;
  readonly vni: Vni | null;
}

export interface Sample<T> {
  readonly chosen: readonly T[];
  /** Of how many. */
  readonly possible: number;
  /** By which others may have the same sample; null where nothing is left out. */
  readonly seed: number | null;
}

/** Of tunnels, and again of the ways of all networks together: a mesh of 64 hosts is checked whole. More only where every host's part takes more. */
export const MOST_PATHS = 4_032;

/** Both directions of a pair, which are checked together: each says more beside the other. */
type Pair<T> = readonly T[];

/** Links are as many as cables: none is left out. What is chosen stands in the order given. */
export function sampled<T extends Samplable>(all: readonly T[], seed: number, bound: number): Sample<T> {
  const chosen = new Set<T>();
  let isWhole = true;
  for (const kind of ["link", "tunnel", "network"] as const) {
    const own = all.filter((one) => one.kind === kind);
    if (kind !== "link" && own.length > bound) {
      isWhole = false;
      for (const one of someOf(own, seed, bound)) chosen.add(one);
    } else for (const one of own) chosen.add(one);
  }
  return { chosen: all.filter((one) => chosen.has(one)), possible: all.length, seed: isWhole ? null : seed };
}

/** Of every network in turn, so that each has its share. Beyond the bound only what a host is in no other path by. */
function someOf<T extends Samplable>(all: readonly T[], seed: number, bound: number): readonly T[] {
  const draw = lots(seed);
  const series = shuffled([...grouped(all, ({ vni }) => String(vni)).values()], draw).map((own) => ranked(own, draw));
  const [unsent, unheard] = [new Set(all.map(({ from }) => from)), new Set(all.map(({ to }) => to))];
  const some: T[] = [];
  for (let turn = 0; ; turn++) {
    const pairs = series.flatMap((own) => own.slice(turn, turn + 1));
    if (pairs.length === 0) return some;
    for (const pair of pairs) {
      const isNews = pair.some(({ from, to }) => unsent.has(from) || unheard.has(to));
      if (some.length + pair.length > bound && !isNews) {
        if (unsent.size + unheard.size === 0) return some;
        continue;
      }
      some.push(...pair);
      for (const { from, to } of pair) {
        unsent.delete(from);
        unheard.delete(to);
      }
    }
  }
}

/** In a random order, but first so many pairs that every host that sends or receives at all does. */
function ranked<T extends Samplable>(own: readonly T[], draw: () => number): readonly Pair<T>[] {
  const pairs = shuffled(
    [...grouped(own, ({ from, to }) => (from < to ? pairKey(from, to) : pairKey(to, from))).values()],
    draw,
  );
  const [senders, receivers] = [new Set<HostId>(), new Set<HostId>()];
  const [first, others]: [Pair<T>[], Pair<T>[]] = [[], []];
  for (const pair of pairs) {
    const isNews = pair.some(({ from, to }) => !senders.has(from) || !receivers.has(to));
    (isNews ? first : others).push(pair);
    for (const { from, to } of pair) {
      senders.add(from);
      receivers.add(to);
    }
  }
  return [...first, ...others];
}

/** No two pairs have one, whatever is in their ids. */
function pairKey(low: HostId, high: HostId): string {
  return `${low.length} ${low} ${high}`;
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const same = found.get(key);
    if (same === undefined) found.set(key, [one]);
    else same.push(one);
  }
  return found;
}

/** Fisher and Yates. */
function shuffled<T>(all: readonly T[], draw: () => number): readonly T[] {
  const order = [...all];
  for (let last = order.length - 1; last > 0; last--) {
    const at = Math.floor(draw() * (last + 1));
    const [a, b] = [order[last] as T, order[at] as T];
    order[last] = b;
    order[at] = a;
  }
  return order;
}

/** From 0 up to 1, the same for the same seed: mulberry32. */
function lots(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}
