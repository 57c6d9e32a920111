// What switches are found to hold alike when they are read is kept once, not for each of them.
import { SharedMap } from "../model/shared-map.ts";
import type { DesiredFlow } from "../pipeline/desired.ts";
import { LayeredFlows, layerOf, NO_EXCEPTIONS } from "../pipeline/layered-flows.ts";
import { decodeCookie, type FlowKind } from "../pipeline/registry.ts";

type Layer = SharedMap<DesiredFlow>;
type Exception = readonly [key: string, flow: DesiredFlow | null];

/** Flows that are the same on all switches but the endpoint's own. */
const COMMON: ReadonlySet<FlowKind> = new Set(["remote-endpoint", "answer"]);

const LEAST = 64;
/** What one switch alone tells of adds at most this part to what is kept: one that lies must not cost all others. */
const MOST_NEW = 1 / 4;
/** A switch that has less of it than this part has nothing in common with the others. */
const LEAST_HELD = 1 / 2;

function isCommon({ cookie }: DesiredFlow): boolean {
  const kind = decodeCookie(cookie)?.kind;
  return kind !== undefined && COMMON.has(kind);
}

/** null where it has too little in common. */
function inCommon(
  known: Layer,
  flows: readonly DesiredFlow[],
  own: ReadonlyMap<string, DesiredFlow>,
): { readonly layer: Layer; readonly exceptions: readonly Exception[] } | null {
  const others: DesiredFlow[] = [];
  const unknown: DesiredFlow[] = [];
  for (const flow of flows) {
    const like = known.get(flow.key);
    if (like === undefined) unknown.push(flow);
    else if (like.form !== flow.form) others.push(flow);
  }
  const held = flows.length - others.length - unknown.length;
  if (held < known.size * LEAST_HELD) return null;
  const isMore = unknown.length <= known.size * MOST_NEW;
  const layer = isMore ? known.with(unknown.map((flow) => [flow.key, flow])) : known;
  const exceptions: Exception[] = [...others, ...(isMore ? [] : unknown)].map((flow) => [flow.key, flow]);
  if (held + others.length < known.size) {
    const keys = new Set(flows.map(({ key }) => key));
    // Its own come before what it has in common.
    for (const key of known.keys()) if (!keys.has(key) && !own.has(key)) exceptions.push([key, null]);
  }
  return { layer, exceptions };
}

export class CommonFlows {
  /** For as long as some switch holds it. */
  readonly #layers = new Map<string, WeakRef<Layer>>();
  readonly #least: number;

  /** @param least so few flows are not worth looking at */
  constructor(least = LEAST) {
    this.#least = least;
  }

  /** The same flows, in layers that other switches have too. */
  absorb(flows: ReadonlyMap<string, DesiredFlow>): LayeredFlows {
    const own = new Map<string, DesiredFlow>();
    const found = new Map<string, DesiredFlow[]>();
    for (const [key, flow] of flows) {
      if (!isCommon(flow)) {
        own.set(key, flow);
        continue;
      }
      const name = layerOf(key);
      const layer = found.get(name);
      if (layer === undefined) found.set(name, [flow]);
      else layer.push(flow);
    }
    const shared = new Map<string, Layer>();
    const exceptions: Exception[] = [];
    for (const [name, list] of found) {
      if (list.length < this.#least) {
        for (const flow of list) own.set(flow.key, flow);
        continue;
      }
      const known = this.#layers.get(name)?.deref();
      const fitted = known === undefined ? null : inCommon(known, list, own);
      const layer = fitted?.layer ?? SharedMap.of(list.map((flow) => [flow.key, flow]));
      shared.set(name, layer);
      if (layer !== known) this.#layers.set(name, new WeakRef(layer));
      exceptions.push(...(fitted?.exceptions ?? []));
    }
    return new LayeredFlows(own, shared, NO_EXCEPTIONS.with(exceptions));
  }
}
