// Which rows a `where` means, and what a mutation makes of a value (RFC 7047, section 5.1).
import { type Atom, compareAtoms } from "../../../proto/ovsdb/atom.ts";
import { type Datum, decodeDatum, decodeDatumDiff, equalData, isMapDatum } from "../../../proto/ovsdb/datum.ts";
import { isJsonArray, type Json } from "../../../proto/ovsdb/json-text.ts";
import { OvsdbProtocolError } from "../../../proto/ovsdb/ovsdb-error.ts";
import type { ColumnType } from "../../../proto/ovsdb/schema.ts";
import type { Layout, Row } from "./rows.ts";

/** A row that is looked at, by the columns' names. */
type Test = (uuid: string, row: Row) => boolean;

function includes(held: Datum, wanted: Datum): boolean {
  if (isMapDatum(held)) return isMapDatum(wanted) && [...wanted].every(([key, value]) => held.get(key) === value);
  return !isMapDatum(wanted) && wanted.every((atom) => held.includes(atom));
}

function excludes(held: Datum, unwanted: Datum): boolean {
  if (isMapDatum(held)) return isMapDatum(unwanted) && [...unwanted].every(([key, value]) => held.get(key) !== value);
  return !isMapDatum(unwanted) && unwanted.every((atom) => !held.includes(atom));
}

function compare(held: Datum, other: Datum): number | undefined {
  const [a, b] = [isMapDatum(held) ? undefined : held[0], isMapDatum(other) ? undefined : other[0]];
  return a === undefined || b === undefined ? undefined : compareAtoms(a, b);
}

function testOf(test: string, held: Datum, value: Datum): boolean {
  const order = test.length <= 2 ? compare(held, value) : undefined;
  switch (test) {
    case "==":
      return equalData(held, value);
    case "!=":
      return !equalData(held, value);
    case "includes":
      return includes(held, value);
    case "excludes":
      return excludes(held, value);
    case "<":
      return order !== undefined && order < 0;
    case "<=":
      return order !== undefined && order <= 0;
    case ">":
      return order !== undefined && order > 0;
    case ">=":
      return order !== undefined && order >= 0;
    default:
      throw new OvsdbProtocolError("where", `"${test.slice(0, 20)}" is no function`);
  }
}

export interface Where {
  readonly test: Test;
  /** Where the condition names one row: looked up, not searched. */
  readonly uuid: string | undefined;
}

/** @throws OvsdbProtocolError */
export function readWhere(layout: Layout, json: Json | undefined): Where {
  if (!isJsonArray(json)) throw new OvsdbProtocolError("where", "must be an array", json ?? null);
  const tests: Test[] = [];
  let uuid: string | undefined;
  for (const clause of json) {
    if (typeof clause === "boolean") {
      tests.push(() => clause);
      continue;
    }
    if (!isJsonArray(clause) || clause.length !== 3)
      throw new OvsdbProtocolError("where", "a condition has three parts", clause);
    const [name, test, value] = clause;
    if (typeof name !== "string" || typeof test !== "string" || value === undefined)
      throw new OvsdbProtocolError("where", "a condition names a column and a function", clause);
    if (name === "_uuid") {
      const wanted = isJsonArray(value) && value[0] === "uuid" ? String(value[1]) : "";
      if (test === "==" || test === "includes") uuid = wanted;
      const same = test === "==" || test === "includes";
      tests.push((found) => (found === wanted) === same);
      continue;
    }
    const column = layout.columns.get(name);
    if (column === undefined)
      throw new OvsdbProtocolError("where", `No column ${name.slice(0, 80)} in table ${layout.table.name}.`);
    const whole = test === "==" || test === "!=";
    const wanted = whole ? decodeDatum(column.type, value, name) : decodeDatumDiff(column.type, value, name);
    tests.push((_, row) => testOf(test, row[column.at] ?? [], wanted));
  }
  return { uuid, test: (found, row) => tests.every((test) => test(found, row)) };
}

function sorted(atoms: Iterable<Atom>): readonly Atom[] {
  return Object.freeze([...atoms].sort(compareAtoms));
}

function arithmetic(mutator: string, atom: Atom, by: Atom | undefined): Atom {
  const [a, b] = [Number(atom), Number(by)];
  switch (mutator) {
    case "+=":
      return a + b;
    case "-=":
      return a - b;
    case "*=":
      return a * b;
    case "/=":
      return Math.trunc(a / b);
    default:
      return a % b;
  }
}

function withoutKeys(held: ReadonlyMap<Atom, Atom>, type: ColumnType, value: Json): Datum {
  const rest = new Map(held);
  // A map loses the pairs that are named, or all pairs of the keys that are (RFC 7047, section 5.1).
  const isPairs = isJsonArray(value) && value[0] === "map";
  const named = decodeDatumDiff(isPairs ? type : { ...type, value: null }, value, "mutation");
  if (isMapDatum(named)) {
    for (const [key, pair] of named) if (rest.get(key) === pair) rest.delete(key);
  } else for (const key of named) rest.delete(key);
  return rest;
}

/** @throws OvsdbProtocolError */
export function mutated(type: ColumnType, held: Datum, mutator: string, value: Json): Datum {
  if (mutator === "delete") {
    if (isMapDatum(held)) return withoutKeys(held, type, value);
    const gone = new Set(decodeDatumDiff(type, value, "mutation") as readonly Atom[]);
    return Object.freeze(held.filter((atom) => !gone.has(atom)));
  }
  const given = decodeDatumDiff(type, value, "mutation");
  if (mutator === "insert") {
    // A key that is there keeps its value.
    if (isMapDatum(held)) return new Map([...(isMapDatum(given) ? given : []), ...held]);
    return sorted(new Set([...held, ...(isMapDatum(given) ? [] : given)]));
  }
  if (!["+=", "-=", "*=", "/=", "%="].includes(mutator) || isMapDatum(held))
    throw new OvsdbProtocolError("mutations", `"${mutator.slice(0, 20)}" is no mutator of this column`);
  const [by] = given as readonly Atom[];
  return sorted(held.map((atom) => arithmetic(mutator, atom, by)));
}
