// What follows from an immutable value alone is made of it once, for all hosts that have the value in common.

/** @returns what gives the `kind` of thing that is made of a value, and makes it where it is not there yet */
export function madeOnce<Key extends object, Made>(): (key: Key, kind: string | number, make: () => Made) => Made {
  const all = new WeakMap<Key, Map<string | number, Made>>();
  return (key, kind, make) => {
    const known = all.get(key) ?? new Map<string | number, Made>();
    const before = known.get(kind);
    if (before !== undefined) return before;
    const made = make();
    all.set(key, known.set(kind, made));
    return made;
  };
}
