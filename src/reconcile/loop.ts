// The loop every reconciler runs: one attempt at a time, always from state, again when woken meanwhile, later when it failed.
import { retryDelayMs } from "./backoff.ts";
import type { Timers } from "./timers.ts";

/** What an attempt came to: nothing left to do, or a failure that is tried again after a while. */
export type Attempt = "settled" | "failed";

export class ReconcileLoop {
  readonly #attempt: () => Promise<Attempt>;
  readonly #timers: Timers;
  #state: "idle" | "running" | "stopped" = "idle";
  #woken = false;
  #failures = 0;
  #retry: { cancel(): void } | null = null;

  /** @param attempt must not throw; what is wrong becomes "failed" and a status of its owner. */
  constructor(attempt: () => Promise<Attempt>, timers: Timers) {
    this.#attempt = attempt;
    this.#timers = timers;
  }

  /** Something may have changed: look as soon as the attempt under way is over. */
  wake(): void {
    if (this.#state === "stopped") return;
    this.#woken = true;
    if (this.#state === "idle" && this.#retry === null) void this.#run();
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
      if (outcome === "settled") this.#failures = 0;
      else if (this.#isRunning()) {
        this.#failures++;
        this.#retry = this.#timers.setTimer(retryDelayMs(this.#failures), () => {
          this.#retry = null;
          this.wake();
        });
        break;
      }
    }
    if (this.#isRunning()) this.#state = "idle";
  }

  #isRunning(): boolean {
    return this.#state === "running";
  }
}
