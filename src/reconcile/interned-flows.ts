// What switches are found to hold alike when they are read is kept once, not for each of them.
import { SharedMap } from "../model/shared-map.ts";
import type { DesiredFlow } from "../pipeline/desired.ts";
import { LayeredFlows, layerOf, NO_EXCEPTIONS, networkOfLayer, type SharedLayers } from "../pipeline/layered-flows.ts";
import { decodeCookie, type FlowKind } from "../pipeline/registry.ts";

type Layer = SharedMap<DesiredFlow>;
/** Of one network, by their names: the ways to its endpoints, and the answers for them, which say nothing without those. */
type Layers = ReadonlyMap<string, Layer>;
type Lists = ReadonlyMap<string, readonly DesiredFlow[]>;
type Exception = readonly [key: string, flow: DesiredFlow | null];

/** Flows that are the same on all switches but the endpoint's own. */
const COMMON: ReadonlySet<FlowKind> = new Set(["remote-endpoint", "answer"]);

const LEAST = 64;
/** What one switch alone tells of adds at most this part to what is kept: one that lies must not cost all others. */
const MOST_NEW = 1 / 4;
/** A switch has nothing in common with others that has less of theirs than this part, or more of another kind. */
const LEAST_ALIKE = 1 / 2;
/** So many layers of one network at a time: switches of two kinds give different answers, and some may lie. */
const MAX_KINDS = 4;

function isCommon({ cookie }: DesiredFlow): boolean {
  const kind = decodeCookie(cookie)?.kind;
  return kind !== undefined && COMMON.has(kind);
}

function sizeOf(layers: Layers): number {
  let size = 0;
  for (const layer of layers.values()) size += layer.size;
  return size;
}

function layersOf(lists: Lists): Layers {
  return new Map([...lists].map(([name, list]) => [name, SharedMap.of(list.map((flow) => [flow.key, flow] as const))]));
}

/** How far a switch holds what some layers do. */
interface Likeness {
  readonly held: number;
  readonly others: readonly DesiredFlow[];
  readonly unknown: readonly DesiredFlow[];
}

/** null where too little is alike. */
function likeness(known: Layers, lists: Lists): Likeness | null {
  const others: DesiredFlow[] = [];
  const unknown: DesiredFlow[] = [];
  let held = 0;
  for (const [name, list] of lists) {
    const layer = known.get(name);
    for (const flow of list) {
      const like = layer?.get(flow.key);
      if (like === undefined) unknown.push(flow);
      else if (like.form === flow.form) held += 1;
      else others.push(flow);
    }
  }
  const all = held + others.length + unknown.length;
  return held < LEAST_ALIKE * Math.max(all, sizeOf(known)) ? null : { held, others, unknown };
}

/** Layers of one network that were found, and how often. */
interface Found {
  readonly layers: WeakRef<Layers>;
  readonly times: number;
}

export class InternedFlows {
  /** By network. For as long as some switch holds them. */
  readonly #found = new Map<string, readonly Found[]>();
  /** What was found lives as long as what was made of it. */
  readonly #parts = new WeakMap<SharedLayers, readonly Layers[]>();
  readonly #least: number;

  /** @param least so few flows of a network are not worth looking at */
  constructor(least = LEAST) {
    this.#least = least;
  }

  /** The same flows, in layers that other switches have too. All flows of one network are in such, or none. */
  absorb(flows: ReadonlyMap<string, DesiredFlow>): LayeredFlows {
    const own = new Map<string, DesiredFlow>();
    const networks = new Map<string, Map<string, DesiredFlow[]>>();
    for (const [key, flow] of flows) {
      if (!isCommon(flow)) {
        own.set(key, flow);
        continue;
      }
      const name = layerOf(key);
      const network = networkOfLayer(name);
      const lists = networks.get(network) ?? new Map<string, DesiredFlow[]>();
      networks.set(network, lists);
      const list = lists.get(name);
      if (list === undefined) lists.set(name, [flow]);
      else list.push(flow);
    }
    const parts: Layers[] = [];
    const exceptions: Exception[] = [];
    for (const [network, lists] of networks) {
      const all = [...lists.values()].flat();
      if (all.length < this.#least) for (const flow of all) own.set(flow.key, flow);
      else parts.push(this.#share(network, lists, own, exceptions));
    }
    const shared: SharedLayers = new Map(parts.flatMap((layers) => [...layers]));
    this.#parts.set(shared, parts);
    return new LayeredFlows(own, shared, NO_EXCEPTIONS.with(exceptions));
  }

  /** @param exceptions to which is added what is otherwise than in the layers. */
  #share(network: string, lists: Lists, own: ReadonlyMap<string, DesiredFlow>, exceptions: Exception[]): Layers {
    const living = (this.#found.get(network) ?? []).filter(({ layers }) => layers.deref() !== undefined);
    let best: { readonly found: Found; readonly known: Layers; readonly like: Likeness } | undefined;
    for (const found of living) {
      const known = found.layers.deref();
      const like = known === undefined ? null : likeness(known, lists);
      if (known === undefined || like === null || like.held <= (best?.like.held ?? -1)) continue;
      best = { found, known, like };
    }
    const layers = best === undefined ? layersOf(lists) : laidUpon(best.known, best.like, lists, own, exceptions);
    const next = { layers: new WeakRef(layers), times: (best?.found.times ?? 0) + 1 };
    this.#found.set(network, mostWorth([...living.filter((one) => one !== best?.found), next]));
    return layers;
  }
}

/** Those that were found most often, and of those that were found as often the larger ones. */
function mostWorth(found: readonly Found[]): readonly Found[] {
  if (found.length <= MAX_KINDS) return found;
  const size = ({ layers }: Found): number => sizeOf(layers.deref() ?? new Map());
  return [...found].sort((a, b) => b.times - a.times || size(b) - size(a)).slice(0, MAX_KINDS);
}

function laidUpon(
  known: Layers,
  { held, others, unknown }: Likeness,
  lists: Lists,
  own: ReadonlyMap<string, DesiredFlow>,
  exceptions: Exception[],
): Layers {
  const size = sizeOf(known);
  const isMore = unknown.length <= size * MOST_NEW;
  for (const flow of isMore ? others : [...others, ...unknown]) exceptions.push([flow.key, flow]);
  if (held + others.length < size) {
    for (const [name, layer] of known) {
      const keys = new Set((lists.get(name) ?? []).map(({ key }) => key));
      // Its own come before what it has in common.
      for (const key of layer.keys()) if (!keys.has(key) && !own.has(key)) exceptions.push([key, null]);
    }
  }
  if (!isMore || unknown.length === 0) return known;
  const added = new Map<string, DesiredFlow[]>();
  for (const flow of unknown) {
    const name = layerOf(flow.key);
    added.set(name, [...(added.get(name) ?? []), flow]);
  }
  const grown = new Map(known);
  for (const [name, list] of added) {
    const layer = known.get(name) ?? SharedMap.of<DesiredFlow>();
    grown.set(name, layer.with(list.map((flow) => [flow.key, flow] as const)));
  }
  return grown;
}
