// Cuts a stream of JSON texts into messages: OVSDB sends them back to back, with no length before them (RFC 7047, section 4).
import { WireError } from "../bytes/errors.ts";
import { parsePlainJson, parseStrictJson } from "./json-parse.ts";
import type { Json } from "./json-text.ts";

export interface JsonLimits {
  /** Bytes of one message. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Arrays and objects within each other. Default 1000, as in Open vSwitch. */
  readonly maxDepth?: number;
}

export const DEFAULT_MAX_JSON_BYTES = 16 * 1024 * 1024;
export const DEFAULT_MAX_JSON_DEPTH = 1000;

/** Runs of fewer digits are exact in a double. */
const EXACT_DIGITS = 16;
const AFTER_MINUS = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

type State = "between" | "structure" | "string" | "escape" | "broken";

/**
 * Looks at every byte once, however the stream is split, and parses nothing before its end, size and depth are known.
 * An error is final: what follows in the stream has no known beginning.
 */
export class JsonFramer {
  readonly #onMessage: (message: Json) => void;
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  #state: State = "between";
  #depth = 0;
  /** Digits of the number the scanner is in, 0 outside of numbers, AFTER_MINUS between a sign and the first digit. */
  #digits = 0;
  /** Whether the message holds something that JSON.parse would round, or take although Open vSwitch does not. */
  #needsStrict = false;
  /**
   * The unfinished message's bytes from earlier chunks, at the front. They are copied: a peer that sends single bytes
   * must not make each of them cost an object.
   */
  #held = new Uint8Array(0);
  #heldBytes = 0;
  /** Bytes of the stream before the current chunk. */
  #streamOffset = 0;

  constructor(onMessage: (message: Json) => void, limits: JsonLimits = {}) {
    this.#onMessage = onMessage;
    this.#maxBytes = limits.maxBytes ?? DEFAULT_MAX_JSON_BYTES;
    this.#maxDepth = limits.maxDepth ?? DEFAULT_MAX_JSON_DEPTH;
  }

  /** Whether the stream may end here without cutting a message. */
  get atBoundary(): boolean {
    return this.#state === "between";
  }

  /**
   * Takes the next bytes and hands over each message that ends within them, in order.
   * @throws WireError `json/top-level`, `json/too-long`, `json/too-deep`, `json/syntax`, `json/utf8`; the offset counts
   * from the stream's beginning. Messages before the error were handed over.
   */
  push(chunk: Uint8Array): void {
    if (this.#state === "broken") return;
    try {
      this.#scan(chunk);
    } catch (error) {
      this.#state = "broken";
      this.#held = new Uint8Array(0);
      throw error;
    }
    this.#streamOffset += chunk.length;
  }

  #scan(chunk: Uint8Array): void {
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case "between": {
          const c = chunk[at];
          if (c === 0x7b || c === 0x5b) {
            start = at;
            this.#state = "structure";
            this.#depth = 0;
            this.#digits = 0;
            this.#needsStrict = false;
          } else if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
            at += 1;
          } else {
            throw this.#error("json/top-level", "a message must be a JSON object or array", at);
          }
          break;
        }
        case "structure":
          at = this.#scanStructure(chunk, at);
          if (this.#depth === 0) {
            this.#finish(chunk.subarray(start, at), at);
            start = at;
          }
          break;
        case "string":
          at = this.#scanString(chunk, at);
          break;
        case "escape":
          if (chunk[at] === 0x75) this.#needsStrict = true;
          this.#state = "string";
          at += 1;
          break;
        case "broken":
          return;
      }
      // Checked at least once for each string or structure, so before any large text is parsed.
      if (this.#state !== "between" && this.#heldBytes + at - start > this.#maxBytes) {
        throw this.#error(
          "json/too-long",
          `a message is longer than ${this.#maxBytes} bytes`,
          start + this.#maxBytes - this.#heldBytes,
        );
      }
    }
    if (this.#state === "between") return;
    this.#hold(chunk.subarray(start));
  }

  #hold(bytes: Uint8Array): void {
    const needed = this.#heldBytes + bytes.length;
    if (needed > this.#held.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#held.length));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Scans outside of strings up to a string's first quote or to the message's end; gives the offset after it. */
  #scanStructure(chunk: Uint8Array, from: number): number {
    let digits = this.#digits;
    let at = from;
    while (at < chunk.length) {
      const c = chunk[at] as number;
      at += 1;
      if (c === QUOTE) {
        digits = 0;
        this.#state = "string";
        break;
      }
      if (c >= 0x30 && c <= 0x39) {
        // A number that begins with -0 may be the negative zero, which Open vSwitch does not know.
        if (digits === AFTER_MINUS) digits = c === 0x30 ? EXACT_DIGITS - 1 : 0;
        digits += 1;
        if (digits >= EXACT_DIGITS) this.#needsStrict = true;
      } else if (c === 0x2e) {
        // A decimal point: digits on both sides count.
      } else if ((c | 0x20) === 0x65 && digits > 0) {
        this.#needsStrict = true;
      } else {
        digits = c === 0x2d ? AFTER_MINUS : 0;
        if (c === 0x7b || c === 0x5b) {
          this.#depth += 1;
          if (this.#depth > this.#maxDepth) {
            throw this.#error("json/too-deep", `input exceeds maximum nesting depth ${this.#maxDepth}`, at - 1);
          }
        } else if (c === 0x7d || c === 0x5d) {
          this.#depth -= 1;
          if (this.#depth === 0) break;
        }
      }
    }
    this.#digits = digits;
    return at;
  }

  /** Scans inside of a string up to its closing quote or a backslash; gives the offset after it. */
  #scanString(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      const c = chunk[at];
      at += 1;
      if (c === QUOTE) {
        this.#state = "structure";
        break;
      }
      if (c === BACKSLASH) {
        this.#state = "escape";
        break;
      }
    }
    return at;
  }

  #finish(tail: Uint8Array, endInChunk: number): void {
    const length = this.#heldBytes + tail.length;
    const offset = this.#streamOffset + endInChunk - length;
    if (length > this.#maxBytes) {
      throw this.#error(
        "json/too-long",
        `a message is longer than ${this.#maxBytes} bytes`,
        endInChunk - length + this.#maxBytes,
      );
    }
    let bytes = tail;
    if (this.#heldBytes > 0) {
      this.#hold(tail);
      bytes = this.#held.subarray(0, length);
    }
    this.#held = new Uint8Array(0);
    this.#heldBytes = 0;
    this.#state = "between";
    this.#onMessage(parseMessage(bytes, offset, this.#needsStrict));
  }

  #error(code: string, why: string, atInChunk: number): WireError {
    return new WireError(code, why, { offset: this.#streamOffset + atInChunk, field: "message" });
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How many bytes at the front are well-formed UTF-8. */
function validPrefix(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let at = 0; at < bytes.length; at++) {
    try {
      decoder.decode(bytes.subarray(at, at + 1), { stream: true });
    } catch {
      return at;
    }
  }
  return bytes.length;
}

function parseMessage(bytes: Uint8Array, offset: number, needsStrict: boolean): Json {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch (cause) {
    throw new WireError("json/utf8", "the message is not UTF-8", {
      cause,
      offset: offset + validPrefix(bytes),
      field: "message",
    });
  }
  return needsStrict ? parseStrictJson(text, offset) : parsePlainJson(text, offset);
}
