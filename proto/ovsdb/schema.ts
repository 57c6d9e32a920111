// A database's schema as `get_schema` gives it (RFC 7047, section 3.2).
import { ATOMIC_TYPES, type Atom, type AtomicType, decodeAtom } from "./atom.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from "./json-text.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";

/** `<base-type>`. */
export interface BaseType {
  readonly type: AtomicType;
  readonly enum: readonly Atom[] | null;
  readonly minInteger: number | bigint | null;
  readonly maxInteger: number | bigint | null;
  readonly minReal: number | null;
  readonly maxReal: number | null;
  /** In characters, not bytes. */
  readonly minLength: number | null;
  readonly maxLength: number | null;
  readonly refTable: string | null;
  readonly refType: "strong" | "weak" | null;
}

/** `<type>`: a scalar or optional has `max` 1, a map has a `value`. */
export interface ColumnType {
  readonly key: BaseType;
  readonly value: BaseType | null;
  readonly min: 0 | 1;
  /** Infinity where the schema says "unlimited". */
  readonly max: number;
}

export interface ColumnSchema {
  readonly name: string;
  readonly type: ColumnType;
  readonly ephemeral: boolean;
  readonly mutable: boolean;
}

export interface TableSchema {
  readonly name: string;
  /** Includes `_uuid` and `_version`, which every table has. */
  readonly columns: ReadonlyMap<string, ColumnSchema>;
  readonly maxRows: number;
  readonly isRoot: boolean;
  readonly indexes: readonly (readonly string[])[];
}

export interface DatabaseSchema {
  readonly name: string;
  readonly version: string;
  readonly cksum: string | null;
  readonly tables: ReadonlyMap<string, TableSchema>;
}

function expectObject(json: Json | undefined, path: string): JsonObject {
  if (!isJsonObject(json)) throw new OvsdbProtocolError(path, "must be an object", json ?? null);
  return json;
}

function expectString(json: Json | undefined, path: string): string {
  if (typeof json !== "string") throw new OvsdbProtocolError(path, "must be a string", json ?? null);
  return json;
}

function optionalInteger(object: JsonObject, name: string, path: string): number | bigint | null {
  const value = member(object, name);
  if (value === undefined) return null;
  if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))) return value;
  throw new OvsdbProtocolError(`${path}.${name}`, "must be an integer", value);
}

