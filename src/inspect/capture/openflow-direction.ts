// One direction of an OpenFlow connection cut into messages, finding its way back after what is missing or broken.
import { OFP_VERSION } from "../../../proto/openflow13/index.ts";
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
/** Shortest messages of OpenFlow 1.3 by type; negative where it is the only length. */
const LEAST_LENGTHS: readonly number[] = [
  8, 12, 8, 8, 16, -8, -32, -8, -12, -12, 34, 56, -80, 24, 56, 16, -40, -16, 16, 16, -8, -8, -16, 16, -24, -24, -8, -32,
  -32, 16,
];
/** Of skipped bytes, so many are kept to be shown. */
const MAX_SHOWN_BYTES = 64;

export class OpenFlowDirection {
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;
  /** Why the next message's beginning is to be looked for; undefined while it is known. */
  #searching: string | undefined;
  /** Bytes passed over since the last message, and the first of them. */
  #skipped = 0;
  #shown: Uint8Array = new Uint8Array(0);

  *push(piece: StreamPiece): Generator<OpenFlowPiece> {
    const { frame, timeNs } = piece;
    if (piece.joins !== "on") {
      const cut = piece.joins === "gap" ? `${piece.missing} bytes are missing behind them` : "the connection ends";
      yield* this.#drop(cut, frame, timeNs);
      this.#searching = piece.joins === "first" ? undefined : SEARCHING[piece.joins];
    }
    this.#append(piece.bytes);
    yield* this.#cut(frame, timeNs, false);
  }

  /** The stream is over: what is left is told. */
  *finish(frame: number, timeNs: bigint | undefined): Generator<OpenFlowPiece> {
    yield* this.#cut(frame, timeNs, true);
    yield* this.#drop("the capture ends in the middle of a message", frame, timeNs);
  }

  *#cut(frame: number, timeNs: bigint | undefined, last: boolean): Generator<OpenFlowPiece> {
    for (;;) {
      if (this.#searching !== undefined) {
        const { skip, found } = this.#find(last);
        this.#skipped += skip;
        this.#keepShown(skip);
        this.#start += skip;
        if (!found) return;
        yield* this.#tellSkipped(this.#searching, frame, timeNs);
        this.#searching = undefined;
      }
      if (this.#end - this.#start < HEADER) return;
      if (!this.#plausible(this.#start)) {
        this.#searching = "they are no OpenFlow header";
        continue;
      }
      const length = this.#lengthAt(this.#start);
      if (this.#end - this.#start < length) return;
      const bytes = this.#buffer.slice(this.#start, this.#start + length);
      this.#start += length;
      yield { kind: "message", bytes, frame, timeNs };
    }
  }

  /** How many bytes lie before the next header, or before what may be one when more of the stream is here. */
  #find(last: boolean): { readonly skip: number; readonly found: boolean } {
    for (let at = this.#start; at + HEADER <= this.#end; at++) {
      if (!this.#likely(at)) continue;
      const next = at + this.#lengthAt(at);
      // A header is believed when another follows, or the data end where its message does.
      if (next === this.#end) return { skip: at - this.#start, found: true };
      if (next + HEADER <= this.#end) {
        if (this.#plausible(next) && this.#buffer[next] === this.#buffer[at])
          return { skip: at - this.#start, found: true };
      } else if (!last) return { skip: at - this.#start, found: false };
    }
    return { skip: last ? 0 : Math.max(0, this.#end - this.#start - (HEADER - 1)), found: false };
  }

  /** Stricter than `plausible`, as for one that is looked for: the length fits the type. */
  #likely(at: number): boolean {
    if (!this.#plausible(at)) return false;
    if (this.#buffer[at] !== OFP_VERSION) return true;
    const least = LEAST_LENGTHS[this.#buffer[at + 1] as number];
    const length = this.#lengthAt(at);
    return least !== undefined && (least < 0 ? length === -least : length >= least);
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

  #keepShown(n: number): void {
    const room = MAX_SHOWN_BYTES - this.#shown.length;
    const more = this.#buffer.subarray(this.#start, this.#start + Math.min(n, room));
    if (more.length > 0) this.#shown = Uint8Array.from([...this.#shown, ...more]);
  }

  *#tellSkipped(why: string, frame: number, timeNs: bigint | undefined): Generator<OpenFlowPiece> {
    const n = this.#skipped;
    if (n === 0) return;
    const bytes = this.#shown;
    this.#skipped = 0;
    this.#shown = new Uint8Array(0);
    yield { kind: "skipped", bytes, why: `${n} ${n === 1 ? "byte" : "bytes"} skipped: ${why}`, frame, timeNs };
  }

  /** All that is left, and what was skipped before it. */
  *#drop(why: string, frame: number, timeNs: bigint | undefined): Generator<OpenFlowPiece> {
    if (this.#skipped > 0 && this.#searching !== undefined) yield* this.#tellSkipped(this.#searching, frame, timeNs);
    const left = this.#end - this.#start;
    this.#keepShown(left);
    this.#skipped += left;
    this.#start = this.#end;
    yield* this.#tellSkipped(why, frame, timeNs);
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
