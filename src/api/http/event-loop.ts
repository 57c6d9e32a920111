// How late the event loop is, measured while somebody keeps asking.
import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";

const RESOLUTION_MS = 20;
/** Nobody has asked for so long: the clockwork is stopped. */
const IDLE_MS = 300_000;

export interface EventLoopView {
  readonly utilization: number;
  /** null at the first question: it is measured from then on. */
  readonly lag: { readonly meanSec: number; readonly p99Sec: number; readonly maxSec: number } | null;
}

export class EventLoopWatch {
  #histogram: IntervalHistogram | null = null;
  #idle: NodeJS.Timeout | null = null;
  #before = performance.eventLoopUtilization();

  /** Since the last question. */
  read(): EventLoopView {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    return { utilization, lag: this.#lag() };
  }

  #lag(): EventLoopView["lag"] {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.stop(), IDLE_MS);
    this.#idle.unref();
    if (this.#histogram === null) {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#histogram.enable();
      return null;
    }
    const { mean, max } = this.#histogram;
    const p99 = this.#histogram.percentile(99);
    this.#histogram.reset();
    // Its timer's own period counts as delay.
    const seconds = (ns: number): number => (Number.isFinite(ns) ? Math.max(0, ns / 1e6 - RESOLUTION_MS) / 1e3 : 0);
    return { meanSec: seconds(mean), p99Sec: seconds(p99), maxSec: seconds(max) };
  }

  stop(): void {
    this.#histogram?.disable();
    this.#histogram = null;
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
  }
}
