// One transaction on a database in memory: its operations, what they break, and what becomes of rows that nobody names any more.
import { randomUUID } from "node:crypto";
import { type Datum, datumSize, decodeDatum, equalData, isMapDatum } from "../../../proto/ovsdb/datum.ts";
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonText,
  member,
} from "../../../proto/ovsdb/json-text.ts";
import { OvsdbProtocolError } from "../../../proto/ovsdb/ovsdb-error.ts";
import { mutated, readWhere, type Where } from "./conditions.ts";
import { datumJson } from "./datum-json.ts";
import type { Column, Layout, Row, RowEdit } from "./rows.ts";

/** What the operations see, and where their outcome goes: the database. */
export interface Tables {
  readonly layouts: ReadonlyMap<string, Layout>;
  rowsOf(table: string): ReadonlyMap<string, Row>;
  /** How many rows name that one. */
  referencesTo(uuid: string): number;
}

/** An operation fails: its place in the reply gets the error, those behind it null (RFC 7047, section 4.1.3). */
class Refusal extends Error {
  readonly error: string;

  constructor(error: string, details: string) {
    super(details);
    this.error = error;
  }
}

/** A `wait` that is not met yet: the whole transaction is tried again when something has changed. */
class NotYet extends Error {
  readonly timeoutMs: number | undefined;

  constructor(timeoutMs: number | undefined) {
    super("not yet");
    this.timeoutMs = timeoutMs;
  }
}

export type Outcome =
  | { readonly kind: "done"; readonly results: readonly Json[]; readonly edits: readonly RowEdit[] }
  | { readonly kind: "refused"; readonly results: readonly Json[] }
  | { readonly kind: "waits"; readonly timeoutMs: number | undefined };

function text(operation: JsonObject, name: string): string {
  const value = member(operation, name);
  if (typeof value !== "string") throw new Refusal("syntax error", `"${name}" must be a string`);
  return value;
}

class Transaction {
  readonly #tables: Tables;
  /** By UUID; the rows as this transaction leaves them. */
  readonly #edits = new Map<string, { table: string; before: Row | undefined; after: Row | undefined }>();
  /** UUIDs of rows that the transaction itself inserts, by their `uuid-name`. */
  readonly #names = new Map<string, string>();

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Names may be used before the operation that inserts them. */
  nameInserts(operations: readonly Json[]): void {
    for (const operation of operations) {
      const name = isJsonObject(operation) && operation.op === "insert" ? member(operation, "uuid-name") : undefined;
      if (typeof name !== "string") continue;
      if (this.#names.has(name)) throw new Refusal("duplicate uuid-name", `This "uuid-name" appeared before: ${name}`);
      this.#names.set(name, randomUUID());
    }
  }

  run(json: Json): Json {
    if (!isJsonObject(json)) throw new Refusal("syntax error", "an operation must be an object");
    switch (json.op) {
      case "insert":
        return this.#insert(json);
      case "select":
        return { rows: this.#distinct(json) };
      case "update":
        return this.#change(json, this.#assignments(json));
      case "mutate":
        return this.#change(json, this.#mutations(json));
      case "delete": {
        const rows = this.#selected(json);
        for (const [uuid, row] of rows) this.#edit(this.#layout(json).table.name, uuid, row, undefined);
        return { count: rows.length };
      }
      case "wait":
        return this.#wait(json);
      case "comment":
      case "commit":
        return {};
      case "abort":
        throw new Refusal("aborted", "aborted by request");
      case "assert":
        throw new Refusal("not owner", `Asserted lock ${text(json, "lock")} not held.`);
      default:
        throw new Refusal("unknown operation", `No operation "${String(json.op).slice(0, 40)}".`);
    }
  }

  #layout(operation: JsonObject): Layout {
    const name = text(operation, "table");
    const layout = this.#tables.layouts.get(name);
    if (layout === undefined) throw new Refusal("syntax error", `No table named ${name.slice(0, 80)}.`);
    return layout;
  }

  #column(layout: Layout, name: string): Column {
    const column = layout.columns.get(name);
    if (column === undefined)
      throw new Refusal("unknown column", `No column ${name.slice(0, 80)} in table ${layout.table.name}.`);
    return column;
  }

