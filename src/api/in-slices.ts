// Work that may be long, in slices: whoever else waits has a turn between them.

/** Nobody notices that another had so long a turn. */
const SLICE_MS = 15;

/** Awaited between two steps of such work: no rest at all until the slice is used up. */
export type Rest = () => Promise<void>;

/** Several who work by the same slices go on one after the other. */
export function inSlices(now: () => number = () => performance.now()): Rest {
  let sinceMs = now();
  let turn: Promise<void> = Promise.resolve();
  const next = (): void | Promise<void> => {
    if (now() - sinceMs < SLICE_MS) return;
    return new Promise<void>((resolve) => {
      setImmediate(() => {
        sinceMs = now();
        resolve();
      });
    });
  };
  return () => {
    turn = turn.then(next);
    return turn;
  };
}
