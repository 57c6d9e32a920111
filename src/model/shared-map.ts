// An immutable map whose versions share what is the same in them: a change costs what it changes, and so does a comparison.

const BITS = 5;
const FAN = 1 << BITS;
/** A leaf with more entries is divided, while there are bits of the hash left. */
const LEAF = 8;
const HASH_BITS = 32;

interface Leaf<V> {
  readonly kind: "leaf";
  readonly by: object;
  /** Sorted. */
  readonly keys: string[];
  readonly values: V[];
}

interface Branch<V> {
  readonly kind: "branch";
  /** The change that made it, and may still write to it. */
  readonly by: object;
  readonly children: (Node<V> | null)[];
  size: number;
}

type Node<V> = Leaf<V> | Branch<V>;

/** FNV-1a, with the bits mixed once more: keys of one kind are alike. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function slotOf(hash: number, shift: number): number {
  return (hash >>> shift) & (FAN - 1);
}

function sizeOf<V>(node: Node<V> | null): number {
  if (node === null) return 0;
  return node.kind === "leaf" ? node.keys.length : node.size;
}

function setInLeaf<V>(leaf: Leaf<V>, key: string, value: V, shift: number, by: object): Node<V> {
  const at = leaf.keys.indexOf(key);
  if (at >= 0 && leaf.values[at] === value) return leaf;
  const own: Leaf<V> = leaf.by === by ? leaf : { kind: "leaf", by, keys: [...leaf.keys], values: [...leaf.values] };
  if (at >= 0) {
    own.values[at] = value;
    return own;
  }
  const before = own.keys.findIndex((one) => one > key);
  const place = before < 0 ? own.keys.length : before;
  own.keys.splice(place, 0, key);
  own.values.splice(place, 0, value);
  if (own.keys.length <= LEAF || shift >= HASH_BITS) return own;
  let branch: Node<V> = { kind: "branch", by, children: new Array<Node<V> | null>(FAN).fill(null), size: 0 };
  own.keys.forEach((one, index) => {
    branch = set(branch, one, own.values[index] as V, hashOf(one), shift, by);
  });
  return branch;
}

function set<V>(node: Node<V> | null, key: string, value: V, hash: number, shift: number, by: object): Node<V> {
  if (node === null) return { kind: "leaf", by, keys: [key], values: [value] };
  if (node.kind === "leaf") return setInLeaf(node, key, value, shift, by);
  const slot = slotOf(hash, shift);
  const child = node.children[slot] ?? null;
  const before = sizeOf(child);
  const next = set(child, key, value, hash, shift + BITS, by);
  if (next === child && before === sizeOf(next)) return node;
  return withChild(node, slot, next, sizeOf(next) - before, by);
}

function withChild<V>(node: Branch<V>, slot: number, child: Node<V> | null, grown: number, by: object): Branch<V> {
  const own: Branch<V> = node.by === by ? node : { kind: "branch", by, children: [...node.children], size: node.size };
  own.children[slot] = child;
  own.size += grown;
  return own;
}

function remove<V>(node: Node<V> | null, key: string, hash: number, shift: number, by: object): Node<V> | null {
  if (node === null) return null;
  if (node.kind === "leaf") {
    const at = node.keys.indexOf(key);
    if (at < 0) return node;
    if (node.keys.length === 1) return null;
    return {
      kind: "leaf",
      by,
      keys: node.keys.filter((_, index) => index !== at),
      values: node.values.filter((_, index) => index !== at),
    };
  }
  const slot = slotOf(hash, shift);
  const child = node.children[slot] ?? null;
  const before = sizeOf(child);
  const next = remove(child, key, hash, shift + BITS, by);
  if (next === child && sizeOf(next) === before) return node;
  const own = withChild(node, slot, next, sizeOf(next) - before, by);
  return own.size > LEAF ? own : leafOf(own, by);
}

/** What is little is a leaf, whatever it was before: equal keys are in equal nodes. */
function leafOf<V>(branch: Branch<V>, by: object): Leaf<V> | null {
  if (branch.size === 0) return null;
  const entries = [...entriesOf(branch)].sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: "leaf", by, keys: entries.map(([key]) => key), values: entries.map(([, value]) => value) };
}

function* entriesOf<V>(root: Node<V> | null): Generator<[string, V]> {
  const open: (Node<V> | null)[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node === null) continue;
    if (node.kind === "branch") open.push(...node.children);
    else for (let at = 0; at < node.keys.length; at++) yield [node.keys[at] as string, node.values[at] as V];
  }
}

export interface Difference<V> {
  readonly key: string;
  /** undefined where it was not there. */
  readonly before: V | undefined;
  /** undefined where it is not there any more. */
  readonly after: V | undefined;
}

function collect<V>(a: Node<V> | null, b: Node<V> | null, found: Difference<V>[]): void {
  if (a === b) return;
  if (a?.kind === "branch" && b?.kind === "branch") {
    for (let slot = 0; slot < FAN; slot++) collect(a.children[slot] ?? null, b.children[slot] ?? null, found);
    return;
  }
  const were = new Map(entriesOf(a));
  for (const [key, after] of entriesOf(b)) {
    const before = were.get(key);
    were.delete(key);
    if (before !== after) found.push({ key, before, after });
  }
  for (const [key, before] of were) found.push({ key, before, after: undefined });
}

const known = new WeakMap<object, WeakMap<object, readonly Difference<unknown>[]>>();

/**
 * From one version to another, in the order of neither: as many steps as there are differences, where one has come of
 * the other. Kept as long as both versions are: many ask for the same.
 */
export function differences<V>(from: SharedMap<V>, to: SharedMap<V>): readonly Difference<V>[] {
  if (from === to) return [];
  const kept = known.get(from)?.get(to);
  if (kept !== undefined) return kept as readonly Difference<V>[];
  const found: Difference<V>[] = [];
  collect(from.root, to.root, found);
  const of = known.get(from) ?? new WeakMap<object, readonly Difference<unknown>[]>();
  known.set(from, of.set(to, found));
  return found;
}

/** Iterates in an order that its keys alone decide, and that is not theirs. No value is undefined. */
export class SharedMap<V> implements ReadonlyMap<string, V> {
  /** @internal */
  readonly root: Node<V> | null;

  private constructor(root: Node<V> | null) {
    this.root = root;
  }

  static of<V>(entries: Iterable<readonly [string, V]> = []): SharedMap<V> {
    return new SharedMap<V>(null).with(entries);
  }

  /** What is undefined is taken out. @returns the same map where that changes nothing. */
  with(changes: Iterable<readonly [string, V | undefined]>): SharedMap<V> {
    const by = {};
    let root = this.root;
    for (const [key, value] of changes) {
      const hash = hashOf(key);
      root = value === undefined ? remove(root, key, hash, 0, by) : set(root, key, value, hash, 0, by);
    }
    return root === this.root ? this : new SharedMap(root);
  }

  get(key: string): V | undefined {
    let node = this.root;
    for (let hash = hashOf(key); node !== null; hash >>>= BITS) {
      if (node.kind === "leaf") return node.values[node.keys.indexOf(key)];
      node = node.children[hash & (FAN - 1)] ?? null;
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  get size(): number {
    return sizeOf(this.root);
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  entries(): MapIterator<[string, V]> {
    return entriesOf(this.root) as MapIterator<[string, V]>;
  }

  *keys(): MapIterator<string> {
    for (const [key] of entriesOf(this.root)) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of entriesOf(this.root)) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}
