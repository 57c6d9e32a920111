// Of several runs, the one number that is shown; of many samples, how they are spread.

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Between two samples it lies between them (linear, as NumPy and R have it by default). NaN of no samples.
 * @param fraction 0.99 for the 99th percentile
 */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * Math.min(1, Math.max(0, fraction));
  const below = Math.floor(at);
  const [low, high] = [sorted[below] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low === high ? low : low + (high - low) * (at - below);
}

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) };
}
