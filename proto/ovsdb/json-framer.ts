// Cuts a stream of JSON texts into messages: OVSDB sends them back to back, with no length before them (RFC 7047, section 4).
import { WireError } from "../bytes/errors.ts";
import { escapedStandIns, JsonAssembler } from "./json-assembler.ts";
import { parsePlainJson, parseStrictJson } from "./json-parse.ts";
import { JsonScanner } from "./json-scanner.ts";
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

/**
 * Looks at every byte once, however the stream is split, and parses nothing before its end, size and depth are known;
 * what is large is parsed piece by piece, each ending at a comma. An error is final: what follows in the stream has no
 * known beginning.
 */
export class JsonFramer {
  readonly #onMessage: (message: Json) => void;
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  /** One for all messages: the engine would throw its code away whenever it finds none alive, and a scan be slow again. */
  readonly #scanner: JsonScanner;
  #isInMessage = false;
  #isBroken = false;
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
  #assembler: JsonAssembler | undefined;
  /** Where a piece is made a text by itself. */
  #whole = new Uint8Array(0);

  constructor(onMessage: (message: Json) => void, limits: JsonLimits = {}) {
    this.#onMessage = onMessage;
    this.#maxBytes = limits.maxBytes ?? DEFAULT_MAX_JSON_BYTES;
    this.#maxDepth = limits.maxDepth ?? DEFAULT_MAX_JSON_DEPTH;
    this.#scanner = new JsonScanner(this.#maxDepth, limits.pieceBytes ?? DEFAULT_PIECE_BYTES);
  }

  /** Whether the stream may end here without cutting a message. */
  get atBoundary(): boolean {
    return !this.#isInMessage && !this.#isBroken;
  }

  /** Bytes of the message whose end has not come yet. */
  get pendingBytes(): number {
    return this.#isInMessage ? this.#streamOffset - this.#messageOffset : 0;
  }

  /**
   * Takes the next bytes and hands over each message that ends within them, in order.
   * @throws WireError `json/top-level`, `json/too-long`, `json/too-deep`, `json/syntax`, `json/utf8`; the offset counts
   * from the stream's beginning. Messages before the error were handed over.
   */
  push(chunk: Uint8Array): void {
    if (this.#isBroken) return;
    try {
      this.#scan(chunk);
    } catch (error) {
      this.#isBroken = true;
      this.#forget();
      throw error;
    }
    this.#streamOffset += chunk.length;
  }

  #scan(chunk: Uint8Array): void {
    const scanner = this.#scanner;
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      if (!this.#isInMessage) {
        const c = chunk[at];
        if (c === 0x7b || c === 0x5b) {
          start = at;
          this.#messageOffset = this.#streamOffset + at;
          this.#isInMessage = true;
          scanner.startPiece(0);
        } else if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
          at += 1;
        } else {
          throw this.#error("json/top-level", "a message must be a JSON object or array", this.#streamOffset + at);
        }
        continue;
      }
      at = scanner.scan(chunk, at, this.#parsedBytes + this.#heldBytes - start);
      if (scanner.isTooDeep) {
        const offset = this.#streamOffset + at - 1;
        throw this.#error("json/too-deep", `input exceeds maximum nesting depth ${this.#maxDepth}`, offset);
      }
      this.#checkLength(at - start);
      if (scanner.open.length === 0) {
        this.#finish(scanner, this.#piece(chunk.subarray(start, at)));
        start = at;
      } else if (scanner.pieceIsFull) {
        this.#parsePiece(scanner, this.#piece(chunk.subarray(start, at - 1)));
        start = at;
      }
    }
    if (this.#isInMessage) this.#hold(chunk.subarray(start));
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

  #parsePiece(scanner: JsonScanner, bytes: Uint8Array): void {
    this.#assembler ??= new JsonAssembler();
    // Closing the open containers would make `[,` look like an empty array.
    const last = bytes.findLast((c) => c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09);
    if (last === 0x5b || last === 0x7b) {
      const offset = this.#messageOffset + this.#parsedBytes + bytes.length;
      throw this.#error("json/syntax", "syntax error expecting value", offset);
    }
    this.#assemble(scanner, this.#assembler, bytes);
    this.#parsedBytes += bytes.length + 1;
    this.#heldBytes = 0;
    scanner.startPiece(this.#parsedBytes);
  }

  #assemble(scanner: JsonScanner, assembler: JsonAssembler, bytes: Uint8Array): Json {
    const from = this.#parsedBytes;
    const open = [...scanner.open];
    const parsed = this.#parse(scanner, bytes, assembler.prefix(), assembler.suffix(open));
    const keyOf = (level: number): string => {
      const { start, end } = scanner.keyAt(level);
      return JSON.parse(UTF8.decode(bytes.subarray(start - from, end - from))) as string;
    };
    return assembler.add(parsed, { open, lowest: scanner.lowest, keyOf });
  }

  #finish(scanner: JsonScanner, bytes: Uint8Array): void {
    const assembler = this.#assembler;
    const message = assembler === undefined ? this.#parse(scanner, bytes) : this.#assemble(scanner, assembler, bytes);
    this.#forget();
    this.#onMessage(message);
  }

  #forget(): void {
    this.#isInMessage = false;
    this.#assembler = undefined;
    this.#held = new Uint8Array(0);
    this.#heldBytes = 0;
    this.#whole = new Uint8Array(0);
    this.#parsedBytes = 0;
  }

  #parse(scanner: JsonScanner, bytes: Uint8Array, prefix = "", suffix = ""): Json {
    const offset = this.#messageOffset + this.#parsedBytes;
    const strictly = (): Json => {
      const text = prefix + this.#decode(bytes, offset) + suffix;
      return parseStrictJson(text, offset - ENCODER.encode(prefix).length);
    };
    if (scanner.needsStrict) return strictly();
    const before = escapedStandIns(prefix);
    const text = this.#decode(this.#enclosed(before, bytes, suffix), offset - before.length);
    return parsePlainJson(text, strictly);
  }

  /** In one piece of memory: put together as text it would be copied again. @param before and `after` are ASCII */
  #enclosed(before: string, bytes: Uint8Array, after: string): Uint8Array {
    if (before === "" && after === "") return bytes;
    const length = before.length + bytes.length + after.length;
    if (length > this.#whole.length) this.#whole = new Uint8Array(length + (length >> 1));
    ENCODER.encodeInto(before, this.#whole);
    this.#whole.set(bytes, before.length);
    ENCODER.encodeInto(after, this.#whole.subarray(before.length + bytes.length));
    return this.#whole.subarray(0, length);
  }

  #decode(bytes: Uint8Array, offset: number): string {
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      const where = offset + validPrefix(bytes);
      throw new WireError("json/utf8", "the message is not UTF-8", { cause, offset: where, field: "message" });
    }
  }

  #error(code: string, why: string, offset: number): WireError {
    return new WireError(code, why, { offset, field: "message" });
  }
}

const ENCODER = new TextEncoder();
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
