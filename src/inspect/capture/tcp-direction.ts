// One direction of a TCP connection put in order: retransmissions dropped, late segments awaited, gaps told.

/** The next bytes of the stream. */
export interface StreamPiece {
  readonly bytes: Uint8Array;
  readonly frame: number;
  readonly timeNs: bigint | undefined;
  /**
   * How the bytes join what came before: "on" follows without a gap, "first" is the connection's first byte, "middle" is where
   * the capture begins, "gap" is behind bytes that the capture lacks.
   */
  readonly joins: "on" | "first" | "middle" | "gap";
  /** Bytes missing before it, for "gap". */
  readonly missing: number;
}

interface Held {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly frame: number;
  readonly timeNs: bigint | undefined;
}

const MAX_HELD_SEGMENTS = 1024;
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** A sequence number this far off is of another connection, or made up. */
const FAR = 1 << 30;

export class TcpDirection {
  /** The sequence number of the next byte; unknown before the first segment. */
  #next: number | undefined;
  #joins: StreamPiece["joins"] = "middle";
  /** Of the connection's first byte: tells a SYN that is sent again from another connection's. */
  #first: number | undefined;
  /** Segments beyond a gap, in order of their distance from it. */
  #held: Held[] = [];
  #heldBytes = 0;

  /** Takes a segment and gives what can be read by now, in order. */
  *push(
    sequence: number,
    syn: boolean,
    bytes: Uint8Array,
    frame: number,
    timeNs: bigint | undefined,
  ): Generator<StreamPiece> {
    let start = sequence;
    if (syn) {
      start = (sequence + 1) >>> 0;
      if (this.#first !== start) {
        yield* this.flush();
        this.#first = start;
        this.#next = start;
        this.#joins = "first";
      }
    }
    if (bytes.length === 0) return;
    if (this.#next === undefined) this.#next = start;
    const ahead = distance(this.#next, start);
    if (Math.abs(ahead) > FAR) {
      yield* this.flush();
      this.#next = start;
      this.#joins = "middle";
    } else if (ahead > 0) {
      this.#hold({ sequence: start, bytes, frame, timeNs });
      if (this.#held.length > MAX_HELD_SEGMENTS || this.#heldBytes > MAX_HELD_BYTES) yield* this.#overGap();
      return;
    }
    yield* this.#deliver({ sequence: start, bytes, frame, timeNs });
    yield* this.#drain();
  }

  /** The capture is over, or the connection: what waits behind gaps is given without what is missing. */
  *flush(): Generator<StreamPiece> {
    while (this.#held.length > 0) yield* this.#overGap();
  }

  *#deliver(held: Held): Generator<StreamPiece> {
    const old = -distance(this.#next ?? held.sequence, held.sequence);
    if (old >= held.bytes.length) return;
    const bytes = old > 0 ? held.bytes.subarray(old) : held.bytes;
    this.#next = (held.sequence + held.bytes.length) >>> 0;
    yield { bytes, frame: held.frame, timeNs: held.timeNs, joins: this.#joins, missing: 0 };
    this.#joins = "on";
  }

  *#drain(): Generator<StreamPiece> {
    let used = 0;
    for (const held of this.#held) {
      if (distance(this.#next ?? 0, held.sequence) > 0) break;
      used += 1;
      this.#heldBytes -= held.bytes.length;
      yield* this.#deliver(held);
    }
    if (used > 0) this.#held.splice(0, used);
  }

  /** Gives up on the bytes before the nearest segment held. */
  *#overGap(): Generator<StreamPiece> {
    const first = this.#held.shift();
    if (first === undefined) return;
    this.#heldBytes -= first.bytes.length;
    const missing = distance(this.#next ?? first.sequence, first.sequence);
    this.#next = (first.sequence + first.bytes.length) >>> 0;
    yield { bytes: first.bytes, frame: first.frame, timeNs: first.timeNs, joins: "gap", missing };
    this.#joins = "on";
    yield* this.#drain();
  }

  #hold(segment: Held): void {
    const ahead = (held: Held): number => distance(this.#next ?? 0, held.sequence);
    const own = ahead(segment);
    let low = 0;
    let high = this.#held.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ahead(this.#held[middle] as Held) <= own) low = middle + 1;
      else high = middle;
    }
    this.#held.splice(low, 0, segment);
    this.#heldBytes += segment.bytes.length;
  }
}

/** How far `to` is ahead of `from`, sequence numbers being modulo 2^32. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}
