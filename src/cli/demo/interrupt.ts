// Turns signals into a wish to stop that steps can look at: what was begun is ended in order, never cut off in the middle.
import { SilentFailure } from "../failure.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interrupt {
  readonly wanted: boolean;
  /** Resolves when a stop is wanted. */
  readonly promise: Promise<void>;
  /** @throws SilentFailure when a stop is wanted. */
  check(): void;
  /** From now on signals end the process again. */
  release(): void;
}

/** `onSignal` is told of each signal, the first one with `again` false. */
export function watchSignals(onSignal: (again: boolean) => void): Interrupt {
  let wanted = false;
  let wake: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const take = (): void => {
    onSignal(wanted);
    wanted = true;
    wake();
  };
  for (const signal of SIGNALS) process.on(signal, take);
  return {
    get wanted() {
      return wanted;
    },
    promise,
    check: () => {
      if (wanted) throw new SilentFailure(130);
    },
    release: () => {
      for (const signal of SIGNALS) process.off(signal, take);
    },
  };
}
