// The operations of a transaction (RFC 7047, section 5.2) as values, and a builder for each.
import { type OvsValue, type RowValue, uuidRef } from "./values.ts";

/** RFC 7047, section 5.1, `<function>`. */
export type ConditionFunction = "<" | "<=" | "==" | "!=" | ">=" | ">" | "includes" | "excludes";

/** One clause of a `where`; a row must meet all. A bare boolean matches every row or none (an extension of Open vSwitch). */
export type Condition = readonly [column: string, test: ConditionFunction, value: OvsValue] | boolean;

/** RFC 7047, section 5.1, `<mutator>`. */
export type Mutator = "+=" | "-=" | "*=" | "/=" | "%=" | "insert" | "delete";
export type Mutation = readonly [column: string, mutator: Mutator, value: OvsValue];

export interface InsertOperation {
  readonly op: "insert";
  readonly table: string;
  readonly row: RowValue;
  /** Other operations of the transaction can name the new row by it. */
  readonly uuidName?: string;
  /** The new row's UUID, chosen by the client (an extension of Open vSwitch). */
  readonly uuid?: string;
}

export interface SelectOperation {
  readonly op: "select";
  readonly table: string;
  readonly where: readonly Condition[];
  /** All columns when absent. */
  readonly columns?: readonly string[];
}

export interface UpdateOperation {
  readonly op: "update";
  readonly table: string;
  readonly where: readonly Condition[];
  readonly row: RowValue;
}

export interface MutateOperation {
  readonly op: "mutate";
  readonly table: string;
  readonly where: readonly Condition[];
  readonly mutations: readonly Mutation[];
}

export interface DeleteOperation {
  readonly op: "delete";
  readonly table: string;
  readonly where: readonly Condition[];
}

export interface WaitOperation {
  readonly op: "wait";
  readonly table: string;
  readonly where: readonly Condition[];
  readonly columns: readonly string[];
  readonly until: "==" | "!=";
  readonly rows: readonly RowValue[];
  /** 0 tests once; absent waits as long as it takes. */
  readonly timeoutMs?: number;
}

export interface CommitOperation {
  readonly op: "commit";
  /** Whether the reply may only come once the transaction is on disk. */
  readonly durable: boolean;
}

export interface AbortOperation {
  readonly op: "abort";
}

export interface CommentOperation {
  readonly op: "comment";
  /** Kept in the database's log; `ovsdb-tool show-log` shows it. */
  readonly comment: string;
}

export interface AssertOperation {
  readonly op: "assert";
  readonly lock: string;
}

export type Operation =
  | InsertOperation
  | SelectOperation
  | UpdateOperation
  | MutateOperation
  | DeleteOperation
  | WaitOperation
  | CommitOperation
  | AbortOperation
  | CommentOperation
  | AssertOperation;

/** RFC 7047, section 5.2.1. */
export function insert(table: string, row: RowValue, uuidName?: string): InsertOperation {
  return Object.freeze({ op: "insert", table, row, ...(uuidName === undefined ? {} : { uuidName }) });
}

/** RFC 7047, section 5.2.2. */
export function select(table: string, where: readonly Condition[], columns?: readonly string[]): SelectOperation {
  return Object.freeze({ op: "select", table, where, ...(columns === undefined ? {} : { columns }) });
}

/** RFC 7047, section 5.2.3. Replaces whole column values; for a set that others write too use mutate. */
export function update(table: string, where: readonly Condition[], row: RowValue): UpdateOperation {
  return Object.freeze({ op: "update", table, where, row });
}

/** RFC 7047, section 5.2.4. */
export function mutate(table: string, where: readonly Condition[], mutations: readonly Mutation[]): MutateOperation {
  return Object.freeze({ op: "mutate", table, where, mutations });
}

/** RFC 7047, section 5.2.5. */
export function del(table: string, where: readonly Condition[]): DeleteOperation {
  return Object.freeze({ op: "delete", table, where });
}

/** RFC 7047, section 5.2.6. */
export function wait(
  table: string,
  where: readonly Condition[],
  columns: readonly string[],
  until: "==" | "!=",
  rows: readonly RowValue[],
  timeoutMs?: number,
): WaitOperation {
  return Object.freeze({
    op: "wait",
    table,
    where,
    columns,
    until,
    rows,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** RFC 7047, section 5.2.7. */
export function commit(durable: boolean): CommitOperation {
  return Object.freeze({ op: "commit", durable });
}

/** RFC 7047, section 5.2.8. */
export function abort(): AbortOperation {
  return Object.freeze({ op: "abort" });
}

/** RFC 7047, section 5.2.9. */
export function comment(text: string): CommentOperation {
  return Object.freeze({ op: "comment", comment: text });
}

/** RFC 7047, section 5.2.10. */
export function assertLock(lock: string): AssertOperation {
  return Object.freeze({ op: "assert", lock });
}

/** The `where` that means one row. */
export function byUuid(uuid: string): readonly Condition[] {
  return [["_uuid", "==", uuidRef(uuid)]];
}
