// What a host or a switch should hold, for those who only look at it.

/** null also where telling it fails: that is told where it happened, and no reason not to show the rest. */
export function ifTold<T>(tell: () => T | null): T | null {
  try {
    return tell();
  } catch {
    return null;
  }
}
