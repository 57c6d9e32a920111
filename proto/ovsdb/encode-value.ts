// Values as a caller writes them -> the notation of RFC 7047, section 5.1, checked against the column's type before anything is sent.
import { type AtomicType, isUuid } from "./atom.ts";
import { isSendableNumber, type Json, toJsonInteger } from "./json-text.ts";
import { OvsdbSchemaError } from "./ovsdb-error.ts";
import type { BaseType, ColumnType } from "./schema.ts";
import type { AtomValue, OvsValue } from "./values.ts";

const ID = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

function show(atom: AtomValue): string {
  if (typeof atom !== "object") return typeof atom === "string" ? `"${atom}"` : String(atom);
  return atom.kind === "uuid" ? atom.uuid : `the new row "${atom.name}"`;
}

function violation(path: string, why: string): OvsdbSchemaError {
  return new OvsdbSchemaError("ovsdb/constraint-violation", path, why);
}

function checkInteger(base: BaseType, value: bigint, path: string): void {
  if (value < (base.minInteger ?? MIN_INT64) || value > (base.maxInteger ?? MAX_INT64)) {
    const range = `${base.minInteger ?? MIN_INT64} to ${base.maxInteger ?? MAX_INT64}`;
    throw violation(path, `${value} is not in the valid range ${range}`);
  }
}

function checkReal(base: BaseType, value: number, path: string): void {
  if (value < (base.minReal ?? Number.NEGATIVE_INFINITY) || value > (base.maxReal ?? Number.POSITIVE_INFINITY)) {
    throw violation(path, `${value} is not in the valid range ${base.minReal ?? "-inf"} to ${base.maxReal ?? "inf"}`);
  }
}

function checkString(base: BaseType, value: string, path: string): void {
  if (value.includes("\0") || /\p{Surrogate}/u.test(value)) {
    throw violation(path, "a string must be Unicode text without NUL characters");
  }
  const length = [...value].length;
  if (length < (base.minLength ?? 0) || length > (base.maxLength ?? Number.POSITIVE_INFINITY)) {
    throw violation(
      path,
      `"${value}" has ${length} characters, ${base.minLength ?? 0} to ${base.maxLength ?? "any"} are allowed`,
    );
  }
}

function checkEnum(base: BaseType, json: number | bigint | string | boolean, path: string): void {
  if (base.enum !== null && !base.enum.includes(json)) {
    throw violation(path, `${show(json)} is not one of the allowed values (${base.enum.map(show).join(", ")})`);
  }
}

function wrongType(type: AtomicType, atom: AtomValue, path: string): OvsdbSchemaError {
  const remedy = type === "uuid" ? "; use uuidRef(...) or namedUuid(...)" : "";
  return new OvsdbSchemaError("ovsdb/wrong-type", path, `${show(atom)} is not of type ${type}${remedy}`);
}

function encodeAtom(base: BaseType, atom: AtomValue, path: string): Json {
  switch (base.type) {
    case "integer": {
      if (typeof atom !== "bigint" && !(typeof atom === "number" && Number.isSafeInteger(atom))) break;
      const exact = toJsonInteger(BigInt(atom));
      checkInteger(base, BigInt(atom), path);
      checkEnum(base, exact, path);
      return exact;
    }
    case "real": {
      const real = typeof atom === "bigint" ? Number(atom) : atom;
      if (typeof real !== "number" || !isSendableNumber(real)) break;
      checkReal(base, real, path);
      checkEnum(base, real, path);
      return real;
    }
    case "boolean":
      if (typeof atom !== "boolean") break;
      checkEnum(base, atom, path);
      return atom;
    case "string":
      if (typeof atom !== "string") break;
      checkString(base, atom, path);
      checkEnum(base, atom, path);
      return atom;
    case "uuid":
      if (typeof atom !== "object") break;
      if (atom.kind === "named-uuid") {
        if (!ID.test(atom.name))
          throw new OvsdbSchemaError("ovsdb/wrong-type", path, `"${atom.name}" is not an identifier`);
        return ["named-uuid", atom.name];
      }
      if (!isUuid(atom.uuid)) throw new OvsdbSchemaError("ovsdb/wrong-type", path, `"${atom.uuid}" is not a UUID`);
      return ["uuid", atom.uuid.toLowerCase()];
  }
  throw wrongType(base.type, atom, path);
}

/** Atoms as they are written, for telling duplicates. */
function identity(json: Json): string {
  return typeof json === "object" ? JSON.stringify(json) : `${typeof json} ${String(json)}`;
}

function checkSize(type: ColumnType, size: number, path: string): void {
  if (size < type.min || size > type.max) {
    const allowed =
      type.min === type.max
        ? `exactly ${type.min}`
        : `${type.min} to ${type.max === Number.POSITIVE_INFINITY ? "any number" : type.max}`;
    throw violation(path, `${size} elements, but the column takes ${allowed}`);
  }
}

function checkUnique(items: readonly Json[], what: string, path: string): void {
  if (new Set(items.map(identity)).size < items.length) throw violation(path, `${what} occurs twice`);
}

/**
 * Encodes a `<value>` of a column of that type.
 * @param path names the place in errors, such as `operation 2 (insert on Bridge), column name`
 * @throws OvsdbSchemaError `ovsdb/wrong-type`, or `ovsdb/constraint-violation` as the server would answer
 */
export function encodeValue(type: ColumnType, value: OvsValue, path: string): Json {
  if (typeof value === "object" && value.kind === "map") {
    const { value: valueType } = type;
    if (valueType === null)
      throw new OvsdbSchemaError("ovsdb/wrong-type", path, "the column is not a map; use ovsSet([...])");
    const keys = value.entries.map(([key]) => encodeAtom(type.key, key, path));
    const values = value.entries.map(([, item]) => encodeAtom(valueType, item, path));
    checkUnique(keys, "a key", path);
    checkSize(type, keys.length, path);
    return ["map", keys.map((key, index) => [key, values[index] ?? null])];
  }
  if (type.value !== null) {
    if (typeof value === "object" && value.kind === "set" && value.atoms.length === 0) return ["map", []];
    throw new OvsdbSchemaError("ovsdb/wrong-type", path, "the column is a map; use ovsMap(...)");
  }
  const atoms = typeof value === "object" && value.kind === "set" ? value.atoms : [value];
  const encoded = atoms.map((atom) => encodeAtom(type.key, atom, path));
  checkUnique(encoded, "an element", path);
  checkSize(type, encoded.length, path);
  const [only] = encoded;
  return encoded.length === 1 && only !== undefined ? only : ["set", encoded];
}
