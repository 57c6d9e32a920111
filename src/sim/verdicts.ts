// When BFD finds out: what is to be decided between two hosts, each at its time.
import type { SimulatedHost } from "./host.ts";

/** How exactly BFD keeps time. */
const VERDICT_MS = 50;

/** What is to be decided, at its time: one timer for all, since a fleet has a million tunnels. */
export class Verdicts {
  readonly #due = new Map<number, Map<string, readonly [SimulatedHost, SimulatedHost]>>();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;

  constructor(judge: (from: SimulatedHost, to: SimulatedHost) => void) {
    this.#timer = setInterval(() => {
      this.#turn += 1;
      const now = this.#due.get(this.#turn);
      this.#due.delete(this.#turn);
      for (const [from, to] of now?.values() ?? []) judge(from, to);
    }, VERDICT_MS);
    this.#timer.unref();
  }

  add(from: SimulatedHost, to: SimulatedHost, delayMs: number): void {
    const turn = this.#turn + Math.max(1, Math.ceil(delayMs / VERDICT_MS));
    const there = this.#due.get(turn) ?? new Map<string, readonly [SimulatedHost, SimulatedHost]>();
    there.set(`${from.number} ${to.number}`, [from, to]);
    this.#due.set(turn, there);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#due.clear();
  }
}
