// Tells what is written for the first time from what comes and goes: only the latter could go on for ever.
import { flowKey } from "../pipeline/desired.ts";
import type { SwitchChange } from "./switch-plan.ts";

/** Flows that were taken away so long ago are not those that come and go. */
const MEMORY_MS = 10_000;
/** With more than these gone, whatever comes counts as coming back. */
const MAX_GONE = 4096;

export class Turnarounds {
  /** Keys of flows that were taken away in this span of time. */
  readonly #gone = new Set<string>();
  #sinceMs = Number.NEGATIVE_INFINITY;

  /** Whether one of the flows that were added had been taken away shortly before. */
  bringsBack(changes: readonly SwitchChange[], nowMs: number): boolean {
    if (nowMs - this.#sinceMs > MEMORY_MS) {
      this.#gone.clear();
      this.#sinceMs = nowMs;
    }
    let isBack = this.#gone.size >= MAX_GONE;
    for (const change of changes) {
      if (change.kind !== "flow_mod") continue;
      const isGone = change.command === "delete_strict";
      if (!isGone && (this.#gone.size === 0 || isBack)) continue;
      const key = flowKey(change.tableId, change.priority, change.match);
      if (isGone && this.#gone.size < MAX_GONE) this.#gone.add(key);
      else if (!isGone && this.#gone.has(key)) isBack = true;
    }
    return isBack;
  }
}
