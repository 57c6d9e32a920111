// Cuts a stream of JSON texts into messages: OVSDB sends them back to back, with no length before them (RFC 7047, section 4).
import { WireError } from "../bytes/errors.ts";
import { JsonAssembler } from "./json-assembler.ts";
import { parsePlainJson, parseStrictJson } from "./json-parse.ts";
import type { Json } from "./json-text.ts";

export interface JsonLimits {
  /** Bytes of one message. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Arrays and objects within each other. Default 1000, as in Open vSwitch. */
  readonly maxDepth?: number;
  /** A longer message is parsed in pieces of about this size while it arrives. Default 256 KiB. */
  readonly pieceBytes?: number;
}

export const DEFAULT_MAX_JSON_BYTES = 16 * 1024 * 1024;
export const DEFAULT_MAX_JSON_DEPTH = 1000;
const DEFAULT_PIECE_BYTES = 256 * 1024;

/** Runs of fewer digits are exact in a double. */
const EXACT_DIGITS = 16;
const AFTER_MINUS = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

type State = "between" | "structure" | "string" | "escape" | "broken";

/**
 * Looks at every byte once, however the stream is split, and parses nothing before its end, size and depth are known;
 * what is large is parsed piece by piece, each ending at a comma. An error is final: what follows in the stream has no
 * known beginning.
 */
export class JsonFramer {
  readonly #onMessage: (message: Json) => void;
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  readonly #pieceBytes: number;
  #state: State = "between";
  /** Bytes of the stream before the current chunk, and before the current message. */
  #streamOffset = 0;
  #messageOffset = 0;
  /** Bytes of the message that were parsed already. */
  #parsedBytes = 0;
  /**
   * The piece's bytes from earlier chunks, at the front. They are copied: a peer that sends single bytes must not make
   * each of them cost an object.
   */
  #held = new Uint8Array(0);
  #heldBytes = 0;
  /** The opening brackets of the containers that are open. */
  #open: number[] = [];
  /** The fewest containers that were open since the piece began. */
  #lowest = 0;
  /** Where in the message the last string, and by depth the last key, begins and ends. */
  #stringStart = 0;
  #stringEnd = 0;
  #keys: { start: number; end: number }[] = [];
  /** Digits of the number the scanner is in, 0 outside of numbers, AFTER_MINUS between a sign and the first digit. */
  #digits = 0;
  /** Whether the piece holds something that JSON.parse would round, or take although Open vSwitch does not. */
  #needsStrict = false;
  #pieceIsFull = false;
  #assembler: JsonAssembler | undefined;

