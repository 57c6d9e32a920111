// The rows of a simulated host's database as its switch reads them, and the operations that it and its administrator write with.
import type { Atom } from "../../proto/ovsdb/atom.ts";
import { isMapDatum } from "../../proto/ovsdb/datum.ts";
import type { Json, JsonObject } from "../../proto/ovsdb/json-text.ts";
import { type Database, LAYOUTS } from "./database/database.ts";
import type { Row } from "./database/rows.ts";

export type TableName = "Open_vSwitch" | "Bridge" | "Port" | "Interface" | "Controller" | "Manager";

function at(table: TableName, column: string): number {
  const found = LAYOUTS.get(table)?.columns.get(column);
  if (found === undefined) throw new Error(`${table} has no column ${column}`);
  return found.at;
}

export function atoms(table: TableName, row: Row, column: string): readonly Atom[] {
  const datum = row[at(table, column)] ?? [];
  return isMapDatum(datum) ? [] : datum;
}

export function text(table: TableName, row: Row, column: string): string {
  return String(atoms(table, row, column)[0] ?? "");
}

export function number(table: TableName, row: Row, column: string): number | undefined {
  const [value] = atoms(table, row, column);
  return value === undefined ? undefined : Number(value);
}

export function map(table: TableName, row: Row, column: string): ReadonlyMap<string, string> {
  const datum = row[at(table, column)] ?? [];
  return (isMapDatum(datum) ? datum : new Map()) as ReadonlyMap<string, string>;
}

export function uuids(table: TableName, row: Row, column: string): readonly string[] {
  return atoms(table, row, column) as readonly string[];
}

export function rowOf(database: Database, table: TableName, uuid: string): Row | undefined {
  return database.rowsOf(table).get(uuid);
}

export function jsonMap(entries: Readonly<Record<string, string>>): Json {
  return ["map", Object.entries(entries)];
}

export function updateRow(table: TableName, uuid: string, row: JsonObject): JsonObject {
  return { op: "update", table, where: [["_uuid", "==", ["uuid", uuid]]], row };
}

/** Every row of the table: for the root, of which there is one. */
export function mutateAll(table: TableName, column: string, mutator: "insert" | "delete", value: Json): JsonObject {
  return { op: "mutate", table, where: [], mutations: [[column, mutator, value]] };
}

export function mutateNamed(
  table: TableName,
  name: string,
  column: string,
  mutator: "insert" | "delete",
  value: Json,
): JsonObject {
  return { op: "mutate", table, where: [["name", "==", name]], mutations: [[column, mutator, value]] };
}
