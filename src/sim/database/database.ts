// A database in memory: transactions on it, all or nothing, and those who are told of every change.
import type { Json } from "../../../proto/ovsdb/json-text.ts";
import { type Layout, layoutsOf, type Row, type RowEdit } from "./rows.ts";
import { runTransaction, type Tables } from "./transaction.ts";
import { VSWITCH_SCHEMA } from "./vswitch-schema.ts";

/** The same for every host of a fleet. */
export const LAYOUTS: ReadonlyMap<string, Layout> = layoutsOf(VSWITCH_SCHEMA);

export type Watcher = (edits: readonly RowEdit[]) => void;

interface Blocked {
  readonly operations: readonly Json[];
  readonly done: (results: readonly Json[]) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

export class Database implements Tables {
  readonly layouts = LAYOUTS;
  readonly #rows = new Map<string, Map<string, Row>>([...LAYOUTS.keys()].map((name) => [name, new Map()]));
  readonly #references = new Map<string, number>();
  readonly #watchers = new Set<Watcher>();
  #blocked: Blocked[] = [];

  rowsOf(table: string): ReadonlyMap<string, Row> {
    return this.#rows.get(table) ?? new Map<string, Row>();
  }

  referencesTo(uuid: string): number {
    return this.#references.get(uuid) ?? 0;
  }

  /** @returns what ends it */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Runs a `transact`; `done` is called at once, or later where a `wait` has to be met first. */
  transact(operations: readonly Json[], done: (results: readonly Json[]) => void): void {
    if (this.#attempt(operations, done) !== "waits") return;
    const outcome = runTransaction(this, operations);
    const timeoutMs = outcome.kind === "waits" ? outcome.timeoutMs : undefined;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#giveUp(blocked), timeoutMs);
    timer?.unref();
    const blocked: Blocked = { operations, done, timer };
    this.#blocked.push(blocked);
  }

  /** For what the host itself writes, which is never refused. @throws Error with the reason, where it is */
  write(...operations: readonly Json[]): void {
    this.transact(operations, (results) => {
      const failed = results.find((result) => typeof result === "object" && result !== null && "error" in result);
      if (failed !== undefined) throw new Error(`a simulated host's own write is refused: ${JSON.stringify(failed)}`);
    });
  }

  close(): void {
    for (const { timer } of this.#blocked) clearTimeout(timer);
    this.#blocked = [];
    this.#watchers.clear();
  }

  #attempt(operations: readonly Json[], done: (results: readonly Json[]) => void): "done" | "waits" {
    const outcome = runTransaction(this, operations);
    if (outcome.kind === "waits") return "waits";
    if (outcome.kind === "done") this.#commit(outcome.edits);
    // Watchers are told first: who asked sees what was done before the answer to it.
    done(outcome.results);
    if (outcome.kind === "done" && outcome.edits.length > 0) this.#retry();
    return "done";
  }

  #commit(edits: readonly RowEdit[]): void {
    if (edits.length === 0) return;
    for (const { table, uuid, before, after } of edits) {
      const rows = this.#rows.get(table);
      if (after === undefined) rows?.delete(uuid);
      else rows?.set(uuid, after);
      this.#refer(table, before, -1);
      this.#refer(table, after, 1);
    }
    for (const watcher of this.#watchers) watcher(edits);
  }

  #refer(table: string, row: Row | undefined, by: number): void {
    if (row === undefined) return;
    for (const { at } of LAYOUTS.get(table)?.references ?? []) {
      for (const target of row[at] as readonly string[]) {
        const count = this.referencesTo(target) + by;
        if (count === 0) this.#references.delete(target);
        else this.#references.set(target, count);
      }
    }
  }

  #retry(): void {
    const waiting = this.#blocked;
    this.#blocked = [];
    for (const blocked of waiting) {
      if (this.#attempt(blocked.operations, blocked.done) === "waits") this.#blocked.push(blocked);
      else clearTimeout(blocked.timer);
    }
  }

  #giveUp(blocked: Blocked): void {
    this.#blocked = this.#blocked.filter((other) => other !== blocked);
    blocked.done([{ error: "timed out", details: `"wait" timed out` }]);
  }
}