  #edit(table: string, uuid: string, held: Row | undefined, after: Row | undefined): void {
    const edit = this.#edits.get(uuid);
    if (edit === undefined) this.#edits.set(uuid, { table, before: held, after });
    else edit.after = after;
  }

  #row(table: string, uuid: string): Row | undefined {
    const edit = this.#edits.get(uuid);
    return edit === undefined ? this.#tables.rowsOf(table).get(uuid) : edit.after;
  }

  #selected(operation: JsonObject): readonly (readonly [string, Row])[] {
    const layout = this.#layout(operation);
    const where = readWhere(layout, this.#resolved(member(operation, "where") ?? null));
    return this.#matching(layout, where);
  }

  #matching({ table: { name } }: Layout, { uuid, test }: Where): readonly (readonly [string, Row])[] {
    if (uuid !== undefined) {
      const row = this.#row(name, uuid);
      return row !== undefined && test(uuid, row) ? [[uuid, row]] : [];
    }
    const found: (readonly [string, Row])[] = [];
    for (const [held, row] of this.#tables.rowsOf(name))
      if (!this.#edits.has(held) && test(held, row)) found.push([held, row]);
    for (const [held, { table, after }] of this.#edits)
      if (table === name && after !== undefined && test(held, after)) found.push([held, after]);
    return found;
  }

  /** `["named-uuid", …]` becomes the UUID it means, at any depth. */
  #resolved(json: Json): Json {
    if (isJsonArray(json)) {
      if (json.length === 2 && json[0] === "named-uuid") {
        const uuid = this.#names.get(String(json[1]));
        if (uuid === undefined) throw new Refusal("syntax error", `No row is named ${String(json[1]).slice(0, 80)}.`);
        return ["uuid", uuid];
      }
      return json.some((item) => typeof item === "object") ? json.map((item) => this.#resolved(item)) : json;
    }
    return json;
  }

  #value(column: Column, json: Json): Datum {
    const datum = decodeDatum(column.type, this.#resolved(json), column.name);
    this.#check(column, datum);
    return datum;
  }

  #check({ name, type }: Column, datum: Datum): void {
    const size = datumSize(datum);
    if (size < type.min || size > type.max)
      throw new Refusal("constraint violation", `${size} elements in ${name}, ${type.min} to ${type.max} are allowed.`);
    if (isMapDatum(datum)) return;
    const { enum: allowed, minInteger, maxInteger } = type.key;
    for (const atom of datum) {
      const isIn = allowed === null || allowed.includes(atom);
      if (!isIn)
        throw new Refusal("constraint violation", `${String(atom).slice(0, 80)} is not one of the allowed values`);
      const isBelow = minInteger !== null && (atom as number) < minInteger;
      if (isBelow || (maxInteger !== null && (atom as number) > maxInteger))
        throw new Refusal("constraint violation", `${String(atom)} is not in the valid range of ${name}`);
    }
  }

  #given(operation: JsonObject): JsonObject {
    const row = member(operation, "row");
    if (!isJsonObject(row)) throw new Refusal("syntax error", `"row" must be an object`);
    return row;
  }

  #insert(operation: JsonObject): Json {
    const layout = this.#layout(operation);
    const name = member(operation, "uuid-name");
    const uuid = (typeof name === "string" ? this.#names.get(name) : undefined) ?? randomUUID();
    const row = [...layout.blank];
    for (const [column, json] of Object.entries(this.#given(operation))) {
      const found = this.#column(layout, column);
      row[found.at] = this.#value(found, json);
    }
    for (const column of layout.columns.values()) this.#check(column, row[column.at] ?? []);
    this.#edit(layout.table.name, uuid, undefined, Object.freeze(row));
    return { uuid: ["uuid", uuid] };
  }

  #assignments(operation: JsonObject): (row: Datum[]) => void {
    const layout = this.#layout(operation);
    const values = Object.entries(this.#given(operation)).map(([name, json]) => {
      const column = this.#column(layout, name);
      if (!column.mutable) throw new Refusal("constraint violation", `Cannot update immutable column ${name}.`);
      return [column.at, this.#value(column, json)] as const;
    });
    return (row) => {
      for (const [at, value] of values) row[at] = value;
    };
  }

  #mutations(operation: JsonObject): (row: Datum[]) => void {
    const layout = this.#layout(operation);
    const list = member(operation, "mutations");
    if (!isJsonArray(list)) throw new Refusal("syntax error", `"mutations" must be an array`);
    return (row) => {
      for (const mutation of list) {
        if (!isJsonArray(mutation) || mutation.length !== 3)
          throw new Refusal("syntax error", "a mutation has three parts");
        const [name, mutator, value] = mutation;
        const column = this.#column(layout, String(name));
        if (!column.mutable)
          throw new Refusal("constraint violation", `Cannot mutate immutable column ${column.name}.`);
        const next = mutated(column.type, row[column.at] ?? [], String(mutator), this.#resolved(value ?? null));
        this.#check(column, next);
        row[column.at] = next;
      }
    };
  }

  #change(operation: JsonObject, change: (row: Datum[]) => void): Json {
    const rows = this.#selected(operation);
    const { name } = this.#layout(operation).table;
    for (const [uuid, held] of rows) {
      const row = [...held];
      change(row);
      this.#edit(name, uuid, held, Object.freeze(row));
    }
    return { count: rows.length };
  }

  /** Rows that are the same in the columns asked for are told once. */
  #distinct(operation: JsonObject): readonly Json[] {
    const layout = this.#layout(operation);
    const rows = this.#selected(operation).map(([uuid, row]) => this.#shown(layout, uuid, row, operation));
    return [...new Map(rows.map((row) => [jsonText(row), row])).values()];
  }

  #shown(layout: Layout, uuid: string, row: Row, operation: JsonObject): JsonObject {
    const names = member(operation, "columns");
    const wanted = isJsonArray(names) ? names.map(String) : ["_uuid", ...layout.columns.keys()];
    const entries = wanted.map((name): [string, Json] => {
      if (name === "_uuid" || name === "_version") return [name, ["uuid", uuid]];
      const column = this.#column(layout, name);
      return [name, datumJson(column.type, row[column.at] ?? [])];
    });
    return Object.fromEntries(entries);
  }

  #wait(operation: JsonObject): Json {
    const layout = this.#layout(operation);
    const [columns, rows] = [member(operation, "columns"), member(operation, "rows")];
    if (!isJsonArray(columns) || !isJsonArray(rows)) throw new Refusal("syntax error", "a wait has columns and rows");
    const named = columns.map((name) => this.#column(layout, String(name)));
    const wanted = rows.map((row) =>
      named.map((column) => this.#value(column, (isJsonObject(row) ? member(row, column.name) : undefined) ?? null)),
    );
    const held = this.#selected(operation).map(([, row]) => named.map(({ at }) => row[at] ?? []));
    const same = (a: readonly Datum[], b: readonly Datum[]) => a.every((value, at) => equalData(value, b[at] ?? []));
    const isEqual = held.length === wanted.length && held.every((row) => wanted.some((other) => same(row, other)));
    if (isEqual === (member(operation, "until") === "==")) return {};
    const timeout = member(operation, "timeout");
    if (timeout === 0) throw new Refusal("timed out", `"wait" timed out`);
    throw new NotYet(typeof timeout === "number" ? timeout : undefined);
  }

  /** References, indexes and the count of rows, as they are checked at the end (RFC 7047, section 4.1.3). */
  finish(): readonly RowEdit[] {
    // Also of rows that nobody names, and that go at once.
    for (const [uuid, { table, after }] of this.#edits) {
      if (after !== undefined) this.#checkReferences(table, uuid, after);
    }
    this.#collectGarbage();
    const edits: RowEdit[] = [];
    for (const [uuid, { table, before, after }] of this.#edits) {
      if (before === undefined && after === undefined) continue;
      if (before !== undefined && after !== undefined && before.every((value, at) => equalData(value, after[at] ?? [])))
        continue;
      edits.push({ table, uuid, before, after });
    }
    this.#checkIndexes(edits);
    return edits;
  }

  #checkReferences(table: string, uuid: string, row: Row): void {
    const layout = this.#tables.layouts.get(table);
    for (const { at, name, type } of layout?.references ?? []) {
      for (const target of row[at] as readonly string[]) {
        if (this.#row(type.key.refTable ?? "", target) !== undefined) continue;
        throw new Refusal(
          "referential integrity violation",
          `Table ${table} column ${name} row ${uuid} references nonexistent row ${target} in table ${type.key.refTable}.`,
        );
      }
    }
  }

  #checkIndexes(edits: readonly RowEdit[]): void {
    for (const table of new Set(edits.map((edit) => edit.table))) {
      const layout = this.#tables.layouts.get(table);
      for (const [index = ""] of layout?.table.indexes ?? []) {
        const at = layout?.columns.get(index)?.at ?? 0;
        const seen = new Map<unknown, string>();
        const keyOf = (row: Row | undefined) => (row?.[at] as readonly unknown[] | undefined)?.[0];
        const touched = new Set(
          edits.flatMap(({ before, after }) => (keyOf(before) === keyOf(after) ? [] : [keyOf(after)])),
        );
        if (touched.size === 0) continue;
        for (const [uuid, row] of this.#all(table)) {
          const key = (row[at] as readonly unknown[])[0];
          if (!touched.has(key)) continue;
          const other = seen.get(key);
          if (other !== undefined)
            throw new Refusal(
              "constraint violation",
              `Transaction causes multiple rows in "${table}" table to have identical values (${String(key)}) for index on column "${index}".`,
            );
          seen.set(key, uuid);
        }
      }
    }
  }

  *#all(table: string): Generator<readonly [string, Row]> {
    for (const [uuid, row] of this.#tables.rowsOf(table)) if (!this.#edits.has(uuid)) yield [uuid, row];
    for (const [uuid, edit] of this.#edits)
      if (edit.table === table && edit.after !== undefined) yield [uuid, edit.after];
  }

  /** A row outside of the root that no row names is gone, and with it those that only it named. */
  #collectGarbage(): void {
    const count = new Map<string, number>();
    const weigh = (table: string, row: Row | undefined, by: number): string[] => {
      const lost: string[] = [];
      if (row === undefined) return lost;
      for (const { at } of this.#tables.layouts.get(table)?.references ?? []) {
        for (const target of row[at] as readonly string[]) {
          const now = (count.get(target) ?? this.#tables.referencesTo(target)) + by;
          count.set(target, now);
          if (by < 0) lost.push(target);
        }
      }
      return lost;
    };
    let suspects: string[] = [];
    for (const [uuid, { table, before, after }] of this.#edits) {
      if (before === after) continue;
      suspects.push(...weigh(table, before, -1));
      weigh(table, after, 1);
      if (before === undefined) suspects.push(uuid);
    }
    for (const [uuid, { table, after }] of this.#edits) {
      const named = count.get(uuid) ?? this.#tables.referencesTo(uuid);
      if (after === undefined && named > 0)
        throw new Refusal(
          "referential integrity violation",
          `cannot delete ${table} row ${uuid} because of ${named} remaining reference(s)`,
        );
    }
    while (suspects.length > 0) {
      const next: string[] = [];
      for (const uuid of suspects) {
        if ((count.get(uuid) ?? this.#tables.referencesTo(uuid)) > 0) continue;
        const found = this.#find(uuid);
        if (found === undefined || this.#tables.layouts.get(found.table)?.table.isRoot === true) continue;
        this.#edit(found.table, uuid, found.row, undefined);
        next.push(...weigh(found.table, found.row, -1));
      }
      suspects = next;
    }
  }

  #find(uuid: string): { table: string; row: Row } | undefined {
    const edit = this.#edits.get(uuid);
    if (edit !== undefined) return edit.after === undefined ? undefined : { table: edit.table, row: edit.after };
    for (const table of this.#tables.layouts.keys()) {
      const row = this.#tables.rowsOf(table).get(uuid);
      if (row !== undefined) return { table, row };
    }
    return undefined;
  }
}

function errorOf(thrown: unknown): JsonObject | undefined {
  if (thrown instanceof Refusal) return { error: thrown.error, details: thrown.message };
  if (thrown instanceof OvsdbProtocolError) return { error: "syntax error", details: thrown.message };
  return undefined;
}

/** Runs the operations of a `transact` on the tables as they are; nothing is written. */
export function runTransaction(tables: Tables, operations: readonly Json[]): Outcome {
  const transaction = new Transaction(tables);
  const results: Json[] = [];
  try {
    transaction.nameInserts(operations);
    for (const operation of operations) results.push(transaction.run(operation));
    return { kind: "done", results, edits: transaction.finish() };
  } catch (thrown) {
    if (thrown instanceof NotYet) return { kind: "waits", timeoutMs: thrown.timeoutMs };
    const error = errorOf(thrown);
    if (error === undefined) throw thrown;
    // One that fails at the end has results for all operations, and the error behind them.
    results.push(error);
    while (results.length < operations.length) results.push(null);
    return { kind: "refused", results };
  }
}
