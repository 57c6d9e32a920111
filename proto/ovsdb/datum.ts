// A column's value in memory, decoded by its type, and the differences that `update2` and `update3` carry.
import { type Atom, type AtomicType, compareAtoms, decodeAtom, NIL_UUID } from "./atom.ts";
import { isJsonArray, type Json } from "./json-text.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";
import type { ColumnType } from "./schema.ts";

/** A map column is a Map; any other column is the list of its atoms, so a scalar has one and an empty optional none. */
export type Datum = readonly Atom[] | ReadonlyMap<Atom, Atom>;

export function isMapDatum(datum: Datum): datum is ReadonlyMap<Atom, Atom> {
  return datum instanceof Map;
}

export function datumSize(datum: Datum): number {
  return isMapDatum(datum) ? datum.size : datum.length;
}

export function equalData(a: Datum, b: Datum): boolean {
  if (isMapDatum(a)) {
    return isMapDatum(b) && a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
  }
  if (isMapDatum(b) || a.length !== b.length) return false;
  const atoms = new Set(b);
  return a.every((atom) => atoms.has(atom));
}

const DEFAULT_ATOMS: Readonly<Record<AtomicType, Atom>> = {
  integer: 0,
  real: 0,
  boolean: false,
  string: "",
  uuid: NIL_UUID,
};
const EMPTY_SET: readonly Atom[] = Object.freeze([]);
const EMPTY_MAP: Datum = new Map<Atom, Atom>();

const SCALAR_DEFAULTS = Object.fromEntries(
  Object.entries(DEFAULT_ATOMS).map(([type, atom]) => [type, Object.freeze([atom])]),
) as Readonly<Record<AtomicType, readonly Atom[]>>;

/** What a column holds that an insert did not name (RFC 7047, section 5.2.1). */
export function defaultDatum(type: ColumnType): Datum {
  const key = DEFAULT_ATOMS[type.key.type];
  if (type.value !== null) return type.min === 0 ? EMPTY_MAP : new Map([[key, DEFAULT_ATOMS[type.value.type]]]);
  return type.min === 0 ? EMPTY_SET : SCALAR_DEFAULTS[type.key.type];
}

function tagged(json: Json, tag: "set" | "map"): readonly Json[] | undefined {
  if (!isJsonArray(json) || json.length !== 2 || json[0] !== tag) return undefined;
  return isJsonArray(json[1]) ? json[1] : undefined;
}

function decodeMap(key: AtomicType, value: AtomicType, json: Json, path: string): ReadonlyMap<Atom, Atom> {
  const pairs = tagged(json, "map");
  if (pairs === undefined) throw new OvsdbProtocolError(path, `must be ["map", [...]]`, json);
  const map = new Map<Atom, Atom>();
  for (const pair of pairs) {
    if (!isJsonArray(pair) || pair.length !== 2)
      throw new OvsdbProtocolError(path, "must hold [key, value] pairs", pair);
    const keyAtom = decodeAtom(key, pair[0], path);
    if (map.has(keyAtom)) throw new OvsdbProtocolError(path, "map contains duplicate key", pair);
    map.set(keyAtom, decodeAtom(value, pair[1], path));
  }
  return map;
}

function decodeSet(key: AtomicType, json: Json, path: string): readonly Atom[] {
  const atoms = tagged(json, "set");
  if (atoms === undefined) return Object.freeze([decodeAtom(key, json, path)]);
  const decoded = atoms.map((atom) => decodeAtom(key, atom, path));
  if (decoded.length === 0) return EMPTY_SET;
  if (decoded.length === 1) return Object.freeze(decoded);
  const sorted = decoded.sort(compareAtoms);
  if (sorted.some((atom, index) => index > 0 && atom === sorted[index - 1])) {
    throw new OvsdbProtocolError(path, "set contains duplicate", json);
  }
  return Object.freeze(sorted);
}

/**
 * Decodes a `<value>`; sets come sorted.
 * @throws OvsdbProtocolError for what the column's type forbids
 */
export function decodeDatum(type: ColumnType, json: Json, path: string): Datum {
  const datum = decodeDatumDiff(type, json, path);
  const size = datumSize(datum);
  if (size < type.min || size > type.max) {
    throw new OvsdbProtocolError(path, `must have ${type.min} to ${type.max} elements`, json);
  }
  return datum;
}

/** Decodes a difference: a `<value>` of any number of elements. */
export function decodeDatumDiff(type: ColumnType, json: Json, path: string): Datum {
  return type.value === null
    ? decodeSet(type.key.type, json, path)
    : decodeMap(type.key.type, type.value.type, json, path);
}

/**
 * Applies a `<row-update2>` "modify" difference (ovsdb-server(7), section 4.1.14): a column of at most one element is
 * replaced; a set gets what it lacked and loses what it had; a map loses pairs that are the same and gets the others.
 */
export function applyDatumDiff(type: ColumnType, old: Datum, diff: Datum): Datum {
  if (type.max === 1) return diff;
  if (isMapDatum(diff)) {
    const result = new Map(isMapDatum(old) ? old : []);
    for (const [key, value] of diff) {
      if (result.get(key) === value) result.delete(key);
      else result.set(key, value);
    }
    return result;
  }
  const result = new Set(isMapDatum(old) ? [] : old);
  for (const atom of diff) {
    if (!result.delete(atom)) result.add(atom);
  }
  return Object.freeze([...result].sort(compareAtoms));
}
