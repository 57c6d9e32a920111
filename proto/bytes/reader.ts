// Reads big-endian integers and byte ranges out of one message, and refuses to look past its bounds.
import { WireError } from "./errors.ts";
import { decodeText } from "./text.ts";

// One shared cell turns two 32-bit halves into a bigint without the cost of shifting bigints.
const cell = new DataView(new ArrayBuffer(8));

/**
 * A cursor over `bytes[start, end)`. `origin` is where the message begins in `bytes`, so that offsets in errors are
 * relative to the message even when it lies in the middle of a receive buffer. Every over-read is a `wire/short`.
 */
export class ByteReader {
  readonly bytesView: Uint8Array;
  readonly end: number;
  readonly origin: number;
  position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, origin = start) {
    if (start < 0 || end < start || end > bytes.length) {
      throw new RangeError(`reader bounds ${start}..${end} are outside of ${bytes.length} bytes`);
    }
    this.bytesView = bytes;
    this.position = start;
    this.end = end;
    this.origin = origin;
  }

  /** Bytes from the message's first one. */
  get offset(): number {
    return this.position - this.origin;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  u8(field: string): number {
    const at = this.position;
    if (at + 1 > this.end) this.failShort(1, field);
    this.position = at + 1;
    return this.bytesView[at] as number;
  }

  u16(field: string): number {
    const at = this.position;
    if (at + 2 > this.end) this.failShort(2, field);
    this.position = at + 2;
    const b = this.bytesView;
    return ((b[at] as number) << 8) | (b[at + 1] as number);
  }

  u24(field: string): number {
    const at = this.position;
    if (at + 3 > this.end) this.failShort(3, field);
    this.position = at + 3;
    const b = this.bytesView;
    return ((b[at] as number) << 16) | ((b[at + 1] as number) << 8) | (b[at + 2] as number);
  }

  u32(field: string): number {
    const at = this.position;
    if (at + 4 > this.end) this.failShort(4, field);
    this.position = at + 4;
    const b = this.bytesView;
    return (
      (((b[at] as number) << 24) |
        ((b[at + 1] as number) << 16) |
        ((b[at + 2] as number) << 8) |
        (b[at + 3] as number)) >>>
      0
    );
  }

  u64(field: string): bigint {
    if (this.position + 8 > this.end) this.failShort(8, field);
    cell.setUint32(0, this.u32(field));
    cell.setUint32(4, this.u32(field));
    return cell.getBigUint64(0);
  }

  /** An unsigned integer of `width` bytes (1 or more) as a bigint. */
  big(width: number, field: string): bigint {
    const at = this.position;
    if (at + width > this.end) this.failShort(width, field);
    if (width === 8) return this.u64(field);
    if (width === 6) {
      cell.setUint32(0, this.u16(field));
      cell.setUint32(4, this.u32(field));
      return cell.getBigUint64(0);
    }
    if (width < 8) {
      cell.setUint32(0, 0);
      cell.setUint32(4, 0);
      for (let i = 0; i < width; i++) cell.setUint8(8 - width + i, this.bytesView[at + i] as number);
      this.position = at + width;
      return cell.getBigUint64(0);
    }
    let value = 0n;
    for (let left = width; left > 0; ) {
      const step = left % 8 === 0 ? 8 : left % 8;
      value = (value << BigInt(step * 8)) | this.big(step, field);
      left -= step;
    }
    return value;
  }

  /** The next `n` bytes, not copied: a view into the message's buffer, and a plain Uint8Array even where that is a Buffer. */
  bytes(n: number, field: string): Uint8Array {
    const at = this.position;
    if (n < 0 || at + n > this.end) this.failShort(n, field);
    this.position = at + n;
    return new Uint8Array(this.bytesView.buffer, this.bytesView.byteOffset + at, n);
  }

  skip(n: number, field: string): void {
    if (n < 0 || this.position + n > this.end) this.failShort(n, field);
    this.position += n;
  }

  /** A reader of the next `n` bytes alone; this reader goes on after them. */
  sub(n: number, field: string): ByteReader {
    const at = this.position;
    if (n < 0 || at + n > this.end) this.failShort(n, field);
    this.position = at + n;
    return new ByteReader(this.bytesView, at, at + n, this.origin);
  }

  /** A fixed field of text that ends at its first NUL, or fills the field. UTF-8; other bytes survive as lone surrogates. */
  text(n: number, field: string): string {
    const raw = this.bytes(n, field);
    const nul = raw.indexOf(0);
    return decodeText(nul < 0 ? raw : raw.subarray(0, nul));
  }

  expectEnd(field: string): void {
    if (this.position !== this.end) {
      throw this.fail("wire/trailing", `${this.remaining} bytes too many`, field);
    }
  }

  /** Makes (does not throw) an error about `field` at the current position, or at `offset`. */
  fail(code: string, message: string, field: string, offset = this.offset): WireError {
    return new WireError(code, message, { offset, field });
  }

  private failShort(need: number, field: string): never {
    throw this.fail("wire/short", `${need} bytes needed, ${this.remaining} left`, field);
  }
}
