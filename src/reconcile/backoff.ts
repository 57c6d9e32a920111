// How long to wait before trying again what failed: longer each time, to a bound.

const FIRST_MS = 500;
const MAX_MS = 30_000;

/** `failures` counts from 1. */
export function retryDelayMs(failures: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 16), MAX_MS);
}
