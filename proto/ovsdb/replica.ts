// Tables in memory, kept like the server's by `<table-updates>` (RFC 7047, section 4.1.6) and `<table-updates2>` (ovsdb-server(7)).
import { type Atom, isUuid } from "./atom.ts";
import { applyDatumDiff, type Datum, decodeDatum, decodeDatumDiff, defaultDatum, isMapDatum } from "./datum.ts";
import { isJsonObject, type Json, type JsonObject, member } from "./json-text.ts";
import type { MonitorTables, RawUpdates } from "./monitor.ts";
import type { DatumRow } from "./operation-result.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";
import type { ColumnSchema, DatabaseSchema } from "./schema.ts";

/** Rows by UUID, by table. Immutable: an update gives a new one, in which untouched tables and rows are the same objects. */
export type Replica = ReadonlyMap<string, ReadonlyMap<string, DatumRow>>;

/** What an atom takes in JSON at the least, beside its characters: quotes, a comma. */
const ATOM_BYTES = 3;

function atomBytes(atom: Atom): number {
  return ATOM_BYTES + (typeof atom === "string" ? atom.length : 8);
}

/** About as many bytes as a row takes in the server's text; never many more. */
export function rowBytes(row: DatumRow | undefined): number {
  let bytes = 0;
  for (const datum of row?.values() ?? []) {
    if (!isMapDatum(datum)) for (const atom of datum) bytes += atomBytes(atom);
    else for (const [key, value] of datum) bytes += atomBytes(key) + atomBytes(value);
  }
  return bytes;
}

/** One row that an update touched; without `after` it is gone, without `before` it is new. */
export interface RowChange {
  readonly table: string;
  readonly uuid: string;
  readonly before: DatumRow | undefined;
  readonly after: DatumRow | undefined;
}

type Columns = ReadonlyMap<string, ColumnSchema>;

/** The columns that are monitored, by table: what a row of the replica always has. */
export type MonitoredColumns = ReadonlyMap<string, Columns>;

export function monitoredColumns(schema: DatabaseSchema, tables: MonitorTables): MonitoredColumns {
  return new Map(
    [...tables].map(([name, { columns }]) => {
      const known = schema.tables.get(name)?.columns;
      const pairs = columns.flatMap((column) => {
        const found = known?.get(column);
        return found === undefined ? [] : [[column, found] as const];
      });
      return [name, new Map(pairs)] as const;
    }),
  );
}

export function emptyReplica(columns: MonitoredColumns): Replica {
  return new Map([...columns.keys()].map((table) => [table, new Map()] as const));
}

function expectRow(json: Json): JsonObject {
  if (!isJsonObject(json)) throw new OvsdbProtocolError("row", "must be an object", json);
  return json;
}

function unmonitored(name: string): OvsdbProtocolError {
  return new OvsdbProtocolError("row", `a column that is not monitored: ${name.slice(0, 80)}`);
}

/** Decodes a whole row; what it leaves out has its default. */
function decodeRow(columns: Columns, json: Json): DatumRow {
  const object = expectRow(json);
  for (const name in object) {
    if (!columns.has(name)) throw unmonitored(name);
  }
  const row = new Map<string, Datum>();
  for (const { name, type } of columns.values()) {
    const value = member(object, name);
    row.set(name, value === undefined ? defaultDatum(type) : decodeDatum(type, value, name));
  }
  return row;
}

/** Changes the columns that a difference names. */
function modifyRow(columns: Columns, before: DatumRow, json: Json): DatumRow {
  const after = new Map<string, Datum>(before);
  for (const [name, value] of Object.entries(expectRow(json))) {
    const column = columns.get(name);
    if (column === undefined) throw unmonitored(name);
    const diff = decodeDatumDiff(column.type, value, name);
    after.set(name, applyDatumDiff(column.type, before.get(name) ?? defaultDatum(column.type), diff));
  }
  return after;
}

/** `<row-update>`: `new` holds every monitored column; without it the row is gone. */
function applyRowUpdate(columns: Columns, json: JsonObject): DatumRow | undefined {
  const row = member(json, "new");
  if (row === undefined && member(json, "old") === undefined) {
    throw new OvsdbProtocolError("row update", `must have "old" or "new"`, json);
  }
  return row === undefined ? undefined : decodeRow(columns, row);
}

/** `<row-update2>`: exactly one of `initial`, `insert`, `modify` (a difference) and `delete`. */
function applyRowUpdate2(columns: Columns, before: DatumRow | undefined, json: JsonObject): DatumRow | undefined {
  const [kind, ...others] = Object.keys(json);
  if (kind === undefined || others.length > 0) {
    throw new OvsdbProtocolError("row update", "must have exactly one member", json);
  }
  const row = member(json, kind) ?? null;
  switch (kind) {
    case "initial":
    case "insert":
      return decodeRow(columns, row);
    case "delete":
      return undefined;
    case "modify":
      if (before === undefined) throw new OvsdbProtocolError("modify", "a row that was never told of is modified");
      return modifyRow(columns, before, row);
    default:
      throw new OvsdbProtocolError("row update", `unknown kind of update "${kind.slice(0, 80)}"`);
  }
}

