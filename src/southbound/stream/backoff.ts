// When to call again after a connection failed or ended: the waiting time doubles until a connection has held for a while.

export interface BackoffOptions {
  /** Default 1000. */
  readonly minMs: number;
  /** Default 8000. */
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = Object.freeze({ minMs: 1_000, maxMs: 8_000 });

/**
 * The next wait.
 * @param previousMs the wait before this one, 0 if there was none
 * @param heldMs how long the connection that ended had stood, 0 if it never came about
 */
export function nextBackoff(options: BackoffOptions, previousMs: number, heldMs: number): number {
  if (previousMs === 0 || heldMs >= options.maxMs) return options.minMs;
  return Math.min(previousMs * 2, options.maxMs);
}
