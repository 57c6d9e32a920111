// How many connections there may be, in all and from one source: one that opens many must not keep the others out.

export interface GateLimits {
  /** Of all sources together. */
  readonly total: number;
  /** From one address; Unix sockets, which only this machine's users reach, count in the total alone. */
  readonly perSource: number;
}

export const DEFAULT_GATE_LIMITS: GateLimits = Object.freeze({ total: 8192, perSource: 1024 });

export interface GateRefusal {
  /** The address; null for a Unix socket. */
  readonly source: string | null;
  readonly reason: string;
}

/** What the gate needs of a socket: to hear of its end. */
interface Visitor {
  once(event: "close", listener: () => void): unknown;
}

/** One gate may stand before several listeners: the limits then hold for all of them together. */
export class ConnectionGate {
  readonly #limits: GateLimits;
  readonly #onRefused: (refusal: GateRefusal) => void;
  readonly #bySource = new Map<string, number>();
  #total = 0;

  constructor(limits: GateLimits, onRefused: (refusal: GateRefusal) => void) {
    this.#limits = limits;
    this.#onRefused = onRefused;
  }

  get open(): number {
    return this.#total;
  }

  /** Whether the connection may stay; one that may counts until it has closed. */
  admit(source: string | null, socket: Visitor): boolean {
    const here = source === null ? 0 : (this.#bySource.get(source) ?? 0);
    const { total, perSource } = this.#limits;
    if (this.#total >= total)
      return this.#refuse(source, `there are ${total} connections already (limits.connections)`);
    if (here >= perSource) {
      return this.#refuse(source, `it has ${perSource} connections already (limits.connectionsPerSource)`);
    }
    this.#total += 1;
    if (source !== null) this.#bySource.set(source, here + 1);
    socket.once("close", () => this.#leave(source));
    return true;
  }

  #refuse(source: string | null, reason: string): false {
    this.#onRefused({ source, reason });
    return false;
  }

  #leave(source: string | null): void {
    this.#total -= 1;
    if (source === null) return;
    const left = (this.#bySource.get(source) ?? 1) - 1;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }
}
