// Writes big-endian integers and bytes into a buffer that grows, and refuses values that do not fit their field.
import { WireError } from "./errors.ts";
import { encodeText } from "./text.ts";

const cell = new DataView(new ArrayBuffer(8));

/** When less than this share of the buffer is left after a message, the next one begins in a new buffer. */
const LEAST_ROOM = 4;

/**
 * Grows by doubling. `finish` hands out exactly what was written, and the next message begins behind it in the same
 * buffer: what was handed out is never written to again, but small messages share one ArrayBuffer.
 */
export class ByteWriter {
  private buffer: Uint8Array;
  /** Where the message that is being written begins, and ends so far. */
  private base = 0;
  private used = 0;
  private readonly capacity: number;

  constructor(capacity = 256) {
    this.capacity = capacity;
    this.buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.used - this.base;
  }

  u8(value: number, field = "u8"): void {
    if (value >>> 0 !== value || value > 0xff) this.failRange(value, 8, field);
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  u16(value: number, field = "u16"): void {
    if (value >>> 0 !== value || value > 0xffff) this.failRange(value, 16, field);
    const at = this.reserve(2);
    this.buffer[at] = value >>> 8;
    this.buffer[at + 1] = value;
  }

  u24(value: number, field = "u24"): void {
    if (value >>> 0 !== value || value > 0xffffff) this.failRange(value, 24, field);
    const at = this.reserve(3);
    this.buffer[at] = value >>> 16;
    this.buffer[at + 1] = value >>> 8;
    this.buffer[at + 2] = value;
  }

  u32(value: number, field = "u32"): void {
    if (value >>> 0 !== value) this.failRange(value, 32, field);
    const at = this.reserve(4);
    const b = this.buffer;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
  }

  u64(value: bigint, field = "u64"): void {
    if (BigInt.asUintN(64, value) !== value) this.failRange(value, 64, field);
    cell.setBigUint64(0, value);
    this.u32(cell.getUint32(0));
    this.u32(cell.getUint32(4));
  }

  /** An unsigned integer of `width` bytes. */
  big(value: bigint, width: number, field = "integer"): void {
    if (width === 8) {
      this.u64(value, field);
      return;
    }
    if (width === 6) {
      if (BigInt.asUintN(48, value) !== value) this.failRange(value, 48, field);
      cell.setBigUint64(0, value);
      this.u16(cell.getUint16(2));
      this.u32(cell.getUint32(4));
      return;
    }
    if (value < 0n || value >> BigInt(width * 8) !== 0n) this.failRange(value, width * 8, field);
    const at = this.reserve(width);
    let rest = value;
    for (let i = width; i > 0; ) {
      const step = Math.min(i, 8);
      cell.setBigUint64(0, BigInt.asUintN(64, rest));
      for (let k = 0; k < step; k++) this.buffer[at + i - 1 - k] = cell.getUint8(7 - k);
      rest >>= 64n;
      i -= step;
    }
  }

  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.buffer.set(value, at);
  }

  zeros(n: number): void {
    const at = this.reserve(n);
    this.buffer.fill(0, at, at + n);
  }

  /** Zero bytes up to the next multiple of `n`, counted from `from` (the start of the structure that is padded). */
  align(n: number, from = 0): void {
    const over = (this.length - from) % n;
    if (over !== 0) this.zeros(n - over);
  }

  /** Text in a fixed field, padded with NULs; text that does not fit is refused. */
  text(value: string, width: number, field = "text"): void {
    const raw = encodeText(value);
    if (raw.length > width) {
      throw new WireError("wire/range", `text of ${raw.length} bytes does not fit ${width}`, {
        offset: this.length,
        field,
      });
    }
    this.bytes(raw);
    this.zeros(width - raw.length);
  }

  patchU16(at: number, value: number, field = "length"): void {
    if (value >>> 0 !== value || value > 0xffff) this.failRange(value, 16, field);
    if (at < 0 || at + 2 > this.length) throw new RangeError(`patch at ${at} is outside of ${this.length} bytes`);
    this.buffer[this.base + at] = value >>> 8;
    this.buffer[this.base + at + 1] = value;
  }

  patchU32(at: number, value: number, field = "length"): void {
    if (value >>> 0 !== value) this.failRange(value, 32, field);
    if (at < 0 || at + 4 > this.length) throw new RangeError(`patch at ${at} is outside of ${this.length} bytes`);
    const from = this.base + at;
    this.buffer[from] = value >>> 24;
    this.buffer[from + 1] = value >>> 16;
    this.buffer[from + 2] = value >>> 8;
    this.buffer[from + 3] = value;
  }

  /** What was written; the writer is empty afterwards. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.buffer.buffer, this.base, this.used - this.base);
    this.base = this.used;
    if ((this.buffer.length - this.used) * LEAST_ROOM < this.buffer.length) {
      this.buffer = new Uint8Array(this.capacity);
      this.base = 0;
      this.used = 0;
    }
    return out;
  }

  /** Drops what was written: after a failed encode the writer can be used again. */
  reset(): void {
    this.used = this.base;
  }

  private reserve(n: number): number {
    const at = this.used;
    const need = at + n;
    if (need > this.buffer.length) {
      return this.grow(n);
    }
    this.used = need;
    return at;
  }

  private grow(n: number): number {
    const length = this.used - this.base;
    const grown = new Uint8Array(Math.max(length + n, this.capacity, length * 2));
    grown.set(this.buffer.subarray(this.base, this.used));
    this.buffer = grown;
    this.base = 0;
    this.used = length + n;
    return length;
  }

  private failRange(value: number | bigint, bits: number, field: string): never {
    throw new WireError("wire/range", `${value} does not fit ${bits} bits`, { offset: this.length, field });
  }
}
