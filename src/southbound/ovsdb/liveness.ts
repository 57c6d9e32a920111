// Notices a peer that is gone without a word: silence is answered by a probe, and more silence by the end.
import type { Clock, Timer } from "../stream/clock.ts";

export interface LivenessOptions {
  /** Silence after which the peer is asked for a sign of life. Default 5000. */
  readonly probeAfterMs: number;
  /** Silence after which it counts as gone. Default 10000. */
  readonly dropAfterMs: number;
}

export const DEFAULT_LIVENESS: LivenessOptions = Object.freeze({ probeAfterMs: 5_000, dropAfterMs: 10_000 });

/** A timer this late means that this process stood still, and the peer's bytes may be waiting unread. */
const LATE_MS = 1_000;

export class Liveness {
  readonly #clock: Clock;
  readonly #options: LivenessOptions;
  readonly #onProbe: () => void;
  readonly #onGone: (silentMs: number) => void;
  #heardAt: number;
  #timer: Timer;

  constructor(clock: Clock, options: LivenessOptions, onProbe: () => void, onGone: (silentMs: number) => void) {
    this.#clock = clock;
    this.#options = options;
    this.#onProbe = onProbe;
    this.#onGone = onGone;
    this.#heardAt = clock.now();
    this.#timer = this.#awaitSilence();
  }

  /** Any bytes of the peer are a sign of life. */
  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** Bytes come far more often than timers fall due, so a timer looks at its end whether it was needed. */
  #awaitSilence(): Timer {
    const waitMs = this.#heardAt + this.#options.probeAfterMs - this.#clock.now();
    return this.#clock.setTimer(waitMs, () => {
      if (this.#clock.now() < this.#heardAt + this.#options.probeAfterMs) {
        this.#timer = this.#awaitSilence();
        return;
      }
      this.#timer = this.#awaitAnswer(this.#options.dropAfterMs - this.#options.probeAfterMs);
      this.#onProbe();
    });
  }

  #awaitAnswer(waitMs: number): Timer {
    const askedAt = this.#clock.now();
    return this.#clock.setTimer(waitMs, () => {
      const now = this.#clock.now();
      if (this.#heardAt >= askedAt) this.#timer = this.#awaitSilence();
      else if (now - askedAt > waitMs + LATE_MS) this.#timer = this.#awaitAnswer(LATE_MS);
      else this.#onGone(now - this.#heardAt);
    });
  }
}
