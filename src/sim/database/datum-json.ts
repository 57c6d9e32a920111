// Values in memory -> the notation of RFC 7047, section 5.1, and the differences of `update2` (ovsdb-server(7)).
import type { Atom, AtomicType } from "../../../proto/ovsdb/atom.ts";
import { type Datum, isMapDatum } from "../../../proto/ovsdb/datum.ts";
import type { Json } from "../../../proto/ovsdb/json-text.ts";
import type { ColumnType } from "../../../proto/ovsdb/schema.ts";

function atomJson(type: AtomicType, atom: Atom): Json {
  return type === "uuid" ? ["uuid", atom] : atom;
}

export function datumJson(type: ColumnType, datum: Datum): Json {
  const key = type.key.type;
  if (isMapDatum(datum)) {
    const value = type.value?.type ?? "string";
    return ["map", [...datum].map(([name, held]) => [atomJson(key, name), atomJson(value, held)])];
  }
  const [only] = datum;
  if (datum.length === 1 && only !== undefined) return atomJson(key, only);
  return ["set", datum.map((atom) => atomJson(key, atom))];
}

/** What `applyDatumDiff` turns `before` into `after` with. */
export function datumDiff(type: ColumnType, before: Datum, after: Datum): Datum {
  if (type.max === 1) return after;
  if (isMapDatum(after)) {
    const old = isMapDatum(before) ? before : new Map<Atom, Atom>();
    const diff = new Map<Atom, Atom>();
    for (const [key, value] of after) if (old.get(key) !== value) diff.set(key, value);
    for (const [key, value] of old) if (!after.has(key)) diff.set(key, value);
    return diff;
  }
  const [had, has] = [new Set(isMapDatum(before) ? [] : before), new Set(after)];
  return [...[...has].filter((atom) => !had.has(atom)), ...[...had].filter((atom) => !has.has(atom))];
}