function optionalNumber(object: JsonObject, name: string, path: string): number | null {
  const value = member(object, name);
  if (value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return value;
  throw new OvsdbProtocolError(`${path}.${name}`, "must be a number", value);
}

function optionalBoolean(object: JsonObject, name: string, absent: boolean, path: string): boolean {
  const value = member(object, name);
  if (value === undefined) return absent;
  if (typeof value === "boolean") return value;
  throw new OvsdbProtocolError(`${path}.${name}`, "must be a boolean", value);
}

function parseAtomicType(json: Json | undefined, path: string): AtomicType {
  const type = ATOMIC_TYPES.find((known) => known === json);
  if (type === undefined) throw new OvsdbProtocolError(path, `must be one of ${ATOMIC_TYPES.join(", ")}`, json ?? null);
  return type;
}

function parseEnum(type: AtomicType, json: Json | undefined, path: string): readonly Atom[] | null {
  if (json === undefined) return null;
  const isSet = isJsonArray(json) && json[0] === "set" && json.length === 2 && isJsonArray(json[1]);
  const atoms = isSet ? (json[1] as readonly Json[]) : [json];
  return Object.freeze(atoms.map((atom) => decodeAtom(type, atom, path)));
}

function parseBaseType(json: Json | undefined, path: string): BaseType {
  const object: JsonObject = typeof json === "string" ? { type: json } : expectObject(json, path);
  const type = parseAtomicType(member(object, "type"), `${path}.type`);
  const refTable = member(object, "refTable");
  const refType = member(object, "refType");
  if (refType !== undefined && refType !== "strong" && refType !== "weak") {
    throw new OvsdbProtocolError(`${path}.refType`, `must be "strong" or "weak"`, refType);
  }
  return Object.freeze({
    type,
    enum: parseEnum(type, member(object, "enum"), `${path}.enum`),
    minInteger: optionalInteger(object, "minInteger", path),
    maxInteger: optionalInteger(object, "maxInteger", path),
    minReal: optionalNumber(object, "minReal", path),
    maxReal: optionalNumber(object, "maxReal", path),
    minLength: optionalNumber(object, "minLength", path),
    maxLength: optionalNumber(object, "maxLength", path),
    refTable: refTable === undefined ? null : expectString(refTable, `${path}.refTable`),
    refType: refTable === undefined ? null : (refType ?? "strong"),
  });
}

/** @throws OvsdbProtocolError */
export function parseColumnType(json: Json | undefined, path: string): ColumnType {
  if (typeof json === "string") return Object.freeze({ key: parseBaseType(json, path), value: null, min: 1, max: 1 });
  const object = expectObject(json, path);
  const min = member(object, "min") ?? 1;
  if (min !== 0 && min !== 1) throw new OvsdbProtocolError(`${path}.min`, "must be 0 or 1", min);
  const max = member(object, "max") ?? 1;
  const limit = max === "unlimited" ? Number.POSITIVE_INFINITY : max;
  if (typeof limit !== "number" || limit < 1 || (max !== "unlimited" && !Number.isSafeInteger(limit))) {
    throw new OvsdbProtocolError(`${path}.max`, `must be a positive integer or "unlimited"`, max);
  }
  const value = member(object, "value");
  return Object.freeze({
    key: parseBaseType(member(object, "key"), `${path}.key`),
    value: value === undefined ? null : parseBaseType(value, `${path}.value`),
    min,
    max: limit,
  });
}

const UUID_TYPE: ColumnType = parseColumnType("uuid", "_uuid");

function implicitColumn(name: string): readonly [string, ColumnSchema] {
  return [name, Object.freeze({ name, type: UUID_TYPE, ephemeral: false, mutable: false })];
}

function parseColumn(name: string, json: Json, path: string): ColumnSchema {
  const object = expectObject(json, path);
  return Object.freeze({
    name,
    type: parseColumnType(member(object, "type"), `${path}.type`),
    ephemeral: optionalBoolean(object, "ephemeral", false, path),
    mutable: optionalBoolean(object, "mutable", true, path),
  });
}

function parseIndexes(json: Json | undefined, path: string): readonly (readonly string[])[] {
  if (json === undefined) return [];
  if (!isJsonArray(json)) throw new OvsdbProtocolError(path, "must be an array", json);
  return json.map((index) => {
    if (!isJsonArray(index)) throw new OvsdbProtocolError(path, "must hold arrays of column names", index);
    return index.map((column) => expectString(column, path));
  });
}

function parseTable(name: string, json: Json, path: string): TableSchema {
  const object = expectObject(json, path);
  const columns = expectObject(member(object, "columns"), `${path}.columns`);
  return Object.freeze({
    name,
    columns: new Map([
      implicitColumn("_uuid"),
      implicitColumn("_version"),
      ...Object.entries(columns).map(
        ([column, schema]) => [column, parseColumn(column, schema, `${path}.columns.${column}`)] as const,
      ),
    ]),
    maxRows: optionalNumber(object, "maxRows", path) ?? Number.POSITIVE_INFINITY,
    isRoot: optionalBoolean(object, "isRoot", false, path),
    indexes: parseIndexes(member(object, "indexes"), `${path}.indexes`),
  });
}

/**
 * Reads a `<database-schema>`; members it does not know are ignored.
 * @throws OvsdbProtocolError with the path to what is wrong
 */
export function parseSchema(json: Json): DatabaseSchema {
  const object = expectObject(json, "schema");
  const tables = expectObject(member(object, "tables"), "schema.tables");
  const cksum = member(object, "cksum");
  return Object.freeze({
    name: expectString(member(object, "name"), "schema.name"),
    version: expectString(member(object, "version") ?? "", "schema.version"),
    cksum: cksum === undefined ? null : expectString(cksum, "schema.cksum"),
    tables: new Map(
      Object.entries(tables).map(([name, table]) => [name, parseTable(name, table, `schema.tables.${name}`)] as const),
    ),
  });
}