/** The row after its update; undefined when it is gone. */
function nextRow(columns: Columns, before: DatumRow | undefined, version: 1 | 2, json: Json): DatumRow | undefined {
  if (!isJsonObject(json)) throw new OvsdbProtocolError("row update", "must be an object", json);
  return version === 1 ? applyRowUpdate(columns, json) : applyRowUpdate2(columns, before, json);
}

/**
 * Maps that an update in several slices has made and nobody else has seen yet: the next slice may go on with them. Without
 * it each slice would copy the whole table, and a large update would take quadratic time.
 */
export type UpdateDraft = Set<ReadonlyMap<string, unknown>>;

/** A map that may be changed: the draft's own, or a copy that then belongs to the draft. */
export function draftOf<Value>(
  map: ReadonlyMap<string, Value> | undefined,
  draft: UpdateDraft | undefined,
): Map<string, Value> {
  if (map !== undefined && draft?.has(map) === true) return map as Map<string, Value>;
  const copy = new Map(map);
  draft?.add(copy);
  return copy;
}

/**
 * Applies one update. Gives the new replica and the rows that the update touched, each once.
 * @param draft the same one for all slices of one update; `replica`, if it is a slice's, is then no longer valid
 * @throws OvsdbProtocolError; the old replica is still whole, but no longer that of the server
 */
export function applyUpdates(
  columns: MonitoredColumns,
  replica: Replica,
  { version, updates, incremental }: RawUpdates,
  draft?: UpdateDraft,
): { readonly replica: Replica; readonly changes: readonly RowChange[] } {
  if (!isJsonObject(updates)) throw new OvsdbProtocolError("table updates", "must be an object", updates);
  const tables = new Map<string, ReadonlyMap<string, DatumRow>>(incremental ? replica : emptyReplica(columns));
  const changes: RowChange[] = [];
  for (const [table, rowUpdates] of Object.entries(updates)) {
    const tableColumns = columns.get(table);
    if (tableColumns === undefined) {
      throw new OvsdbProtocolError("table updates", `a table that is not monitored: ${table.slice(0, 80)}`);
    }
    if (!isJsonObject(rowUpdates)) throw new OvsdbProtocolError(table, "must be an object", rowUpdates);
    const rows = draftOf(tables.get(table), draft);
    for (const [key, rowUpdate] of Object.entries(rowUpdates)) {
      const uuid = key.toLowerCase();
      if (!isUuid(uuid)) throw new OvsdbProtocolError(table, "must hold rows by their UUIDs", key);
      const before = rows.get(uuid);
      let after: DatumRow | undefined;
      try {
        after = nextRow(tableColumns, before, version, rowUpdate);
      } catch (error) {
        throw error instanceof OvsdbProtocolError ? error.within(`${table}.${uuid}`) : error;
      }
      if (after === undefined) rows.delete(uuid);
      else rows.set(uuid, after);
      changes.push({ table, uuid, before, after });
    }
    tables.set(table, rows);
  }
  return { replica: tables, changes };
}

/**
 * Divides one update into several of at most so many rows: applied one after the other they do the same, and whoever
 * applies them can do something else in between. Each is made when it is asked for.
 */
export function* sliceUpdates(whole: RawUpdates, rowsPerSlice: number): Generator<RawUpdates, void> {
  const { updates, incremental } = whole;
  const tables = isJsonObject(updates) ? Object.entries(updates) : [];
  const keys = tables.map(([, rows]) => (isJsonObject(rows) ? Object.keys(rows) : []));
  if (keys.reduce((sum, { length }) => sum + length, 0) <= rowsPerSlice) {
    yield whole;
    return;
  }
  let isFirst = true;
  for (const [index, [table, rows]] of tables.entries()) {
    const uuids = keys[index] ?? [];
    // A table of no rows has a slice too: whether it may be there at all is not decided here.
    for (let from = 0; from === 0 || from < uuids.length; from += rowsPerSlice) {
      const content = uuids.length === 0 ? rows : pick(rows as JsonObject, uuids, from, from + rowsPerSlice);
      yield { ...whole, updates: Object.fromEntries([[table, content]]), incremental: incremental || !isFirst };
      isFirst = false;
    }
  }
}

function pick(rows: JsonObject, uuids: readonly string[], from: number, to: number): JsonObject {
  // Without a prototype it is a hash table from its first key on, and `__proto__` a key like any other.
  const part: Record<string, Json> = Object.create(null);
  const end = Math.min(to, uuids.length);
  for (let i = from; i < end; i++) {
    const uuid = uuids[i] as string;
    part[uuid] = rows[uuid] ?? null;
  }
  return part;
}
