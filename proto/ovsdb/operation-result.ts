// The reply array of `transact` (RFC 7047, section 4.1.3) -> one typed result for each operation, or the error that failed it all.

import { isUuid } from "./atom.ts";
import type { Datum } from "./datum.ts";
import { decodeDatum } from "./datum.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from "./json-text.ts";
import type { Operation, SelectOperation } from "./operations.ts";
import { OvsdbProtocolError, OvsdbTransactionError, readServerError } from "./ovsdb-error.ts";
import type { DatabaseSchema } from "./schema.ts";

/** A row of generic columns, by column name. */
export type DatumRow = ReadonlyMap<string, Datum>;

export type OperationResult =
  | { readonly op: "insert"; readonly uuid: string }
  | { readonly op: "select"; readonly rows: readonly DatumRow[] }
  | { readonly op: "update" | "mutate" | "delete"; readonly count: number }
  | { readonly op: "wait" | "commit" | "abort" | "comment" | "assert" };

function decodeSelectedRow(schema: DatabaseSchema, operation: SelectOperation, json: Json, path: string): DatumRow {
  if (!isJsonObject(json)) throw new OvsdbProtocolError(path, "a row must be an object", json);
  const columns = schema.tables.get(operation.table)?.columns;
  return new Map(
    Object.entries(json).map(([name, value]) => {
      const column = columns?.get(name);
      if (column === undefined) throw new OvsdbProtocolError(path, `a column that the schema does not have: ${name}`);
      return [name, decodeDatum(column.type, value, `${path}.${name}`)] as const;
    }),
  );
}

function decodeResult(schema: DatabaseSchema, operation: Operation, json: JsonObject, path: string): OperationResult {
  switch (operation.op) {
    case "insert": {
      const uuid = member(json, "uuid");
      if (!isJsonArray(uuid) || uuid[0] !== "uuid" || !isUuid(uuid[1])) {
        throw new OvsdbProtocolError(`${path}.uuid`, "an insert must give the new row's UUID", uuid ?? null);
      }
      return { op: "insert", uuid: uuid[1].toLowerCase() };
    }
    case "select": {
      const rows = member(json, "rows");
      if (!isJsonArray(rows)) throw new OvsdbProtocolError(`${path}.rows`, "must be an array", rows ?? null);
      return {
        op: "select",
        rows: rows.map((row, index) => decodeSelectedRow(schema, operation, row, `${path}.rows[${index}]`)),
      };
    }
    case "update":
    case "mutate":
    case "delete": {
      const count = member(json, "count");
      if (typeof count !== "number" || count < 0)
        throw new OvsdbProtocolError(`${path}.count`, "must be a count", count ?? null);
      return { op: operation.op, count };
    }
    default:
      return { op: operation.op };
  }
}

/**
 * Reads the whole array, since results of operations before the one that failed look like success.
 * @throws OvsdbTransactionError with the operation that failed
 * @throws OvsdbProtocolError when the array is not one that these operations can have
 */
export function decodeTransactionReply(
  schema: DatabaseSchema,
  operations: readonly Operation[],
  json: Json,
): readonly OperationResult[] {
  if (!isJsonArray(json)) throw new OvsdbProtocolError("transact", "the result must be an array", json);
  for (const [index, element] of json.entries()) {
    if (!isJsonObject(element)) continue;
    const error = member(element, "error");
    if (error === undefined || error === null) continue;
    const operation = operations[index];
    throw new OvsdbTransactionError(
      readServerError(element),
      operation ?? null,
      operation === undefined ? null : index,
    );
  }
  if (json.length !== operations.length) {
    throw new OvsdbProtocolError("transact", `${operations.length} operations, but ${json.length} results`);
  }
  return operations.map((operation, index) => {
    const element = json[index];
    const path = `transact result ${index} (${operation.op})`;
    if (!isJsonObject(element)) throw new OvsdbProtocolError(path, "must be an object", element ?? null);
    return decodeResult(schema, operation, element, path);
  });
}
