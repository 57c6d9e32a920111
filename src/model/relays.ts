// Relays: by which third hosts frames for a peer go round when the direct tunnel is down.
import type { HostId, TunnelRowFact } from "./facts.ts";
import { areLinked, mayRelay, type Topology } from "./topology.ts";

/** A host that can be an end or a relay of a path. */
export interface RelayHost {
  readonly id: HostId;
  readonly name: string;
  readonly index: number;
  /** The rows of its tunnels; empty while it has not been read. */
  readonly tunnels: readonly TunnelRowFact[];
  /** Whether it may stand on the ring: one that hardly anybody names would take the place of one that is there. */
  readonly vouched: boolean;
  /** Whether anything is known of the host itself, and not only of it. */
  readonly read: boolean;
  /** Indexes of the hosts that are not read and that it has to do with: it is in a pair with these, and all that are read. */
  readonly unread: readonly number[];
}

/** Host index -> peer index -> indexes of relays, best first. */
export type RelayPlan = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

/** How many relays a pair has: the switch takes the first whose own first leg is alive, without asking anybody. */
export const RELAYS_PER_PAIR = 3;

/** A mixing of 32 bits (the finalizer of MurmurHash3): spreads indexes over the ring. */
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Places of each host on the ring: with one alone, of two hubs one might have nearly all pairs. */
const PLACES = 32;

/** More than any index. */
const PAIR_BASE = 65_536;

function pairKey(a: number, b: number): number {
  return a < b ? a * PAIR_BASE + b : b * PAIR_BASE + a;
}

function endsOf(key: number): readonly [number, number] {
  return [Math.floor(key / PAIR_BASE), key % PAIR_BASE];
}

/** Pairs whose tunnel is down as either end sees it: one way down counts as down. */
export function downPairs(hosts: readonly RelayHost[]): ReadonlySet<number> {
  const down = new Set<number>();
  for (const host of hosts) for (const peerIndex of downFrom(host.tunnels)) down.add(pairKey(host.index, peerIndex));
  return down;
}

const downOf = new WeakMap<readonly TunnelRowFact[], readonly number[]>();

function downFrom(rows: readonly TunnelRowFact[]): readonly number[] {
  const known = downOf.get(rows);
  if (known !== undefined) return known;
  const down = rows.flatMap((row) => (row.bfd.kind === "down" ? [row.peerIndex] : []));
  downOf.set(rows, down);
  return down;
}

/**
 * Relays for every pair. Hosts that may relay stand on a ring, at places by hashes of their index, and a pair takes those
 * that follow the place of its own hash: load spreads, and a host that comes or goes changes only the pairs next to it.
 * Relays with a leg that is down come last: what a switch can't see is that a relay's second leg is down too.
 * @param healing whether pairs that have a tunnel get relays as well
 */
export function planRelays(hosts: readonly RelayHost[], topology: Topology, healing: boolean): RelayPlan {
  const ring = hosts
    .filter((host) => host.vouched && mayRelay(topology, host))
    .flatMap(({ index }) => Array.from({ length: PLACES }, (_, n) => ({ at: mix(index * PLACES + n), index })))
    .sort((a, b) => a.at - b.at || a.index - b.index);
  const down = downPairs(hosts);
  const isolated = isolatedHosts(new Set(ring.map(({ index }) => index)), down);
  const choice = { ring, down, isolated };
  const plan = new Map<number, Map<number, readonly number[]>>();
  for (const { index } of hosts) plan.set(index, new Map());
  const add = (a: RelayHost, b: RelayHost): void => {
    if (!healing && areLinked(topology, a, b)) return;
    const relays = relaysOf(choice, a.index, b.index);
    plan.get(a.index)?.set(b.index, relays);
    plan.get(b.index)?.set(a.index, relays);
  };
  const byIndex = new Map(hosts.map((host) => [host.index, host]));
  const read = hosts.filter((host) => host.read);
  for (const a of read) {
    for (const b of read) if (a.index < b.index) add(a, b);
    for (const index of a.unread) {
      const b = byIndex.get(index);
      if (b !== undefined) add(a, b);
    }
  }
  return plan;
}

/** Hosts without a tunnel to any relay that is up: one that is gone, mostly. No search helps them. */
function isolatedHosts(relays: ReadonlySet<number>, down: ReadonlySet<number>): ReadonlySet<number> {
  const broken = new Map<number, number>();
  const count = (index: number, peer: number): void => {
    if (relays.has(peer)) broken.set(index, (broken.get(index) ?? 0) + 1);
  };
  for (const key of down) {
    const [a, b] = endsOf(key);
    count(a, b);
    count(b, a);
  }
  const others = (index: number): number => relays.size - (relays.has(index) ? 1 : 0);
  return new Set([...broken].filter(([index, number]) => number >= others(index)).map(([index]) => index));
}

interface RelayChoice {
  readonly ring: readonly { readonly at: number; readonly index: number }[];
  readonly down: ReadonlySet<number>;
  readonly isolated: ReadonlySet<number>;
}

function relaysOf({ ring, down, isolated }: RelayChoice, a: number, b: number): readonly number[] {
  const start = firstAtOrAfter(ring, mix(pairKey(a, b)));
  const good: number[] = [];
  const poor: number[] = [];
  const hopeless = isolated.has(a) || isolated.has(b);
  for (let step = 0; step < ring.length && good.length < RELAYS_PER_PAIR; step++) {
    const index = ring[(start + step) % ring.length]?.index ?? a;
    if (index === a || index === b) continue;
    const broken = !hopeless && down.size > 0 && (down.has(pairKey(a, index)) || down.has(pairKey(index, b)));
    const list = broken ? poor : good;
    if (list.length < RELAYS_PER_PAIR && !list.includes(index)) list.push(index);
  }
  return [...good, ...poor].slice(0, RELAYS_PER_PAIR);
}

function firstAtOrAfter(ring: readonly { readonly at: number }[], place: number): number {
  let [low, high] = [0, ring.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ring[middle]?.at ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Equal for equal plans: hosts and what is down is all that a plan depends on. */
export function relayPlanKey(hosts: readonly RelayHost[]): string {
  const byIndex = [...hosts].sort((a, b) => a.index - b.index);
  const ends = byIndex.map(
    ({ index, vouched, read, unread }) => `${index}${vouched ? "" : "-"}${read ? "" : "?"}${unread.join(" ")}`,
  );
  const down = [...downPairs(hosts)].sort((a, b) => a - b);
  return `${ends.join(",")}/${down.join(",")}`;
}
