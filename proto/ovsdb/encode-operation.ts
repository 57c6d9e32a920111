// Operations -> the JSON of `transact` (RFC 7047, section 5.2), checked against the schema first.

import { isUuid } from "./atom.ts";
import { encodeMutation } from "./encode-mutation.ts";
import { encodeValue } from "./encode-value.ts";
import type { Json } from "./json-text.ts";
import type { Condition, ConditionFunction, Operation } from "./operations.ts";
import { OvsdbSchemaError } from "./ovsdb-error.ts";
import type { ColumnSchema, ColumnType, DatabaseSchema, TableSchema } from "./schema.ts";
import type { RowValue } from "./values.ts";

const ID = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The table of that name. @throws OvsdbSchemaError `ovsdb/unknown-table` */
export function tableOf(schema: DatabaseSchema, name: string, path: string): TableSchema {
  const table = schema.tables.get(name);
  if (table === undefined) {
    throw new OvsdbSchemaError(
      "ovsdb/unknown-table",
      path,
      `database ${schema.name} ${schema.version} has no table ${name}`,
    );
  }
  return table;
}

/** The column of that name. @throws OvsdbSchemaError `ovsdb/unknown-column` */
export function columnOf(table: TableSchema, name: string, path: string): ColumnSchema {
  const column = table.columns.get(name);
  if (column === undefined) {
    throw new OvsdbSchemaError(
      "ovsdb/unknown-column",
      path,
      `table ${table.name} has no column ${name} in this server's schema`,
    );
  }
  return column;
}

type RowUse = "insert" | "update" | "compare";

function encodeRow(table: TableSchema, row: RowValue, use: RowUse, path: string): Json {
  const encoded = Object.entries(row).map(([name, value]) => {
    const column = columnOf(table, name, path);
    if (use !== "compare" && name.startsWith("_")) {
      throw new OvsdbSchemaError("ovsdb/constraint-violation", path, `column ${name} is set by the server`);
    }
    if (use === "update" && !column.mutable) {
      throw new OvsdbSchemaError(
        "ovsdb/constraint-violation",
        path,
        `column ${name} is immutable; delete the row and insert another`,
      );
    }
    return [name, encodeValue(column.type, value, `${path}, column ${name}`)] as const;
  });
  return Object.fromEntries(encoded);
}

const ORDERED: ReadonlySet<string> = new Set(["<", "<=", ">=", ">"]);

/** What may be compared with: of a set or map, `includes` and `excludes` take any part; an order needs one number. */
function operandType({ type }: ColumnSchema, test: ConditionFunction): ColumnType {
  if (ORDERED.has(test)) return { ...type, min: 1 };
  const isScalar = type.value === null && type.min === 1 && type.max === 1;
  if (isScalar || (test !== "includes" && test !== "excludes")) return type;
  return { ...type, min: 0, max: test === "excludes" ? Number.POSITIVE_INFINITY : type.max };
}

/** Encodes one clause of a `where` or of a monitor's condition. @throws OvsdbSchemaError */
export function encodeCondition(table: TableSchema, condition: Condition, path: string): Json {
  if (typeof condition === "boolean") return condition;
  const [name, test, value] = condition;
  const column = columnOf(table, name, path);
  const { key, value: mapValue, max } = column.type;
  if (ORDERED.has(test) && (mapValue !== null || max !== 1 || (key.type !== "integer" && key.type !== "real"))) {
    const why = `"${test}" compares only columns of one integer or real, which ${name} is not`;
    throw new OvsdbSchemaError("ovsdb/wrong-type", path, why);
  }
  return [name, test, encodeValue(operandType(column, test), value, `${path}, column ${name}`)];
}

function checkColumns(table: TableSchema, columns: readonly string[], path: string): readonly string[] {
  for (const [index, name] of columns.entries()) {
    columnOf(table, name, path);
    if (columns.indexOf(name) !== index) {
      throw new OvsdbSchemaError("ovsdb/constraint-violation", path, `column ${name} is named twice`);
    }
  }
  return columns;
}

