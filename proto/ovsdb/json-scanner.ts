// Finds where a JSON text in a stream ends, byte by byte and without parsing it: brackets, strings, keys, and what needs care.

/** Runs of fewer digits are exact in a double. */
const EXACT_DIGITS = 16;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const DECIMAL_POINT = 0x2e;
const LOWER_CASE_E = 0x65;
const LOWER_CASE_U = 0x75;
const FOUR_QUOTES = 0x22222222;
const FOUR_BACKSLASHES = 0x5c5c5c5c;

/** What the next byte belongs to. */
const STRUCTURE = 0;
const STRING = 1;
const ESCAPE = 2;
const NUMBER = 3;

/** Where a key stands in the message, with its quotes. */
export interface KeyPlace {
  readonly start: number;
  readonly end: number;
}

/** The state within one message after the other. A piece is a part of it that begins at its beginning or after a comma. */
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
  /** Digits of the number the scanner is in. */
  #digits = 0;
  #numberIsNegative = false;

  constructor(maxDepth: number, pieceBytes: number) {
    this.#maxDepth = maxDepth;
    this.#pieceBytes = pieceBytes;
  }

  /** The key before the container that was last opened at that depth, from 1, where that stands in an object. */
  keyAt(depth: number): KeyPlace {
    return { start: this.#keyStarts[depth] ?? 0, end: this.#keyEnds[depth] ?? 0 };
  }

  /** Begins a piece at that offset in the message; at 0 a message, once the one before it has ended. */
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
    const words = new DataView(chunk.buffer, chunk.byteOffset, length);
    const fullAt = this.#pieceStart + this.#pieceBytes - base;
    let state = this.#state;
    let stringStart = this.#stringStart;
    let stringEnd = this.#stringEnd;
    let stringHasEscape = this.#stringHasEscape;
    let at = from;
    while (at < length) {
      if (state === STRUCTURE) {
        const c = chunk[at] as number;
        at += 1;
        if (c === QUOTE) {
          stringStart = base + at - 1;
          stringHasEscape = false;
          state = STRING;
        } else if (c === COMMA) {
          if (at > fullAt) {
            this.pieceIsFull = true;
            break;
          }
        } else if (c === COLON) {
          // Node.js 26 may read the key "\"" as the one before it in an object of the same shape, "\\".
          if (stringHasEscape) this.needsStrict = true;
        } else if (c === OPENING_BRACKET || c === OPENING_BRACE) {
          if (open.length === this.#maxDepth) {
            this.isTooDeep = true;
            break;
          }
          this.#keyStarts[open.length] = stringStart;
          this.#keyEnds[open.length] = stringEnd;
          open.push(c);
        } else if (c === CLOSING_BRACKET || c === CLOSING_BRACE) {
          open.pop();
          if (open.length < this.lowest) this.lowest = open.length;
          if (open.length === 0) break;
        } else if (c === MINUS || isDigit(c)) {
          this.#numberIsNegative = c === MINUS;
          this.#digits = 0;
          if (c !== MINUS) at -= 1;
          state = NUMBER;
        }
      }
      if (state === STRING) {
        at = endOfPlainText(chunk, words, at);
        if (at === length) break;
        state = chunk[at] === QUOTE ? STRUCTURE : ESCAPE;
        at += 1;
        stringEnd = base + at;
      } else if (state === NUMBER) {
        at = this.#scanNumber(chunk, at);
        if (at < length) state = STRUCTURE;
      } else if (state === ESCAPE) {
        if (chunk[at] === LOWER_CASE_U) this.needsStrict = true;
        stringHasEscape = true;
        at += 1;
        state = STRING;
      }
    }
    this.#state = state;
    this.#stringStart = stringStart;
    this.#stringEnd = stringEnd;
    this.#stringHasEscape = stringHasEscape;
    return at;
  }

  /** Scans on in a number; gives where it ends, or an exponent begins, or the chunk ends. */
  #scanNumber(chunk: Uint8Array, from: number): number {
    const { length } = chunk;
    let digits = this.#digits;
    let at = from;
    for (; at < length; at++) {
      const c = chunk[at] as number;
      if (isDigit(c)) {
        // What begins with -0 may be the negative zero, which Open vSwitch does not know.
        if (digits === 0 && c === ZERO && this.#numberIsNegative) this.needsStrict = true;
        digits += 1;
      } else if (c !== DECIMAL_POINT) {
        if ((c | 0x20) === LOWER_CASE_E) this.needsStrict = true;
        break;
      }
    }
    // Digits on both sides of a decimal point count.
    if (digits >= EXACT_DIGITS) this.needsStrict = true;
    this.#digits = digits;
    return at;
  }
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE;
}

/** A bit in each byte of the word that is zero, and in none below the lowest such byte. */
function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}

/** Where the next quote or backslash is, or else the chunk's end: most of a database is text, so by four bytes at once. */
function endOfPlainText(chunk: Uint8Array, words: DataView, from: number): number {
  const lastWord = chunk.length - 4;
  let at = from;
  while (at <= lastWord) {
    const word = words.getUint32(at, true);
    const found = zeroBytes(word ^ FOUR_QUOTES) | zeroBytes(word ^ FOUR_BACKSLASHES);
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
    at += 4;
  }
  while (at < chunk.length && chunk[at] !== QUOTE && chunk[at] !== BACKSLASH) at += 1;
  return at;
}
