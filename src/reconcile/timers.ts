// Time as reconciliation sees it, passed in.

export interface Timers {
  /** Milliseconds that only go forward. */
  now(): number;
  setTimer(delayMs: number, callback: () => void): { cancel(): void };
}
