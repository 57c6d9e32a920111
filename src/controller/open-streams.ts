// The connections that are open, to ask what waits in them.
import type { ByteStream } from "../southbound/stream/index.ts";

/** So many more than were open at the last look, and those that have ended are dropped. */
const SLACK = 64;

export class OpenStreams {
  readonly #streams = new Set<ByteStream>();
  #lookAt = SLACK;

  /** Sessions are told of a stream's end, and nobody else: it is seen here at the next look. */
  add(stream: ByteStream): void {
    if (this.#streams.size >= this.#lookAt) {
      this.#drop();
      this.#lookAt = 2 * this.#streams.size + SLACK;
    }
    this.#streams.add(stream);
  }

  get pendingBytes(): number {
    this.#drop();
    let sum = 0;
    for (const { pendingBytes } of this.#streams) sum += pendingBytes;
    return sum;
  }

  #drop(): void {
    for (const stream of this.#streams) if (stream.closed) this.#streams.delete(stream);
  }
}
