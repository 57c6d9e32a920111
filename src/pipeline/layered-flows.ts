// The flows of one switch in layers: sets that many switches hold alike, its own before them, and before both what differs.
import { type Difference, differences, SharedMap } from "../model/shared-map.ts";
import type { DesiredFlow } from "./desired.ts";
import { TABLES } from "./registry.ts";

/** By `layerOf` their keys. */
export type SharedLayers = ReadonlyMap<string, SharedMap<DesiredFlow>>;

/** null: it is not there, whatever the other layers say. */
export type Exceptions = SharedMap<DesiredFlow | null>;

export const NO_LAYERS: SharedLayers = new Map();
export const NO_EXCEPTIONS: Exceptions = SharedMap.of();

const NETWORK = /(?:^|[/,])(metadata=[^,]*)/;

/** Which layer a flow with this key would be in: that of its table and network. */
export function layerOf(key: string): string {
  return `${key.slice(0, key.indexOf("/"))} ${NETWORK.exec(key)?.[1] ?? ""}`;
}

/** The network of a layer with this name, as text: the same for all layers of the network. */
export function networkOfLayer(name: string): string {
  return name.slice(name.indexOf(" ") + 1);
}

const [FORWARD, ANSWER] = [`${TABLES.forward.id} `, `${TABLES.answer.id} `];

/** The name of the layer with the answers for the endpoints of a layer of FORWARD; null for any other layer. */
export function answersBeside(name: string): string | null {
  return name.startsWith(FORWARD) ? `${ANSWER}${name.slice(FORWARD.length)}` : null;
}

/** Behaves as the one map it stands for. Immutable. */
export class LayeredFlows implements ReadonlyMap<string, DesiredFlow> {
  readonly own: ReadonlyMap<string, DesiredFlow>;
  readonly shared: SharedLayers;
  readonly exceptions: Exceptions;
  #size: number | undefined;

  constructor(
    own: ReadonlyMap<string, DesiredFlow>,
    shared: SharedLayers = NO_LAYERS,
    exceptions: Exceptions = NO_EXCEPTIONS,
  ) {
    this.own = own;
    this.shared = shared;
    this.exceptions = exceptions;
  }

  #below(key: string): DesiredFlow | undefined {
    return this.own.get(key) ?? (this.shared.size === 0 ? undefined : this.shared.get(layerOf(key))?.get(key));
  }

  get(key: string): DesiredFlow | undefined {
    const exception = this.exceptions.size === 0 ? undefined : this.exceptions.get(key);
    return exception === undefined ? this.#below(key) : (exception ?? undefined);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Some flows are others, or are not there: null. */
  with(changes: Iterable<readonly [string, DesiredFlow | null]>): LayeredFlows {
    const exceptions = this.exceptions.with(
      [...changes].map(([key, flow]) => [key, (this.#below(key) ?? null) === flow ? undefined : flow] as const),
    );
    return exceptions === this.exceptions ? this : new LayeredFlows(this.own, this.shared, exceptions);
  }

  get size(): number {
    this.#size ??= this.#count();
    return this.#size;
  }

  #count(): number {
    let size = this.own.size;
    for (const layer of this.shared.values()) size += layer.size;
    if (this.shared.size > 0) for (const key of this.own.keys()) if (this.#isShared(key)) size--;
    for (const [key, flow] of this.exceptions) {
      if (this.#below(key) !== undefined) size--;
      if (flow !== null) size++;
    }
    return size;
  }

  #isShared(key: string): boolean {
    return this.shared.get(layerOf(key))?.has(key) === true;
  }

  *entries(): MapIterator<[string, DesiredFlow]> {
    const differs = (key: string): boolean => this.exceptions.size > 0 && this.exceptions.has(key);
    for (const [key, flow] of this.own) if (!differs(key)) yield [key, flow];
    for (const [key, flow] of this.exceptions) if (flow !== null) yield [key, flow];
    for (const layer of this.shared.values()) {
      for (const [key, flow] of layer) if (!this.own.has(key) && !differs(key)) yield [key, flow];
    }
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<DesiredFlow> {
    for (const [, flow] of this.entries()) yield flow;
  }

  forEach(visit: (flow: DesiredFlow, key: string, flows: ReadonlyMap<string, DesiredFlow>) => void): void {
    for (const [key, flow] of this.entries()) visit(flow, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, DesiredFlow]> {
    return this.entries();
  }
}

export function layered(flows: ReadonlyMap<string, DesiredFlow>): LayeredFlows {
  return flows instanceof LayeredFlows ? flows : new LayeredFlows(flows);
}

export type FlowDifference = Difference<DesiredFlow>;

const differing = new WeakMap<object, WeakMap<object, readonly FlowDifference[]>>();
const NO_LAYER: SharedMap<DesiredFlow> = SharedMap.of();

/** What two versions of a layer have in different forms: looked for once, and many ask. */
function differingIn(from: SharedMap<DesiredFlow>, to: SharedMap<DesiredFlow>): readonly FlowDifference[] {
  if (from === to) return [];
  const kept = differing.get(from)?.get(to);
  if (kept !== undefined) return kept;
  const found = differences(from, to).filter(({ before, after }) => before?.form !== after?.form);
  const of = differing.get(from) ?? new WeakMap<object, readonly FlowDifference[]>();
  differing.set(from, of.set(to, found));
  return found;
}

/** Keys that more than a layer may have made different: few, where the switches' own flows are the same. */
function apart(from: LayeredFlows, to: LayeredFlows): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const key of ownKeys(from.own, to.own)) keys.add(key);
  for (const { key } of differences(from.exceptions, to.exceptions)) keys.add(key);
  return keys;
}

/** Of those that may be others; all of them where neither has come of the other. */
function ownKeys(from: LayeredFlows["own"], to: LayeredFlows["own"]): Iterable<string> {
  if (from === to) return [];
  if (from instanceof SharedMap && to instanceof SharedMap) return differences(from, to).map(({ key }) => key);
  return [...to.keys(), ...from.keys()];
}

/** Whether a layer does not tell by itself what the whole has by this key. */
function isHidden(key: string, { own, exceptions }: LayeredFlows): boolean {
  return own.has(key) || (exceptions.size > 0 && exceptions.has(key));
}

/** Of form. The switch's own flows first, in their order. Costs what differs, where the own ones of both are versions of one map. */
export function* flowDifferences(
  before: ReadonlyMap<string, DesiredFlow>,
  after: ReadonlyMap<string, DesiredFlow>,
): Generator<FlowDifference> {
  if (before === after) return;
  const [from, to] = [layered(before), layered(after)];
  const one = (key: string): FlowDifference => ({ key, before: from.get(key), after: to.get(key) });
  const single = apart(from, to);
  for (const key of single) {
    const found = one(key);
    if (found.before !== found.after && found.before?.form !== found.after?.form) yield found;
  }
  for (const name of new Set([...to.shared.keys(), ...from.shared.keys()])) {
    const layers = [from.shared.get(name) ?? NO_LAYER, to.shared.get(name) ?? NO_LAYER] as const;
    for (const found of differingIn(...layers)) {
      const { key } = found;
      if (single.has(key)) continue;
      if (!isHidden(key, from) && !isHidden(key, to)) {
        yield found;
        continue;
      }
      const whole = one(key);
      if (whole.before !== whole.after && whole.before?.form !== whole.after?.form) yield whole;
    }
  }
}
