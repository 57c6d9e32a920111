// Who of many it is because of whom something can't be concluded: found by leaving some out, in few tries.

/** More at one time than this, and it is not a matter of single ones. */
const MOST = 8;

/**
 * Those without whom it goes; of two such lists the shorter. null where it fails without anybody, or because of too many.
 *
 * @param fails whether it fails with these; called about log2 of their number times for each that is found
 */
export function findCulprits<T>(all: readonly T[], fails: (kept: readonly T[]) => boolean): readonly T[] | null {
  if (fails([])) return null;
  const found = firstCulprits(all, fails);
  if (found?.length === 1) return found;
  // Where one makes it fail together with any other, it may be the others that were found.
  const backwards = firstCulprits([...all].reverse(), fails);
  return backwards !== null && backwards.length < (found?.length ?? MOST + 1) ? backwards : found;
}

/** Each is the first that, added to those before it, makes it fail. */
function firstCulprits<T>(all: readonly T[], fails: (kept: readonly T[]) => boolean): readonly T[] | null {
  const culprits: T[] = [];
  let kept = all;
  while (fails(kept)) {
    if (culprits.length >= MOST) return null;
    // Invariant: it goes with the first `good` of them, and fails with the first `bad`.
    let [good, bad] = [0, kept.length];
    while (bad - good > 1) {
      const middle = (good + bad) >>> 1;
      if (fails(kept.slice(0, middle))) bad = middle;
      else good = middle;
    }
    const culprit = kept[good];
    if (culprit === undefined) return null;
    culprits.push(culprit);
    kept = kept.filter((one) => one !== culprit);
  }
  return culprits;
}
