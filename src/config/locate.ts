// Finds the place in a YAML document that a key path speaks of.
import { type Document, isMap, isNode, isScalar, isSeq, type LineCounter, type Node, type Pair } from "yaml";

export type KeyPath = readonly PropertyKey[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

/** The last node on the path that exists, as its key (`at: "key"`) or as its value. */
export function locate(doc: Document, lines: LineCounter, path: KeyPath, at: "key" | "value"): Place {
  let place: unknown = doc.contents;
  // An alias is not followed: the place that is wrong is the one where it is used.
  let node: unknown = doc.contents;
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item) === String(step));
      if (pair === undefined) break;
      place = last && at === "key" ? pair.key : (written(pair.value) ?? pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      place = node ?? place;
    } else break;
  }
  return placeOf(lines, isNode(place) ? (place.range?.[0] ?? 0) : 0);
}

/** A key with nothing after it has a value of no width, somewhere behind the colon: the key is the better place. */
function written(value: unknown): Node | undefined {
  return isNode(value) && value.range && value.range[1] > value.range[0] ? value : undefined;
}

export function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Every key of every map, with the path to it, in the order of the file. */
export function* keysOf(doc: Document): Generator<{ readonly path: readonly string[]; readonly offset: number }> {
  yield* keysBelow(doc.contents, []);
}

function* keysBelow(
  node: unknown,
  path: readonly string[],
): Generator<{ readonly path: readonly string[]; readonly offset: number }> {
  if (isMap(node)) {
    for (const pair of node.items) {
      const below = [...path, keyText(pair)];
      if (isNode(pair.key)) yield { path: below, offset: pair.key.range?.[0] ?? 0 };
      yield* keysBelow(pair.value, below);
    }
  } else if (isSeq(node)) {
    for (const [at, item] of node.items.entries()) yield* keysBelow(item, [...path, String(at)]);
  }
}
