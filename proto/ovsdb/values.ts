// Column values as a caller writes them into an operation; encode-value.ts turns them into the notation of RFC 7047, section 5.1.

/** A row that exists (`["uuid", ...]`). */
export interface UuidRef {
  readonly kind: "uuid";
  readonly uuid: string;
}

/** A row that another operation of the same transaction inserts under this `uuid-name`. */
export interface NamedUuid {
  readonly kind: "named-uuid";
  readonly name: string;
}

export type AtomValue = string | number | bigint | boolean | UuidRef | NamedUuid;

export interface SetValue {
  readonly kind: "set";
  readonly atoms: readonly AtomValue[];
}

export interface MapValue {
  readonly kind: "map";
  readonly entries: readonly (readonly [AtomValue, AtomValue])[];
}

/** A lone atom stands for the set that holds just it. */
export type OvsValue = AtomValue | SetValue | MapValue;

/** Column values by column name. */
export type RowValue = Readonly<Record<string, OvsValue>>;

/** A set; `ovsSet([])` is also how an optional column is emptied. */
export function ovsSet(atoms: Iterable<AtomValue>): SetValue {
  return Object.freeze({ kind: "set", atoms: Object.freeze([...atoms]) });
}

/** A map, from entries or from a plain object (whose keys are strings). */
export function ovsMap(
  entries: Iterable<readonly [AtomValue, AtomValue]> | Readonly<Record<string, AtomValue>>,
): MapValue {
  const pairs = Symbol.iterator in entries ? [...entries] : Object.entries(entries);
  return Object.freeze({
    kind: "map",
    entries: Object.freeze(pairs.map(([key, value]) => Object.freeze([key, value] as const))),
  });
}

export function uuidRef(uuid: string): UuidRef {
  return Object.freeze({ kind: "uuid", uuid });
}

export function namedUuid(name: string): NamedUuid {
  return Object.freeze({ kind: "named-uuid", name });
}
