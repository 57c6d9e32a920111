// How often switches are looked through, so that looking costs the same however many and large they are.

/** What all audits of this controller read together: groups, meters and flows. */
const ENTRIES_PER_SECOND = 20_000;

export class AuditPace {
  #freeAtMs = 0;

  /** What was read, and how long until its reader may read again: `atLeastMs`, or later when others have read much. */
  charge(entries: number, nowMs: number, atLeastMs: number): number {
    const costMs = ((entries + 1) / ENTRIES_PER_SECOND) * 1000;
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + costMs;
    return Math.max(atLeastMs, this.#freeAtMs - nowMs);
  }
}
