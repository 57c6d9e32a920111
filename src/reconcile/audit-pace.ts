// How often switches are looked through, so that looking costs the same however many and large they are.

/** What all audits of this controller read together: groups, meters and flows. */
const ENTRIES_PER_SECOND = 20_000;

export interface AuditRounds {
  /** Groups and meters have no monitor: what is changed is found, and repaired, within 5 s. */
  readonly roundMs: number;
  /** The number of flows is only compared so often where a monitor tells of their changes. */
  readonly countEveryMs: number;
}

const USUAL: AuditRounds = Object.freeze({ roundMs: 3_000, countEveryMs: 60_000 });

export class AuditPace {
  readonly rounds: AuditRounds;
  #freeAtMs = 0;

  constructor(rounds = USUAL) {
    this.rounds = rounds;
  }

  /** What was read, and how long until its reader may read again: `atLeastMs`, or later when others have read much. */
  charge(entries: number, nowMs: number, atLeastMs: number): number {
    const costMs = ((entries + 1) / ENTRIES_PER_SECOND) * 1000;
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + costMs;
    return Math.max(atLeastMs, this.#freeAtMs - nowMs);
  }
}
