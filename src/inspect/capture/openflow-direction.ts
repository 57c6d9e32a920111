// One direction of an OpenFlow connection cut into messages, finding its way back after what is missing or broken.
import type { StreamPiece } from "./tcp-direction.ts";

export type OpenFlowPiece =
  | {
      readonly kind: "message";
      readonly bytes: Uint8Array;
      readonly frame: number;
      readonly timeNs: bigint | undefined;
    }
  /** Bytes that are part of no message that could be found, and why. */
  | {
      readonly kind: "skipped";
      readonly bytes: Uint8Array;
      readonly why: string;
      readonly frame: number;
      readonly timeNs: bigint | undefined;
    };

const HEADER = 8;
const MAX_VERSION = 6;
const MAX_TYPE = 35;
/** Of skipped bytes, so many are kept to be shown. */
const MAX_SHOWN_BYTES = 64;

export class OpenFlowDirection {
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;
  /** Why the next message's beginning is to be looked for; undefined while it is known. */
  #searching: string | undefined;

  *push(piece: StreamPiece): Generator<OpenFlowPiece> {
    const { frame, timeNs } = piece;
    if (piece.joins !== "on") {
      const cut = piece.joins === "gap" ? `${piece.missing} bytes are missing behind them` : "the connection ends";
      yield* this.#skip(this.#end - this.#start, cut, frame, timeNs);
      this.#searching = piece.joins === "first" ? undefined : SEARCHING[piece.joins];
    }
    this.#append(piece.bytes);
    yield* this.#cut(frame, timeNs, false);
  }

  /** The stream is over: what is left is told. */
  *finish(frame: number, timeNs: bigint | undefined): Generator<OpenFlowPiece> {
    yield* this.#cut(frame, timeNs, true);
    yield* this.#skip(this.#end - this.#start, "the capture ends in the middle of a message", frame, timeNs);
  }

  *#cut(frame: number, timeNs: bigint | undefined, last: boolean): Generator<OpenFlowPiece> {
    for (;;) {
      if (this.#searching !== undefined) {
        const found = this.#find(last);
        yield* this.#skip(found, this.#searching, frame, timeNs);
        if (this.#end - this.#start < HEADER || !this.#plausible(this.#start)) return;
        this.#searching = undefined;
      }
      if (this.#end - this.#start < HEADER) return;
      if (!this.#plausible(this.#start)) {
        this.#searching = "they are no OpenFlow header";
        yield* this.#skip(1, this.#searching, frame, timeNs);
        continue;
      }
      const length = this.#lengthAt(this.#start);
      if (this.#end - this.#start < length) return;
      const bytes = this.#buffer.slice(this.#start, this.#start + length);
      this.#start += length;
      yield { kind: "message", bytes, frame, timeNs };
    }
  }

  /** How many bytes from the buffer's start lie before the next likely header, or before what may be one. */
  #find(last: boolean): number {
    for (let at = this.#start; at + HEADER <= this.#end; at++) {
      if (!this.#plausible(at)) continue;
      const next = at + this.#lengthAt(at);
      // A header is believed when another follows, or the data end where its message does.
      if (next === this.#end || (next + HEADER <= this.#end && this.#plausible(next))) return at - this.#start;
      // One that reaches beyond the data can be checked later, if it stands where a segment begins.
      if (next > this.#end - HEADER && at === this.#start && !last) return 0;
    }
    return Math.max(0, this.#end - this.#start - (last ? 0 : HEADER - 1));
  }

  #plausible(at: number): boolean {
    const version = this.#buffer[at] as number;
    return (
      version >= 1 &&
      version <= MAX_VERSION &&
      (this.#buffer[at + 1] as number) <= MAX_TYPE &&
      this.#lengthAt(at) >= HEADER
    );
  }

  #lengthAt(at: number): number {
    return ((this.#buffer[at + 2] as number) << 8) | (this.#buffer[at + 3] as number);
  }

  *#skip(n: number, why: string, frame: number, timeNs: bigint | undefined): Generator<OpenFlowPiece> {
    if (n <= 0) return;
    const bytes = this.#buffer.slice(this.#start, this.#start + Math.min(n, MAX_SHOWN_BYTES));
    this.#start += n;
    yield { kind: "skipped", bytes, why: `${n} bytes skipped: ${why}`, frame, timeNs };
  }

  #append(bytes: Uint8Array): void {
    const held = this.#end - this.#start;
    if (this.#end + bytes.length > this.#buffer.length) {
      const size = Math.max(held + bytes.length, this.#buffer.length);
      const larger =
        size > this.#buffer.length ? new Uint8Array(Math.max(size, this.#buffer.length * 2)) : this.#buffer;
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = larger;
      this.#start = 0;
      this.#end = held;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}

const SEARCHING = {
  middle: "the capture begins in the middle of this connection",
  gap: "they stand behind bytes that the capture lacks",
  on: "",
} as const;
