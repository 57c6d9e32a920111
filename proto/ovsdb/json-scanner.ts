// Finds where a JSON text in a stream ends, byte by byte and without parsing it: brackets, strings, keys, and what needs care.

/** Runs of fewer digits are exact in a double. */
const EXACT_DIGITS = 16;
const AFTER_MINUS = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const MINUS = 0x2d;
const DECIMAL_POINT = 0x2e;
const LOWER_CASE_E = 0x65;
const LOWER_CASE_U = 0x75;

/** What the next byte belongs to. */
const STRUCTURE = 0;
const STRING = 1;
const ESCAPE = 2;

/** Where a key stands in the message, with its quotes. */
export interface KeyPlace {
  readonly start: number;
  readonly end: number;
}

/** The state within one message. A piece is a part of it that begins at its beginning or after a comma. */
export class JsonScanner {
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
  #state = STRUCTURE;
  #pieceStart = 0;
  #stringStart = 0;
  #stringEnd = 0;
  #stringHasEscape = false;
  /** By depth: numbers instead of objects, since a message may have a million keys. */
  readonly #keyStarts: number[] = [];
  readonly #keyEnds: number[] = [];
  /** Digits of the number the scanner is in, 0 outside of numbers, AFTER_MINUS between a sign and the first digit. */
  #digits = 0;

  constructor(maxDepth: number, pieceBytes: number) {
    this.#maxDepth = maxDepth;
    this.#pieceBytes = pieceBytes;
  }

  /** The last key in the object at that depth, from 1. */
  keyAt(depth: number): KeyPlace {
    return { start: this.#keyStarts[depth] ?? 0, end: this.#keyEnds[depth] ?? 0 };
  }

  /** Begins a piece at that offset in the message. */
  startPiece(offset: number): void {
    this.#pieceStart = offset;
    this.lowest = this.open.length;
    this.needsStrict = false;
    this.pieceIsFull = false;
  }

  /**
   * Scans on, up to the message's end, a comma at which the piece is full, or a bracket that nests too deep; gives the
   * offset in the chunk after what was scanned. It sees every byte of a database, so its state is in variables meanwhile.
   * @param base added to an offset in the chunk it gives the offset in the message
   */
  scan(chunk: Uint8Array, from: number, base: number): number {
    const { open } = this;
    const { length } = chunk;
    let state = this.#state;
    let digits = this.#digits;
    let stringStart = this.#stringStart;
    let stringEnd = this.#stringEnd;
    let stringHasEscape = this.#stringHasEscape;
    let at = from;
    while (at < length) {
      let c = chunk[at] as number;
      at += 1;
      if (state === STRING) {
        while (c !== QUOTE && c !== BACKSLASH && at < length) {
          c = chunk[at] as number;
          at += 1;
        }
        if (c === QUOTE) {
          stringEnd = base + at;
          state = STRUCTURE;
        } else if (c === BACKSLASH) state = ESCAPE;
      } else if (state === ESCAPE) {
        if (c === LOWER_CASE_U) this.needsStrict = true;
        stringHasEscape = true;
        state = STRING;
      } else if (c === QUOTE) {
        stringStart = base + at - 1;
        stringHasEscape = false;
        digits = 0;
        state = STRING;
      } else if (c === COMMA) {
        digits = 0;
        if (base + at - this.#pieceStart > this.#pieceBytes) {
          this.pieceIsFull = true;
          break;
        }
      } else if (c === COLON) {
        digits = 0;
        this.#keyStarts[open.length] = stringStart;
        this.#keyEnds[open.length] = stringEnd;
        // Node.js 26 may read the key "\"" as the one before it in an object of the same shape, "\\".
        if (stringHasEscape) this.needsStrict = true;
      } else if (c === OPENING_BRACKET || c === OPENING_BRACE) {
        digits = 0;
        if (open.length === this.#maxDepth) {
          this.isTooDeep = true;
          break;
        }
        open.push(c);
      } else if (c === CLOSING_BRACKET || c === CLOSING_BRACE) {
        digits = 0;
        open.pop();
        if (open.length < this.lowest) this.lowest = open.length;
        if (open.length === 0) break;
      } else if (c >= 0x30 && c <= 0x39) {
        // A number that begins with -0 may be the negative zero, which Open vSwitch does not know.
        if (digits === AFTER_MINUS) digits = c === 0x30 ? EXACT_DIGITS - 1 : 0;
        digits += 1;
        if (digits >= EXACT_DIGITS) this.needsStrict = true;
      } else if ((c | 0x20) === LOWER_CASE_E && digits > 0) {
        this.needsStrict = true;
      } else if (c !== DECIMAL_POINT) {
        // Digits on both sides of a decimal point count.
        digits = c === MINUS ? AFTER_MINUS : 0;
      }
    }
    this.#state = state;
    this.#digits = digits;
    this.#stringStart = stringStart;
    this.#stringEnd = stringEnd;
    this.#stringHasEscape = stringHasEscape;
    return at;
  }
}
