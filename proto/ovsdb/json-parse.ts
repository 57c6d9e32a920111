// JSON text -> values: exact in integers of 64 bits, and strict where Open vSwitch's own parser (lib/json.c) is.
import { WireError } from "../bytes/errors.ts";
import { isSendableNumber, type Json, type JsonObject, toJsonInteger } from "./json-text.ts";

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
/** Open vSwitch reads no further digit of an exponent that has come this far. */
const EXPONENT_LIMIT = 214_748_364;
/** No integer of 64 bits has more digits; anything longer need not be looked at exactly. */
const INT64_DIGITS = 19;

/** Integers (also written as `1.0` or `1e3`) of up to 64 bits exactly; undefined if it is no such integer. */
function exactInteger(text: string): number | bigint | undefined {
  const [mantissa = "", exponentText = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/0+$/, "");
  const exponent = Number(exponentText) - fraction.length + (whole.length + fraction.length - digits.length);
  if (exponent < 0 || exponent > INT64_DIGITS || digits.length > INT64_DIGITS + 1) return undefined;
  const value = BigInt(digits === "" || digits === "-" ? "0" : digits) * 10n ** BigInt(exponent);
  return value < MIN_INT64 || value > MAX_INT64 ? undefined : toJsonInteger(value);
}

/** A recursive-descent parser; the caller has bounded depth and size. */
class StrictParser {
  readonly #text: string;
  readonly #baseOffset: number;
  #at = 0;

  constructor(text: string, baseOffset: number) {
    this.#text = text;
    this.#baseOffset = baseOffset;
  }

  parse(): Json {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#error("trailing garbage at end of input");
    return value;
  }

  #error(why: string): WireError {
    const offset = new TextEncoder().encode(this.#text.slice(0, this.#at)).length;
    return new WireError("json/syntax", why, { offset: this.#baseOffset + offset, field: "message" });
  }

  #space(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d) return;
      this.#at += 1;
    }
  }

  #value(): Json {
    this.#space();
    const c = this.#text[this.#at];
    if (c === "{") return this.#object();
    if (c === "[") return this.#array();
    if (c === '"') return this.#string();
    if (c === undefined) throw this.#error("unexpected end of input");
    if (c === "-" || (c >= "0" && c <= "9")) return this.#number();
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    throw this.#error("syntax error expecting value");
  }

  #object(): JsonObject {
    const object: Record<string, Json> = {};
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === "}") {
      this.#at += 1;
      return object;
    }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#error("syntax error parsing object expecting string");
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ":") throw this.#error("syntax error parsing object expecting ':'");
      this.#at += 1;
      const value = this.#value();
      // Assigning to `__proto__` would change the object instead of giving it a member.
      if (key === "__proto__")
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
      if (this.#closes("}")) return object;
    }
  }

  #array(): readonly Json[] {
    const array: Json[] = [];
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === "]") {
      this.#at += 1;
      return array;
    }
    for (;;) {
      array.push(this.#value());
      if (this.#closes("]")) return array;
    }
  }

  /** After an element: true at the closing bracket, false at a comma. */
  #closes(bracket: string): boolean {
    this.#space();
    const c = this.#text[this.#at];
    if (c !== bracket && c !== ",") throw this.#error(`syntax error expecting '${bracket}' or ','`);
    this.#at += 1;
    return c === bracket;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) throw this.#error("syntax error in number");
    const next = this.#text[this.#at + text.length] ?? "";
    if (/[.0-9eE+-]/.test(next)) throw this.#error("syntax error in number");
    const exponent = /e[+-]?(\d+)$/i.exec(text)?.[1] ?? "";
    if (Number(exponent.slice(0, -1)) >= EXPONENT_LIMIT) throw this.#error("exponent outside valid range");
    const value = exactInteger(text) ?? Number(text);
    if (typeof value === "number" && !isSendableNumber(value)) throw this.#error("number outside valid range");
    this.#at += text.length;
    return value === 0 ? 0 : value;
  }

  #string(): string {
    this.#at += 1;
    let result = "";
    for (;;) {
      const from = this.#at;
      let c = this.#text.charCodeAt(from);
      while (c >= 0x20 && c !== 0x22 && c !== 0x5c) {
        this.#at += 1;
        c = this.#text.charCodeAt(this.#at);
      }
      result += this.#text.slice(from, this.#at);
      if (c === 0x22) {
        this.#at += 1;
        return result;
      }
      if (Number.isNaN(c)) throw this.#error("unexpected end of input in quoted string");
      if (c !== 0x5c) throw this.#error("a control character must be escaped in quoted string");
      result += this.#escape();
    }
  }

  #escape(): string {
    const kind = this.#text[this.#at + 1] ?? "";
    const plain = ESCAPES[kind];
    if (plain !== undefined) {
      this.#at += 2;
      return plain;
    }
    if (kind !== "u") throw this.#error(`bad escape \\${kind}`);
    const first = this.#hex4();
    if (first < 0xd800 || first > 0xdbff) return String.fromCharCode(first);
    if (!this.#text.startsWith("\\u", this.#at)) throw this.#error("malformed escaped surrogate pair");
    const second = this.#hex4();
    if (second < 0xdc00 || second > 0xdfff) {
      throw this.#error("second half of escaped surrogate pair is not trailing surrogate");
    }
    return String.fromCharCode(first, second);
  }

  /** The number in a `\uXXXX` at the current place. */
  #hex4(): number {
    const hex = this.#text.slice(this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#error("malformed \\u escape");
    if (hex === "0000") throw this.#error("null bytes not supported in quoted strings");
    this.#at += 6;
    return Number.parseInt(hex, 16);
  }
}

/**
 * Parses one JSON text exactly and strictly; slower than JSON.parse.
 * @param baseOffset where the text begins in its stream, for errors
 * @throws WireError `json/syntax` with the offset in bytes
 */
export function parseStrictJson(text: string, baseOffset = 0): Json {
  return new StrictParser(text, baseOffset).parse();
}

/**
 * Parses one JSON text that is known to hold no integer above 2^53, exponent, `\u` escape or escaped key of a peer: there
 * JSON.parse is exact, and as strict as Open vSwitch.
 * @param otherwise what is done where it is refused: the strict parser says where
 */
export function parsePlainJson(text: string, otherwise: () => Json): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return otherwise();
  }
}
