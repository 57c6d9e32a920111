// Holds back what a host has to say, and lets it out late and little by little.
import type { Pace } from "./manners.ts";

const TURN_MS = 20;

interface Held {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
  at: number;
}

export class SlowWriter {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #pace: () => Pace | null;
  readonly #held: Held[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** @param pace null lets everything out at the next turn */
  constructor(write: (bytes: Uint8Array) => void, pace: () => Pace | null) {
    this.#write = write;
    this.#pace = pace;
  }

  /** Something is still held back, and what comes now has to queue behind it. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  push(bytes: Uint8Array): void {
    this.#held.push({ bytes, dueMs: performance.now() + (this.#pace()?.delayMs ?? 0), at: 0 });
    this.#timer ??= setInterval(() => this.#turn(), TURN_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#held.length = 0;
  }

  #turn(): void {
    const pace = this.#pace();
    const now = performance.now();
    let budget = pace === null ? Number.POSITIVE_INFINITY : Math.ceil((pace.bytesPerSec * TURN_MS) / 1000);
    for (let first = this.#held[0]; first !== undefined && budget > 0; first = this.#held[0]) {
      if (pace !== null && first.dueMs > now) return;
      const end = Math.min(first.bytes.length, first.at + budget);
      this.#write(first.bytes.subarray(first.at, end));
      budget -= end - first.at;
      first.at = end;
      if (end === first.bytes.length) this.#held.shift();
    }
    if (this.#held.length === 0) this.stop();
  }
}
