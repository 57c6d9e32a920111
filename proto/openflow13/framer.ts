// Cuts a byte stream into whole messages by the header's length, whatever pieces the stream comes in.
import { WireError } from "../bytes/errors.ts";
import { HEADER_LENGTH } from "./messages/header.ts";

const EMPTY = new Uint8Array(0);

/** Told of each whole message: `buffer[start, end)`. The buffer is not reused, so views into it stay valid. */
export type FrameHandler = (buffer: Uint8Array, start: number, end: number) => void;

/**
 * Messages that lie whole in a chunk are handed on in place; only one that is cut by a chunk's end is copied. After an
 * error (a length below 8 or above the cap) the stream has lost its frame and every further push throws it again.
 */
export class MessageFramer {
  private readonly maxLength: number;
  /** The start of a message whose end has not come yet. Empty, or holds `filled` bytes. */
  private partial: Uint8Array = EMPTY;
  private filled = 0;
  private consumed = 0;
  private broken: WireError | undefined;

  constructor(maxLength = 0xffff) {
    this.maxLength = maxLength;
  }

  /** Bytes held back until the rest of their message comes. */
  get pendingBytes(): number {
    return this.filled;
  }

  push(chunk: Uint8Array, onMessage: FrameHandler): void {
    if (this.broken !== undefined) throw this.broken;
    let at = this.filled > 0 ? this.complete(chunk, onMessage) : 0;
    const end = chunk.length;
    while (end - at >= HEADER_LENGTH) {
      const length = this.checkLength(((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number));
      if (end - at < length) break;
      this.consumed += length;
      onMessage(chunk, at, at + length);
      at += length;
    }
    if (at < end) {
      const rest = end - at;
      const room =
        rest >= HEADER_LENGTH
          ? this.checkLength(((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number))
          : HEADER_LENGTH;
      this.partial = new Uint8Array(room);
      this.partial.set(chunk.subarray(at, end));
      this.filled = rest;
    }
  }

  /** Fills up the message begun in an earlier chunk; gives how much of `chunk` that took. */
  private complete(chunk: Uint8Array, onMessage: FrameHandler): number {
    let at = 0;
    if (this.filled < HEADER_LENGTH) {
      at = this.fill(chunk, at, HEADER_LENGTH);
      if (this.filled < HEADER_LENGTH) return at;
    }
    const length = this.checkLength(((this.partial[2] as number) << 8) | (this.partial[3] as number));
    if (this.partial.length < length) {
      const whole = new Uint8Array(length);
      whole.set(this.partial.subarray(0, this.filled));
      this.partial = whole;
    }
    at = this.fill(chunk, at, length);
    if (this.filled < length) return at;
    const message = this.partial;
    this.partial = EMPTY;
    this.filled = 0;
    this.consumed += length;
    onMessage(message, 0, length);
    return at;
  }

  private fill(chunk: Uint8Array, at: number, upTo: number): number {
    const take = Math.min(upTo - this.filled, chunk.length - at);
    this.partial.set(chunk.subarray(at, at + take), this.filled);
    this.filled += take;
    return at + take;
  }

  private checkLength(length: number): number {
    if (length >= HEADER_LENGTH && length <= this.maxLength) return length;
    const what = length < HEADER_LENGTH ? "is shorter than its header" : `exceeds the cap of ${this.maxLength}`;
    this.broken = new WireError("wire/length", `a message of ${length} bytes ${what}`, {
      offset: 2,
      field: "header.length",
      context: { streamOffset: this.consumed },
    });
    throw this.broken;
  }
}
