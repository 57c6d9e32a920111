// Values that say the same as before stay the same objects: by that, what follows from them is known to be the same too.

/** Whether two values of plain data say the same: objects, lists, maps and sets, however deep. The order in maps counts. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, at) => isSame(one, b[at]));
  if (a instanceof Map) return b instanceof Map && a.size === b.size && isSameOrder(a, b);
  if (a instanceof Set) return b instanceof Set && a.size === b.size && isSameOrder(a, b);
  if (Array.isArray(b) || b instanceof Map || b instanceof Set) return false;
  return isSameObject(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>);
}

function isSameOrder(a: Iterable<unknown>, b: Iterable<unknown>): boolean {
  const others = b[Symbol.iterator]();
  for (const one of a) if (!isSame(one, others.next().value)) return false;
  return true;
}

function isSameObject(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  let keys = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !isSame(a[key], b[key])) return false;
    keys += 1;
  }
  return keys === Object.keys(b).length;
}

export function kept<T>(before: T | undefined, now: T): T {
  return before !== undefined && isSame(before, now) ? before : now;
}

/** Lists that are sorted by `compare`: elements that are as before are the same objects, and so is a list of nothing else. */
export function keptList<T>(before: readonly T[], now: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  let at = 0;
  let isWhole = before.length === now.length;
  const list = now.map((one, place) => {
    for (let old = before[at]; old !== undefined && compare(old, one) < 0; old = before[at]) at += 1;
    const old = before[at];
    const same = old !== undefined && isSame(old, one) ? old : one;
    isWhole &&= same === before[place];
    return same;
  });
  return isWhole ? before : Object.freeze(list);
}

/** The same for a map; its order counts. */
export function keptMap<K, V>(before: ReadonlyMap<K, V> | undefined, now: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (before === undefined) return now;
  const keys = before.keys();
  let [isWhole, isNew] = [before.size === now.size, true];
  const values: V[] = [];
  for (const [key, value] of now) {
    const old = before.get(key);
    const same = kept(old, value);
    isWhole &&= same === old && keys.next().value === key;
    isNew &&= same === value;
    values.push(same);
  }
  if (isWhole) return before;
  let at = 0;
  return isNew ? now : new Map([...now.keys()].map((key) => [key, values[at++] as V]));
}
