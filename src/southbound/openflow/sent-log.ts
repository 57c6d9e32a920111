// Remembers which message an xid stood for, until a barrier has shown that no error about it can come any more.

/**
 * Invariant: entries are in the order sent, so all before a barrier are settled by its reply. The log is bounded: past
 * `capacity` the oldest is forgotten, and an error about it is then reported without its cause.
 */
export class SentLog<M> {
  readonly #sent = new Map<number, M>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#sent.size;
  }

  add(xid: number, message: M): void {
    this.#sent.set(xid, message);
    if (this.#sent.size <= this.#capacity) return;
    for (const oldest of this.#sent.keys()) {
      this.#sent.delete(oldest);
      return;
    }
  }

  get(xid: number): M | undefined {
    return this.#sent.get(xid);
  }

  /** The barrier with this xid, which must have been added, is answered: it and all before it are settled. */
  settleUpTo(xid: number): void {
    if (!this.#sent.has(xid)) return;
    for (const settled of this.#sent.keys()) {
      this.#sent.delete(settled);
      if (settled === xid) return;
    }
  }
}
