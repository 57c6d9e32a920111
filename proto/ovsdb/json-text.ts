// JSON values as OVSDB has them, with exact 64-bit integers, and their text; json-parse.ts is the way back.
import { WeftError } from "../bytes/errors.ts";

/** A parsed JSON value. An integer is a `number` where that is exact, else a `bigint`. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;

/**
 * An object as it came from the network. Its keys are the peer's choice, `__proto__` included: read it with `member`
 * or `Object.entries`, never with a key that may be inherited.
 */
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The object's own member of that name. */
export function member(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The smallest positive double of full precision: Open vSwitch takes none below it but zero. */
const MIN_NORMAL = 2 ** -1022;

/** Whether Open vSwitch takes it as a number. */
export function isSendableNumber(value: number): boolean {
  return Number.isFinite(value) && (value === 0 || Math.abs(value) >= MIN_NORMAL);
}

/** An exact integer as the type above wants it. */
export function toJsonInteger(value: bigint): number | bigint {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}

function unsendable(why: string): WeftError {
  return new WeftError("json/unsendable", `this value cannot be sent: ${why}`);
}

function stringText(value: string): string {
  if (value.includes("\0")) throw unsendable("Open vSwitch takes no NUL character in a string");
  if (/\p{Surrogate}/u.test(value))
    throw unsendable("a string holds half of a surrogate pair, which has no UTF-8 form");
  return JSON.stringify(value);
}

/**
 * Writes a JSON text, integers exactly.
 * @throws WeftError `json/unsendable` for what Open vSwitch's parser refuses, such as NUL in a string
 */
export function jsonText(value: Json): string {
  switch (typeof value) {
    case "string":
      return stringText(value);
    case "number":
      if (!isSendableNumber(value)) throw unsendable(`Open vSwitch does not take the number ${value}`);
      return String(value === 0 ? 0 : value);
    case "bigint":
    case "boolean":
      return String(value);
    case "object": {
      if (value === null) return "null";
      if (isJsonArray(value)) return `[${value.map(jsonText).join(",")}]`;
      const members = Object.entries(value).map(([key, item]) => `${stringText(key)}:${jsonText(item)}`);
      return `{${members.join(",")}}`;
    }
  }
}
