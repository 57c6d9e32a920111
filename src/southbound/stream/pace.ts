// Tells a peer that sends a message too slowly to be of use from one that is slow, or was cut off for a while.

/** Slower than this is no network, but somebody who wants to keep a connection busy. */
const MIN_BYTES_PER_SEC = 1024;
/** How long a message may take at such a speed. */
const PATIENCE_MS = 5_000;
/** A longer gap is the network's: liveness tells what comes of it. */
const MAX_GAP_MS = 1_000;

/** Looks at one message at a time. Takes `now`, and so needs no timer: who sends nothing at all is silent, not slow. */
export class Pace {
  #pending = 0;
  #activeMs = 0;
  #lastMs = 0;

  /**
   * Bytes came. @param pending how much there is now of a message whose end has not come; 0 between messages.
   * @returns whether the peer takes too long over it.
   */
  received(nowMs: number, bytes: number, pending: number): boolean {
    const isSame = this.#pending > 0 && pending === this.#pending + bytes;
    this.#activeMs = isSame ? this.#activeMs + Math.min(nowMs - this.#lastMs, MAX_GAP_MS) : 0;
    this.#pending = pending;
    this.#lastMs = nowMs;
    return this.#activeMs >= PATIENCE_MS && pending * 1000 < this.#activeMs * MIN_BYTES_PER_SEC;
  }

  get reason(): string {
    return `the peer sends too slowly: ${this.#pending} bytes of a message in ${Math.round(this.#activeMs / 1000)} s`;
  }
}
