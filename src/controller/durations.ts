// How long what the controller does takes, in buckets: a few additions each time, whether or not anybody asks.
import { type DurationsView, MEASURED, type Measured } from "../api/measures-views.ts";

const BOUNDS_SEC = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export class Durations {
  readonly #counts = new Map<Measured, number[]>(MEASURED.map((name) => [name, Array(BOUNDS_SEC.length + 1).fill(0)]));
  readonly #sumsMs = new Map<Measured, number>();

  add(name: Measured, ms: number): void {
    const counts = this.#counts.get(name) ?? [];
    const found = BOUNDS_SEC.findIndex((bound) => ms <= bound * 1000);
    const at = found < 0 ? BOUNDS_SEC.length : found;
    counts[at] = (counts[at] ?? 0) + 1;
    this.#sumsMs.set(name, (this.#sumsMs.get(name) ?? 0) + ms);
  }

  /** Also what fails has taken its time. */
  async of<T>(name: Measured, work: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    try {
      return await work();
    } finally {
      this.add(name, performance.now() - startMs);
    }
  }

  snapshot(): Readonly<Record<Measured, DurationsView>> {
    const view = (name: Measured): DurationsView => ({
      boundsSec: BOUNDS_SEC,
      counts: [...(this.#counts.get(name) ?? [])],
      sumSec: (this.#sumsMs.get(name) ?? 0) / 1000,
    });
    return { switchWrite: view("switchWrite"), databaseWrite: view("databaseWrite"), recompute: view("recompute") };
  }
}
