// Rows in memory: one array of values per row, so that a fleet's million of interfaces fits into one process.
import { type Datum, defaultDatum } from "../../../proto/ovsdb/datum.ts";
import type { ColumnSchema, DatabaseSchema, TableSchema } from "../../../proto/ovsdb/schema.ts";

/** Values in the order of the table's columns. Never changed: a change is a new row. */
export type Row = readonly Datum[];

export interface Column extends ColumnSchema {
  readonly at: number;
}

/** A table's columns as places in its rows. */
export interface Layout {
  readonly table: TableSchema;
  readonly columns: ReadonlyMap<string, Column>;
  /** Those that name rows of other tables, which live as long as they are named. */
  readonly references: readonly Column[];
  readonly blank: Row;
}

function layoutOf(table: TableSchema): Layout {
  const schemas = [...table.columns.values()].filter(({ name }) => name !== "_uuid" && name !== "_version");
  const columns = schemas.map((schema, at): Column => ({ ...schema, at }));
  return {
    table,
    columns: new Map(columns.map((column) => [column.name, column])),
    references: columns.filter(({ type }) => type.key.refType === "strong"),
    blank: Object.freeze(columns.map(({ type }) => defaultDatum(type))),
  };
}

export function layoutsOf(schema: DatabaseSchema): ReadonlyMap<string, Layout> {
  return new Map([...schema.tables].map(([name, table]) => [name, layoutOf(table)]));
}

/** What happened to one row in a transaction; a row that is new has no `before`, one that is gone no `after`. */
export interface RowEdit {
  readonly table: string;
  readonly uuid: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}
