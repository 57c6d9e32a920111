// Finds the word a person most likely meant.

/** How many letters must be inserted, deleted, changed or swapped with a neighbour to get from one word to the other. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The nearest of the words, if it is near enough to be a slip: a third of the letters may differ, and case does not count. */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  // Beyond any key's length there is nothing to guess, and the distance costs the product of the lengths.
  if (word.length > 64) return undefined;
  const fold = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, "");
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of words) {
    const distance = editDistance(fold(word), fold(candidate));
    const near = distance <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (near && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}
