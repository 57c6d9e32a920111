// Finds where a JSON text in a stream ends, byte by byte and without parsing it: brackets, strings, keys, and what needs care.

/** Runs of fewer digits are exact in a double. */
const EXACT_DIGITS = 16;
const AFTER_MINUS = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Where a key stands in the message, with its quotes. */
export interface KeyPlace {
  readonly start: number;
  readonly end: number;
}

/** The state within one message. A piece is a part of it that begins at its beginning or after a comma. */
export class JsonScanner {
  /** What the next byte belongs to. */
  state: "structure" | "string" | "escape" = "structure";
  /** The opening brackets of the containers that are open. */
  readonly open: number[] = [];
  /** The fewest containers that were open since the piece began. */
  lowest = 0;
  /** Whether the piece holds something that JSON.parse would round, or take although Open vSwitch does not. */
  needsStrict = false;
  /** Whether the scan stopped behind a comma because the piece is large enough. */
  pieceIsFull = false;
  /** Whether the scan stopped at a bracket that nests too deep. */
  isTooDeep = false;
  readonly #maxDepth: number;
  readonly #pieceBytes: number;
  #pieceStart = 0;
  #stringStart = 0;
  #stringEnd = 0;
  #stringHasEscape = false;
  #keys: KeyPlace[] = [];
  /** Digits of the number the scanner is in, 0 outside of numbers, AFTER_MINUS between a sign and the first digit. */
  #digits = 0;

  constructor(maxDepth: number, pieceBytes: number) {
    this.#maxDepth = maxDepth;
    this.#pieceBytes = pieceBytes;
  }

  /** The last key in the object at that depth, from 1. */
  keyAt(depth: number): KeyPlace {
    return this.#keys[depth] ?? { start: 0, end: 0 };
  }

  /** Begins a piece at that offset in the message. */
  startPiece(offset: number): void {
    this.#pieceStart = offset;
    this.lowest = this.open.length;
    this.needsStrict = false;
    this.pieceIsFull = false;
  }

  /**
   * Scans on, up to where the state changes at the latest; gives the offset in the chunk after what was scanned.
   * @param base added to an offset in the chunk it gives the offset in the message
   */
  scan(chunk: Uint8Array, from: number, base: number): number {
    switch (this.state) {
      case "structure":
        return this.#scanStructure(chunk, from, base);
      case "string":
        return this.#scanString(chunk, from, base);
      case "escape":
        if (chunk[from] === 0x75) this.needsStrict = true;
        this.#stringHasEscape = true;
        this.state = "string";
        return from + 1;
    }
  }

  /** Outside of strings: up to a string's first quote, the message's end, or a comma at which the piece is full. */
  #scanStructure(chunk: Uint8Array, from: number, base: number): number {
    let digits = this.#digits;
    let at = from;
    while (at < chunk.length) {
      const c = chunk[at] as number;
      at += 1;
      if (c === QUOTE) {
        digits = 0;
        this.#stringStart = base + at - 1;
        this.#stringHasEscape = false;
        this.state = "string";
        break;
      }
      if (c >= 0x30 && c <= 0x39) {
        // A number that begins with -0 may be the negative zero, which Open vSwitch does not know.
        if (digits === AFTER_MINUS) digits = c === 0x30 ? EXACT_DIGITS - 1 : 0;
        digits += 1;
        if (digits >= EXACT_DIGITS) this.needsStrict = true;
      } else if (c === 0x2e) {
        // A decimal point: digits on both sides count.
      } else if ((c | 0x20) === 0x65 && digits > 0) {
        this.needsStrict = true;
      } else {
        digits = c === 0x2d ? AFTER_MINUS : 0;
        if (c === COMMA) {
          if (base + at - this.#pieceStart > this.#pieceBytes) {
            this.pieceIsFull = true;
            break;
          }
        } else if (c === COLON) {
          this.#keys[this.open.length] = { start: this.#stringStart, end: this.#stringEnd };
          // Node.js 26 may read the key "\"" as the one before it in an object of the same shape, "\\".
          if (this.#stringHasEscape) this.needsStrict = true;
        } else if (c === 0x7b || c === 0x5b) {
          if (this.open.length === this.#maxDepth) {
            this.isTooDeep = true;
            break;
          }
          this.open.push(c);
        } else if (c === 0x7d || c === 0x5d) {
          this.open.pop();
          if (this.open.length < this.lowest) this.lowest = this.open.length;
          if (this.open.length === 0) break;
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
        this.state = "structure";
        break;
      }
      if (c === BACKSLASH) {
        this.state = "escape";
        break;
      }
    }
    return at;
  }
}
