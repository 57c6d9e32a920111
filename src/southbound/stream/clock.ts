// Time as sessions see it, passed in so that a test can turn it by hand.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds that only go forward; not the time of day. */
  now(): number;
  /** Calls back once, `delayMs` from now, unless cancelled before. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
});
