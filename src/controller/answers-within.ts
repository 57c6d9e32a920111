// Whether a connection is still alive, when another one of the same name has come.
import type { Timers } from "../reconcile/timers.ts";

/** A live peer answers in milliseconds; one that is busy for so long comes again. */
export const PROBE_MS = 2_000;

/** Never rejects. */
export function answersWithin(ms: number, ask: () => Promise<unknown>, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.setTimer(ms, () => resolve(false));
    const settle = (alive: boolean): void => {
      timer.cancel();
      resolve(alive);
    };
    ask().then(
      () => settle(true),
      () => settle(false),
    );
  });
}
