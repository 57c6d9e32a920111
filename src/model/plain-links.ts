// Switches joined by plain links: which of them form an island, and how frames cross it. Pure and deterministic.

export interface LinkEnd {
  /** 16 hexadecimal digits. */
  readonly dpid: string;
  readonly ofport: number;
}

/** A cable between ports of two switches, by which frames pass both ways. */
export interface PlainLink {
  readonly ends: readonly [LinkEnd, LinkEnd];
}

/** What a switch does with the frames that came into the island at one switch. */
export interface TreePart {
  /** The one port they are taken in by; null on the switch they come from. */
  readonly from: number | null;
  /** The ports they go on by where they are for many, sorted. */
  readonly on: readonly number[];
}

export interface PlainPaths {
  /** Other switch -> the port that frames for it leave by. */
  readonly towards: ReadonlyMap<string, number>;
  /** Switch that frames came in at, itself among them -> what is done with these here. */
  readonly trees: ReadonlyMap<string, TreePart>;
}

export interface Island {
  /** Sorted. */
  readonly members: readonly string[];
  readonly paths: ReadonlyMap<string, PlainPaths>;
}

/** One switch's part in an island, as its flows are compiled from it. Switches go by the numbers that labels carry. */
export interface PlainPart {
  readonly number: number;
  /** Every port that is cabled to another switch, in use or not -> the far end, where that is known. Sorted. */
  readonly links: ReadonlyMap<number, LinkEnd | null>;
  readonly towards: ReadonlyMap<number, number>;
  readonly trees: ReadonlyMap<number, TreePart>;
  /** Ports at which frames that tell of links are listened for, sorted. */
  readonly listening: readonly number[];
}

export function endKey({ dpid, ofport }: LinkEnd): string {
  return `${dpid}/${ofport}`;
}

export function compareEnds(a: LinkEnd, b: LinkEnd): number {
  if (a.dpid !== b.dpid) return a.dpid < b.dpid ? -1 : 1;
  return a.ofport - b.ofport;
}

/** The same link, whichever end was named first. */
export function plainLink(a: LinkEnd, b: LinkEnd): PlainLink {
  return Object.freeze({ ends: compareEnds(a, b) <= 0 ? ([a, b] as const) : ([b, a] as const) });
}

interface Hop {
  readonly near: LinkEnd;
  readonly far: LinkEnd;
  /** A power of two of its own: sums of these differ wherever two paths do. */
  readonly rank: bigint;
}

/**
 * Of all shortest paths between two switches one is the path: that whose links, as a set of bits by their order, make
 * the least number. Every part of such a path is itself the path between its ends, and it is the same in both directions;
 * so what a switch sends towards another is always what the next one expects by that port from where it came.
 */
export function planIslands(dpids: Iterable<string>, links: Iterable<PlainLink>): readonly Island[] {
  const known = [...new Set(dpids)].sort();
  const hops = new Map<string, Hop[]>(known.map((dpid) => [dpid, []]));
  const ordered = [...links].sort((a, b) => compareEnds(a.ends[0], b.ends[0]) || compareEnds(a.ends[1], b.ends[1]));
  ordered.forEach(({ ends: [a, b] }, at) => {
    if (a.dpid === b.dpid || !hops.has(a.dpid) || !hops.has(b.dpid)) return;
    const rank = 1n << BigInt(at);
    hops.get(a.dpid)?.push({ near: a, far: b, rank });
    hops.get(b.dpid)?.push({ near: b, far: a, rank });
  });
  const islands: Island[] = [];
  const placed = new Set<string>();
  for (const dpid of known) {
    if (placed.has(dpid)) continue;
    const members = [...pathsFrom(dpid, hops).keys()].sort();
    for (const member of members) placed.add(member);
    islands.push(planIsland(members, hops));
  }
  return islands;
}

/** Switch -> the last hop of the path to it from `source`, which has none itself. */
function pathsFrom(source: string, hops: ReadonlyMap<string, readonly Hop[]>): ReadonlyMap<string, Hop | null> {
  const last = new Map<string, Hop | null>([[source, null]]);
  let layer = new Map<string, { hop: Hop | null; bits: bigint }>([[source, { hop: null, bits: 0n }]]);
  while (layer.size > 0) {
    const next = new Map<string, { hop: Hop | null; bits: bigint }>();
    for (const [dpid, { bits }] of layer) {
      for (const hop of hops.get(dpid) ?? []) {
        if (last.has(hop.far.dpid)) continue;
        const known = next.get(hop.far.dpid);
        if (known === undefined || bits + hop.rank < known.bits) next.set(hop.far.dpid, { hop, bits: bits + hop.rank });
      }
    }
    for (const [dpid, { hop }] of next) last.set(dpid, hop);
    layer = next;
  }
  return last;
}

function planIsland(members: readonly string[], hops: ReadonlyMap<string, readonly Hop[]>): Island {
  const towards = new Map(members.map((dpid) => [dpid, new Map<string, number>()]));
  const trees = new Map(members.map((dpid) => [dpid, new Map<string, TreePart>()]));
  for (const source of members) {
    const paths = pathsFrom(source, hops);
    const on = new Map<string, number[]>();
    for (const hop of paths.values()) {
      if (hop === null) continue;
      on.set(hop.near.dpid, [...(on.get(hop.near.dpid) ?? []), hop.near.ofport]);
      towards.get(hop.far.dpid)?.set(source, hop.far.ofport);
    }
    for (const dpid of members) {
      const from = paths.get(dpid)?.far.ofport ?? null;
      trees.get(dpid)?.set(source, { from, on: (on.get(dpid) ?? []).sort((a, b) => a - b) });
    }
  }
  const paths = new Map(
    members.map((dpid) => [
      dpid,
      { towards: towards.get(dpid) ?? new Map(), trees: trees.get(dpid) ?? new Map() } satisfies PlainPaths,
    ]),
  );
  return Object.freeze({ members, paths });
}

/** A label has so many bits for the number of a switch. */
export const MAX_SWITCH_NUMBER = 510;

/**
 * A number for each switch, by which frames say where they came into an island. What a switch holds stays; of two that
 * hold the same the first keeps it. Numbers in `taken` are not given out. A switch for which there is none gets none.
 */
export function numberSwitches(
  dpids: Iterable<string>,
  held: ReadonlyMap<string, number>,
  taken: Iterable<number>,
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const used = new Set<number>();
  const sorted = [...new Set(dpids)].sort();
  for (const dpid of sorted) {
    const number = held.get(dpid) ?? 0;
    if (number < 1 || number > MAX_SWITCH_NUMBER || used.has(number)) continue;
    used.add(number);
    numbers.set(dpid, number);
  }
  for (const number of taken) used.add(number);
  let next = 1;
  for (const dpid of sorted) {
    if (numbers.has(dpid)) continue;
    while (used.has(next)) next++;
    if (next > MAX_SWITCH_NUMBER) break;
    used.add(next);
    numbers.set(dpid, next);
  }
  return new Map([...numbers].sort(([a], [b]) => (a < b ? -1 : 1)));
}
