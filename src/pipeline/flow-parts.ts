// Flows that come of many parts, each made by itself: when some parts are others, only what those said is looked at.
import { SharedMap } from "../model/shared-map.ts";
import type { DesiredFlow } from "./desired.ts";

/** What one thing comes to; the same list for as long as it comes to the same. */
export type FlowPart = readonly DesiredFlow[];

export interface FlowParts {
  readonly parts: readonly FlowPart[];
  /** By key; of two parts that say something of one flow the later one counts. */
  readonly flows: SharedMap<DesiredFlow>;
}

export const NO_PARTS: FlowParts = { parts: [], flows: SharedMap.of() };

function asChanges(parts: readonly FlowPart[]): Map<string, DesiredFlow | undefined> {
  const changes = new Map<string, DesiredFlow | undefined>();
  for (const part of parts) for (const flow of part) changes.set(flow.key, flow);
  return changes;
}

/** What compares equal stays the same object: then there is nothing to be looked at, or to be done. */
function changed(
  flows: SharedMap<DesiredFlow>,
  changes: ReadonlyMap<string, DesiredFlow | undefined>,
): SharedMap<DesiredFlow> {
  const kept = [...changes].map(([key, flow]) => {
    const before = flows.get(key);
    return [key, before !== undefined && before.form === flow?.form ? before : flow] as const;
  });
  return flows.with(kept);
}

/** @param before what it was; the same map where nothing is different */
export function joinParts(parts: readonly FlowPart[], before: FlowParts = NO_PARTS): FlowParts {
  const [were, are] = [new Set(before.parts), new Set(parts)];
  const fresh = asChanges(parts.filter((part) => !were.has(part)));
  const changes = new Map<string, DesiredFlow | undefined>();
  for (const part of before.parts) {
    if (!are.has(part)) for (const { key } of part) changes.set(key, undefined);
  }
  for (const [key, flow] of fresh) changes.set(key, flow);
  const flows = changed(before.flows, changes);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (flows.size === size) return { parts, flows };
  // Two parts speak of one flow: what is changed in the one may have uncovered the other.
  const all = asChanges(parts);
  for (const key of before.flows.keys()) if (!all.has(key)) all.set(key, undefined);
  return { parts, flows: changed(before.flows, all) };
}
