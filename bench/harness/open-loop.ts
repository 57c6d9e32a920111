// An open loop's clock: what is due when, whatever became of what was due before.

/**
 * The k-th request (from 0) is due `k / perSec` seconds after the start. A latency that is counted from then on hides
 * neither a responder nor a generator that falls behind.
 */
export class OpenLoopClock {
  readonly #startMs: number;
  readonly #perSec: number;
  readonly #total: number;
  #taken = 0;

  constructor(startMs: number, perSec: number, seconds: number) {
    this.#startMs = startMs;
    this.#perSec = perSec;
    this.#total = Math.floor(perSec * seconds);
  }

  /** How many there will have been. */
  get total(): number {
    return this.#total;
  }

  get isOver(): boolean {
    return this.#taken >= this.#total;
  }

  dueAtMs(request: number): number {
    return this.#startMs + (request * 1000) / this.#perSec;
  }

  /** The requests that are due by now and were not taken before, as [from, to). */
  take(nowMs: number): readonly [number, number] {
    const elapsed = Math.max(0, nowMs - this.#startMs);
    // One is due at the very start.
    const due = Math.min(this.#total, Math.floor((elapsed * this.#perSec) / 1000) + 1);
    const from = this.#taken;
    this.#taken = Math.max(from, nowMs < this.#startMs ? from : due);
    return [from, this.#taken];
  }
}