  constructor(onMessage: (message: Json) => void, limits: JsonLimits = {}) {
    this.#onMessage = onMessage;
    this.#maxBytes = limits.maxBytes ?? DEFAULT_MAX_JSON_BYTES;
    this.#maxDepth = limits.maxDepth ?? DEFAULT_MAX_JSON_DEPTH;
    this.#pieceBytes = limits.pieceBytes ?? DEFAULT_PIECE_BYTES;
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
      this.#forget();
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
            this.#messageOffset = this.#streamOffset + at;
            this.#state = "structure";
          } else if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
            at += 1;
          } else {
            throw this.#error("json/top-level", "a message must be a JSON object or array", this.#streamOffset + at);
          }
          break;
        }
        case "structure":
          at = this.#scanStructure(chunk, at, this.#parsedBytes + this.#heldBytes - start);
          this.#checkLength(at - start);
          if (this.#open.length === 0) {
            this.#finish(this.#piece(chunk.subarray(start, at)));
            start = at;
          } else if (this.#pieceIsFull) {
            this.#pieceIsFull = false;
            this.#parsePiece(this.#piece(chunk.subarray(start, at - 1)));
            start = at;
          }
          break;
        case "string":
          at = this.#scanString(chunk, at, this.#parsedBytes + this.#heldBytes - start);
          break;
        case "escape":
          if (chunk[at] === 0x75) this.#needsStrict = true;
          this.#state = "string";
          at += 1;
          break;
        case "broken":
          return;
      }
      if (this.#state !== "between") this.#checkLength(at - start);
    }
    if (this.#state !== "between") this.#hold(chunk.subarray(start));
  }

  /**
   * Scans outside of strings up to a string's first quote, the message's end, or a comma at which the piece is large
   * enough; gives the offset after it.
   * @param base added to an offset in the chunk it gives the offset in the message
   */
  #scanStructure(chunk: Uint8Array, from: number, base: number): number {
    let digits = this.#digits;
    let at = from;
    while (at < chunk.length) {
      const c = chunk[at] as number;
      at += 1;
      if (c === QUOTE) {
        digits = 0;
        this.#stringStart = base + at - 1;
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
        if (c === COMMA) {
          if (base + at - this.#parsedBytes > this.#pieceBytes) {
            this.#pieceIsFull = true;
            break;
          }
        } else if (c === COLON) {
          this.#keys[this.#open.length] = { start: this.#stringStart, end: this.#stringEnd };
        } else if (c === 0x7b || c === 0x5b) {
          if (this.#open.length === this.#maxDepth) {
            const offset = this.#streamOffset + at - 1;
            throw this.#error("json/too-deep", `input exceeds maximum nesting depth ${this.#maxDepth}`, offset);
          }
          this.#open.push(c);
        } else if (c === 0x7d || c === 0x5d) {
          this.#open.pop();
          if (this.#open.length < this.#lowest) this.#lowest = this.#open.length;
          if (this.#open.length === 0) break;
        }
      }
    }
    this.#digits = digits;
    return at;
  }

  /** Scans inside of a string up to its closing quote or a backslash; gives the offset after it. */
  #scanString(chunk: Uint8Array, from: number, base: number): number {
    let at = from;
    while (at < chunk.length) {
      const c = chunk[at];
      at += 1;
      if (c === QUOTE) {
        this.#stringEnd = base + at;
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

  #checkLength(unheld: number): void {
    if (this.#parsedBytes + this.#heldBytes + unheld <= this.#maxBytes) return;
    const offset = this.#messageOffset + this.#maxBytes;
    throw this.#error("json/too-long", `a message is longer than ${this.#maxBytes} bytes`, offset);
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

  /** The whole piece, given its end; valid until the next chunk. */
  #piece(tail: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0) return tail;
    this.#hold(tail);
    return this.#held.subarray(0, this.#heldBytes);
  }

  #parsePiece(bytes: Uint8Array): void {
    this.#assembler ??= new JsonAssembler();
    // Closing the open containers would make `[,` look like an empty array.
    const last = bytes.findLast((c) => c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09);
    if (last === 0x5b || last === 0x7b) {
      const offset = this.#messageOffset + this.#parsedBytes + bytes.length;
      throw this.#error("json/syntax", "syntax error expecting value", offset);
    }
    this.#assemble(this.#assembler, bytes);
    this.#parsedBytes += bytes.length + 1;
    this.#heldBytes = 0;
    this.#lowest = this.#open.length;
    this.#needsStrict = false;
  }

  #assemble(assembler: JsonAssembler, bytes: Uint8Array): Json {
    const from = this.#parsedBytes;
    const open = [...this.#open];
    const prefix = assembler.prefix();
    const parsed = this.#parse(bytes, prefix, assembler.suffix(open));
    const keyOf = (level: number): string => {
      const key = this.#keys[level];
      const token = UTF8.decode(bytes.subarray((key?.start ?? 0) - from, (key?.end ?? 0) - from));
      return JSON.parse(token) as string;
    };
    return assembler.add(parsed, { open, lowest: this.#lowest, keyOf });
  }

  #finish(bytes: Uint8Array): void {
    const message = this.#assembler === undefined ? this.#parse(bytes) : this.#assemble(this.#assembler, bytes);
    this.#state = "between";
    this.#forget();
    this.#onMessage(message);
  }

  #forget(): void {
    this.#assembler = undefined;
    this.#held = new Uint8Array(0);
    this.#heldBytes = 0;
    this.#parsedBytes = 0;
    this.#open = [];
    this.#lowest = 0;
    this.#digits = 0;
    this.#needsStrict = false;
  }

  #parse(bytes: Uint8Array, prefix = "", suffix = ""): Json {
    const offset = this.#messageOffset + this.#parsedBytes;
    let text: string;
    try {
      text = UTF8.decode(bytes);
    } catch (cause) {
      const where = offset + validPrefix(bytes);
      throw new WireError("json/utf8", "the message is not UTF-8", { cause, offset: where, field: "message" });
    }
    const parse = this.#needsStrict ? parseStrictJson : parsePlainJson;
    return parse(prefix + text + suffix, offset - new TextEncoder().encode(prefix).length);
  }

  #error(code: string, why: string, offset: number): WireError {
    return new WireError(code, why, { offset, field: "message" });
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
