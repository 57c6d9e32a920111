// One transaction for a host, as it is drawn up: its operations, each with the reason for it.
import { byUuid, mutate, type Operation } from "../../proto/ovsdb/operations.ts";
import { ovsMap, ovsSet } from "../../proto/ovsdb/values.ts";
import type { Diagnostic } from "../model/diagnostic.ts";

/** One thing that a transaction does. */
export interface HostStep {
  readonly deed: "add" | "change" | "remove";
  readonly text: string;
}

export interface HostPlan {
  readonly operations: readonly Operation[];
  /** What the transaction does, for people, one line each. */
  readonly summary: readonly string[];
  /** The same, by what is done. */
  readonly steps: readonly HostStep[];
  readonly problems: readonly Diagnostic[];
}

/** Collects the operations; keeps each with the reason for it. */
export class Draft implements HostPlan {
  readonly operations: Operation[] = [];
  readonly steps: HostStep[] = [];
  readonly problems: Diagnostic[] = [];

  get summary(): readonly string[] {
    return this.steps.map(({ deed, text }) => (deed === "remove" ? `remove ${text}` : text));
  }

  add(reason: string, ...operations: readonly Operation[]): void {
    const deed = operations.some(({ op }) => op === "insert") ? "add" : "change";
    this.steps.push({ deed, text: reason });
    this.operations.push(...operations);
  }

  /** Its operation comes with those of others. */
  remove(text: string): void {
    this.steps.push({ deed: "remove", text });
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
