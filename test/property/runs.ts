// How many cases a property test tries: few enough for every commit, more when asked for by WEFT_PROPERTY_RUNS.
const factor = Number(process.env.WEFT_PROPERTY_RUNS ?? "1");

/** So many cases, or the multiple asked for. */
export function scaled(usual: number): number {
  return Math.max(1, Math.round(usual * (Number.isFinite(factor) && factor > 0 ? factor : 1)));
}

/** `WEFT_PROPERTY_RUNS=20` tries twenty times as many. fast-check prints the seed of a failure; `WEFT_PROPERTY_SEED` repeats it. */
export function runs(usual: number): { readonly numRuns: number; readonly seed?: number } {
  const seed = process.env.WEFT_PROPERTY_SEED;
  return { numRuns: scaled(usual), ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/** More cases take more time. */
export const TIMEOUT = Object.freeze({ timeout: 30_000 * Math.max(1, Math.ceil(factor) || 1) });
