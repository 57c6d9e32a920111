// Very many latencies in little room: counted in bins that are 1/64 of their own size wide, so that a quantile is off by 1 % at most.

const SUB_BITS = 6;
const SUB = 1 << SUB_BITS;
/** Up to 2^40 ns, some 18 minutes; what is longer counts as that. */
const TOP_BITS = 40;
const BINS = (TOP_BITS - SUB_BITS + 1) * SUB;
const LARGEST = 2 ** TOP_BITS - 1;

function binOf(ns: number): number {
  if (ns < SUB) return ns;
  // Shifts of 32 bits do not reach: the exponent is taken from the number itself.
  const exponent = Math.floor(Math.log2(ns));
  const shift = exponent - SUB_BITS;
  return (shift + 1) * SUB + Math.floor(ns / 2 ** shift) - SUB;
}

/** The middle of a bin, in nanoseconds. */
function middleOf(bin: number): number {
  if (bin < SUB) return bin;
  const shift = Math.floor(bin / SUB) - 1;
  return (SUB + (bin % SUB) + 0.5) * 2 ** shift;
}

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export class Latencies {
  readonly #bins = new Uint32Array(BINS);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    const ns = Math.min(LARGEST, Math.max(0, Math.round(ms * 1e6)));
    const bin = binOf(ns);
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** In milliseconds; NaN while there are none. */
  quantile(fraction: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(this.#count * fraction));
    let seen = 0;
    for (let bin = 0; bin < BINS; bin++) {
      seen += this.#bins[bin] ?? 0;
      if (seen >= rank) return Math.min(middleOf(bin) / 1e6, this.#maxMs);
    }
    return this.#maxMs;
  }

  summary(): LatencySummary {
    return { count: this.#count, p50Ms: this.quantile(0.5), p99Ms: this.quantile(0.99), maxMs: this.#maxMs };
  }
}
