// `<mutation>` (RFC 7047, section 5.1): which mutator suits which column, and its operand.
import { encodeValue } from "./encode-value.ts";
import type { Json } from "./json-text.ts";
import type { Mutation } from "./operations.ts";
import { OvsdbSchemaError } from "./ovsdb-error.ts";
import type { ColumnSchema, ColumnType } from "./schema.ts";

const ANY_NUMBER = Number.POSITIVE_INFINITY;

function withoutRange(type: ColumnType): ColumnType {
  return {
    key: { ...type.key, minInteger: null, maxInteger: null, minReal: null, maxReal: null, enum: null },
    value: null,
    min: 1,
    max: 1,
  };
}

function operandType(column: ColumnSchema, [, mutator, value]: Mutation, path: string): ColumnType {
  const { type } = column;
  const { key } = type;
  if (mutator === "insert" || mutator === "delete") {
    if (type.value === null && type.max === 1 && type.min === 1) {
      throw new OvsdbSchemaError("ovsdb/wrong-type", path, `"${mutator}" needs a set or a map; use "update"`);
    }
    const keysOnly = mutator === "delete" && !(typeof value === "object" && value.kind === "map");
    return { key, value: keysOnly ? null : type.value, min: 0, max: mutator === "delete" ? ANY_NUMBER : type.max };
  }
  const isNumber = key.type === "integer" || (key.type === "real" && mutator !== "%=");
  if (!isNumber || type.value !== null) {
    throw new OvsdbSchemaError("ovsdb/wrong-type", path, `"${mutator}" does not suit the column's type`);
  }
  return withoutRange(type);
}

/** @throws OvsdbSchemaError */
export function encodeMutation(column: ColumnSchema, mutation: Mutation, path: string): Json {
  const [name, mutator, value] = mutation;
  if (!column.mutable) {
    throw new OvsdbSchemaError("ovsdb/constraint-violation", path, "the column is immutable and cannot be mutated");
  }
  const operand = encodeValue(operandType(column, mutation, path), value, path);
  if ((mutator === "/=" || mutator === "%=") && Number(operand) === 0) {
    throw new OvsdbSchemaError("ovsdb/domain-error", path, "division by zero");
  }
  return [name, mutator, operand];
}
