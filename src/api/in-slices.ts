// Work that may be long, in slices: whoever else waits has a turn between them.

/** Nobody notices that another had so long a turn. */
const SLICE_MS = 15;

/** Awaited between two steps of such work: no rest at all until the slice is used up. */
export type Rest = () => Promise<void>;

export function inSlices(now: () => number = () => performance.now()): Rest {
  let sinceMs = now();
  return async () => {
    if (now() - sinceMs < SLICE_MS) return;
    await new Promise(setImmediate);
    sinceMs = now();
  };
}
