// A row's values as JSON and as text: sets are lists, maps are objects, and an optional column that is empty is null.
import {
  type Atom,
  type ColumnSchema,
  type ColumnType,
  type Datum,
  type DatumRow,
  isMapDatum,
  type Json,
} from "../../../proto/ovsdb/index.ts";

export function datumJson(type: ColumnType, datum: Datum): Json {
  if (isMapDatum(datum)) {
    const pairs = [...datum].map(([key, value]) => [String(key), value] as const);
    return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return type.max === 1 ? (datum[0] ?? null) : datum;
}

export function rowJson(columns: readonly ColumnSchema[], row: DatumRow): Json {
  return Object.fromEntries(
    columns.flatMap(({ name, type }) => {
      const datum = row.get(name);
      return datum === undefined ? [] : [[name, datumJson(type, datum)] as const];
    }),
  );
}

/** A string that could be taken for something else stands in quotes. */
function atomText(atom: Atom): string {
  const plain = typeof atom !== "string" || (atom !== "" && !/[\s,=[\]{}"]/.test(atom));
  return plain ? String(atom) : JSON.stringify(atom);
}

/** As ovsdb-client writes it: `[a, b]` and `{k=v, l=w}`, without quotes where they say nothing. */
export function datumText(type: ColumnType, datum: Datum): string {
  if (isMapDatum(datum)) {
    const pairs = [...datum].map(([key, value]) => `${atomText(key)}=${atomText(value)}`).sort();
    return `{${pairs.join(", ")}}`;
  }
  const [only] = datum;
  if (type.max === 1) return only === undefined ? "[]" : typeof only === "string" ? only : atomText(only);
  return datum.length === 1 && only !== undefined ? atomText(only) : `[${datum.map(atomText).join(", ")}]`;
}
