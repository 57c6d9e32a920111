// How long a tunnel that nobody sends by any more still stands: frames may be on their way in it.
import type { Timers } from "../reconcile/timers.ts";

const LINGER_MS = 2000;
/** A tunnel of the same name that is out of use after so long is another story. */
const FORGET_MS = 60_000;

export class TunnelRetirement {
  readonly #timers: Timers;
  readonly #again: () => void;
  /** Tunnel -> when it was first seen to be out of use. */
  readonly #since = new Map<string, number>();
  #timer: { cancel(): void } | null = null;

  /** @param again is called when a tunnel's time may be over. */
  constructor(timers: Timers, again: () => void) {
    this.#timers = timers;
    this.#again = again;
  }

  keep(tunnel: string): boolean {
    const now = this.#timers.now();
    const known = this.#since.get(tunnel);
    const since = known === undefined || now - known > FORGET_MS ? now : known;
    if (since !== known) this.#note(tunnel, now);
    if (now - since >= LINGER_MS) return false;
    this.#timer ??= this.#timers.setTimer(LINGER_MS, () => {
      this.#timer = null;
      this.#again();
    });
    return true;
  }

  /** Those that were noted first stand first: what is over for long is forgotten with them. */
  #note(tunnel: string, now: number): void {
    this.#since.delete(tunnel);
    for (const [other, since] of this.#since) {
      if (now - since <= FORGET_MS) break;
      this.#since.delete(other);
    }
    this.#since.set(tunnel, now);
  }

  /** How many are kept in mind. */
  get size(): number {
    return this.#since.size;
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
