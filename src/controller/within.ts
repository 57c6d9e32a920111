// A question that must not be waited for longer than a person waits.
import type { Timers } from "../reconcile/timers.ts";

/** null where there was no answer in time, or it failed. */
export function within<T>(ms: number, ask: Promise<T>, timers: Timers): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = timers.setTimer(ms, () => resolve(null));
    const settle = (value: T | null): void => {
      timer.cancel();
      resolve(value);
    };
    ask.then(settle, () => settle(null));
  });
}
