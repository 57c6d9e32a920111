// The atoms that columns are made of (RFC 7047, section 5.1).
import { isJsonArray, type Json } from "./json-text.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";

export const ATOMIC_TYPES = ["integer", "real", "boolean", "string", "uuid"] as const;
export type AtomicType = (typeof ATOMIC_TYPES)[number];

/**
 * One value of a column. A UUID is a string here: the column's type tells it from text. An integer above 2^53 is a
 * bigint, any other a number, so equal atoms are `===`.
 */
export type Atom = string | number | bigint | boolean;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const NIL_UUID = "00000000-0000-0000-0000-000000000000";

export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}

/** The order of atoms of one type; strings by code unit, so it does not depend on a locale. */
export function compareAtoms(a: Atom, b: Atom): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Decodes an `<atom>` of that type; a UUID loses its `["uuid", ...]`.
 * @throws OvsdbProtocolError
 */
export function decodeAtom(type: AtomicType, json: Json | undefined, path: string): Atom {
  switch (type) {
    case "integer":
      if (typeof json === "bigint" || (typeof json === "number" && Number.isSafeInteger(json))) return json;
      break;
    case "real":
      if (typeof json === "number") return json;
      if (typeof json === "bigint") return Number(json);
      break;
    case "boolean":
      if (typeof json === "boolean") return json;
      break;
    case "string":
      if (typeof json === "string") return json;
      break;
    case "uuid":
      if (isJsonArray(json) && json.length === 2 && json[0] === "uuid" && isUuid(json[1])) return json[1].toLowerCase();
      break;
  }
  throw new OvsdbProtocolError(path, `must be a ${type} atom`, json ?? null);
}
