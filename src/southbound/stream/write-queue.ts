// Gathers what one event-loop turn writes to a socket into few large chunks: one system call for each turn, not for each message.

/** Chunks up to this size are copied together; larger ones are passed on as they are. */
const COPY_BELOW = 16 * 1024;
const BLOCK = 64 * 1024;

export class WriteQueue {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }

  /** Empties the queue; the result holds the same bytes in the same order. */
  take(): readonly Uint8Array[] {
    const chunks = this.#chunks;
    this.clear();
    if (chunks.length < 2) return chunks;
    const gathered: Uint8Array[] = [];
    let small: Uint8Array[] = [];
    let smallBytes = 0;
    const flushSmall = (): void => {
      if (small.length === 1) gathered.push(...small);
      else if (small.length > 1) gathered.push(Buffer.concat(small, smallBytes));
      small = [];
      smallBytes = 0;
    };
    for (const chunk of chunks) {
      if (chunk.length > COPY_BELOW) {
        flushSmall();
        gathered.push(chunk);
        continue;
      }
      if (smallBytes + chunk.length > BLOCK) flushSmall();
      small.push(chunk);
      smallBytes += chunk.length;
    }
    flushSmall();
    return gathered;
  }
}
