// What guests say unasked: that they are there, when they come, and now and then after that, as systems with an address do.
import type { Guest } from "../../sim/guest.ts";

const TURN_MS = 100;
const FIRST_MS = 100;
/** Each time twice as long as before, and in the end so often: within the time after which a silent guest is forgotten. */
const LONGEST_MS = 60_000;

interface Speaker {
  readonly guest: Guest;
  dueMs: number;
  waitMs: number;
}

export class Chatter {
  readonly #speakers = new Map<string, Speaker>();
  #timer: NodeJS.Timeout | null = null;

  add(name: string, guest: Guest): void {
    this.#speakers.set(name, { guest, dueMs: performance.now() + FIRST_MS, waitMs: FIRST_MS });
    this.#timer ??= setInterval(() => this.#turn(), TURN_MS);
    this.#timer.unref();
  }

  remove(name: string): void {
    this.#speakers.delete(name);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #turn(): void {
    const nowMs = performance.now();
    for (const speaker of this.#speakers.values()) {
      if (speaker.dueMs > nowMs) continue;
      speaker.waitMs = Math.min(speaker.waitMs * 2, LONGEST_MS);
      speaker.dueMs = nowMs + speaker.waitMs;
      speaker.guest.announce();
    }
  }
}
