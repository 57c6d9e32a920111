// What guests say unasked: that they are there, when they come, and now and then after that, as systems with an address do.
import type { Guest } from "../../sim/guest.ts";

const TURN_MS = 100;
const FIRST_MS = 100;
/** Each time twice as long as before, and in the end so often: within the time after which a silent guest is forgotten. */
const LONGEST_MS = 60_000;
/** Of a turn: a broadcast goes to all guests of a large lab at once, and hosts that say nothing meanwhile pass for lost. */
const MOST_BUSY_MS = TURN_MS / 2;

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

  /** Who has waited longest speaks first. Who had to wait for others leaves as much time to them. */
  #turn(): void {
    const startMs = performance.now();
    const due = [...this.#speakers.values()].filter(({ dueMs }) => dueMs <= startMs).sort((a, b) => a.dueMs - b.dueMs);
    for (const speaker of due) {
      const nowMs = performance.now();
      if (nowMs - startMs >= MOST_BUSY_MS) return;
      speaker.waitMs = Math.min(2 * Math.max(speaker.waitMs, nowMs - speaker.dueMs), LONGEST_MS);
      speaker.dueMs = nowMs + speaker.waitMs;
      speaker.guest.announce();
    }
  }
}
