// One transaction for a host, as it is drawn up: its operations, each with the reason for it.
import { byUuid, mutate, type Operation } from "../../proto/ovsdb/operations.ts";
import { ovsMap, ovsSet } from "../../proto/ovsdb/values.ts";
import type { Diagnostic } from "../model/diagnostic.ts";

export interface HostPlan {
  readonly operations: readonly Operation[];
  /** What the transaction does, for people, one line each. */
  readonly summary: readonly string[];
  readonly problems: readonly Diagnostic[];
}

/** Collects the operations; keeps each with the reason for it. */
export class Draft implements HostPlan {
  readonly operations: Operation[] = [];
  readonly summary: string[] = [];
  readonly problems: Diagnostic[] = [];

  add(reason: string, ...operations: readonly Operation[]): void {
    this.summary.push(reason);
    this.operations.push(...operations);
  }
}

/** `insert` does not replace what a map holds: a key goes first, then comes with its value. */
export function setKeys(
  table: string,
  uuid: string,
  column: string,
  have: ReadonlyMap<string, string>,
  want: ReadonlyMap<string, string>,
): Operation | null {
  const changed = [...want].filter(([key, value]) => have.get(key) !== value);
  if (changed.length === 0) return null;
  return mutate(table, byUuid(uuid), [
    [column, "delete", ovsSet(changed.map(([key]) => key))],
    [column, "insert", ovsMap(changed)],
  ]);
}

export function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
