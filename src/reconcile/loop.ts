// The loop every reconciler runs: one attempt at a time, always from state, again when woken meanwhile, later when it failed.
import { retryDelayMs } from "./backoff.ts";
import type { Timers } from "./timers.ts";

/**
 * What an attempt came to: nothing to do, all done, or a failure that is tried again after a while. What was only added,
 * and had not been there before, is bounded by what there can be: it does not wait.
 */
export type Attempt = "settled" | "added" | "wrote" | "failed";

/** However fast facts change, so many writes a second in the long run; and so many at once before that. */
const WRITES_PER_SEC = 10;
const WRITES_AT_ONCE = 30;

export class ReconcileLoop {
  readonly #attempt: () => Promise<Attempt>;
  readonly #timers: Timers;
  #state: "idle" | "running" | "stopped" = "idle";
  #woken = false;
  #failures = 0;
  #running: Promise<void> = Promise.resolve();
  /** Writes that may be made at once; filled as time goes by. */
  #allowance = WRITES_AT_ONCE;
  #filledAtMs: number;
  #retry: { cancel(): void } | null = null;

  /** @param attempt must not throw; what is wrong becomes "failed" and a status of its owner. */
  constructor(attempt: () => Promise<Attempt>, timers: Timers) {
    this.#attempt = attempt;
    this.#timers = timers;
    this.#filledAtMs = timers.now();
  }

  /** Something may have changed: look as soon as the attempt under way is over. */
  wake(): void {
    if (this.#state === "stopped") return;
    this.#woken = true;
    if (this.#state === "idle" && this.#retry === null) this.#running = this.#run();
  }

  /** Resolves when no attempt is under way: after `stop`, for good. */
  idle(): Promise<void> {
    return this.#running;
  }

  stop(): void {
    this.#state = "stopped";
    this.#retry?.cancel();
    this.#retry = null;
  }

  async #run(): Promise<void> {
    this.#state = "running";
    while (this.#woken && this.#isRunning()) {
      this.#woken = false;
      // Whatever comes of it, the loop must not end: it is tried again like any failure.
      const outcome = await this.#attempt().catch((): Attempt => "failed");
      if (!this.#isRunning()) break;
      if (outcome === "failed") {
        this.#failures++;
        this.#wakeIn(retryDelayMs(this.#failures));
        break;
      }
      this.#failures = 0;
      const pauseMs = outcome === "wrote" ? this.#charge() : 0;
      if (pauseMs > 0) {
        this.#wakeIn(pauseMs);
        break;
      }
    }
    if (this.#isRunning()) this.#state = "idle";
  }

  #wakeIn(delayMs: number): void {
    this.#retry = this.#timers.setTimer(delayMs, () => {
      this.#retry = null;
      this.wake();
    });
  }

  /** One write more. @returns for how long there may be none. */
  #charge(): number {
    const now = this.#timers.now();
    const filled = this.#allowance + ((now - this.#filledAtMs) * WRITES_PER_SEC) / 1000;
    this.#allowance = Math.min(filled, WRITES_AT_ONCE) - 1;
    this.#filledAtMs = now;
    return this.#allowance >= 1 ? 0 : Math.ceil(((1 - this.#allowance) * 1000) / WRITES_PER_SEC);
  }

  #isRunning(): boolean {
    return this.#state === "running";
  }
}