function checkId(id: string, path: string): string {
  if (!ID.test(id))
    throw new OvsdbSchemaError("ovsdb/wrong-type", path, `"${id}" is not an identifier (letters, digits, _)`);
  return id;
}

function encodeOperation(schema: DatabaseSchema, operation: Operation, path: string): Json {
  switch (operation.op) {
    case "insert": {
      const table = tableOf(schema, operation.table, path);
      const { uuidName, uuid } = operation;
      if (uuid !== undefined && !isUuid(uuid)) {
        throw new OvsdbSchemaError("ovsdb/wrong-type", path, `"${uuid}" is not a UUID`);
      }
      return {
        op: "insert",
        table: table.name,
        row: encodeRow(table, operation.row, "insert", path),
        ...(uuidName === undefined ? {} : { "uuid-name": checkId(uuidName, path) }),
        ...(uuid === undefined ? {} : { uuid: uuid.toLowerCase() }),
      };
    }
    case "select": {
      const table = tableOf(schema, operation.table, path);
      const where = operation.where.map((condition) => encodeCondition(table, condition, path));
      const { columns } = operation;
      return {
        op: "select",
        table: table.name,
        where,
        ...(columns === undefined ? {} : { columns: checkColumns(table, columns, path) }),
      };
    }
    case "update": {
      const table = tableOf(schema, operation.table, path);
      const where = operation.where.map((condition) => encodeCondition(table, condition, path));
      return { op: "update", table: table.name, where, row: encodeRow(table, operation.row, "update", path) };
    }
    case "mutate": {
      const table = tableOf(schema, operation.table, path);
      const where = operation.where.map((condition) => encodeCondition(table, condition, path));
      const mutations = operation.mutations.map((mutation) =>
        encodeMutation(columnOf(table, mutation[0], path), mutation, `${path}, column ${mutation[0]}`),
      );
      return { op: "mutate", table: table.name, where, mutations };
    }
    case "delete": {
      const table = tableOf(schema, operation.table, path);
      const where = operation.where.map((condition) => encodeCondition(table, condition, path));
      return { op: "delete", table: table.name, where };
    }
    case "wait": {
      const table = tableOf(schema, operation.table, path);
      const { timeoutMs } = operation;
      if (timeoutMs !== undefined && (!Number.isSafeInteger(timeoutMs) || timeoutMs < 0)) {
        throw new OvsdbSchemaError(
          "ovsdb/wrong-type",
          path,
          `timeoutMs must be a non-negative integer, not ${timeoutMs}`,
        );
      }
      return {
        op: "wait",
        table: table.name,
        where: operation.where.map((condition) => encodeCondition(table, condition, path)),
        columns: checkColumns(table, operation.columns, path),
        until: operation.until,
        rows: operation.rows.map((row) => encodeRow(table, row, "compare", path)),
        ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      };
    }
    case "commit":
      return { op: "commit", durable: operation.durable };
    case "abort":
      return { op: "abort" };
    case "comment":
      return { op: "comment", comment: operation.comment };
    case "assert":
      return { op: "assert", lock: checkId(operation.lock, path) };
  }
}

function checkNamedRows(operations: readonly Operation[]): void {
  const names = new Set<string>();
  for (const [index, operation] of operations.entries()) {
    if (operation.op !== "insert" || operation.uuidName === undefined) continue;
    if (names.has(operation.uuidName)) {
      const path = `operation ${index} (insert on ${operation.table})`;
      throw new OvsdbSchemaError(
        "ovsdb/duplicate-uuid-name",
        path,
        `"${operation.uuidName}" names another row of this transaction`,
      );
    }
    names.add(operation.uuidName);
  }
}

/**
 * The `params` of `transact` (RFC 7047, section 4.1.3).
 * @throws OvsdbSchemaError that names the operation, for what this server would refuse
 */
export function encodeTransaction(schema: DatabaseSchema, operations: readonly Operation[]): readonly Json[] {
  checkNamedRows(operations);
  const encoded = operations.map((operation, index) => {
    const on = "table" in operation ? ` on ${operation.table}` : "";
    return encodeOperation(schema, operation, `operation ${index} (${operation.op}${on})`);
  });
  return [schema.name, ...encoded];
}
