// Which hosts of a fleet misbehave on request, how, and what ends it.
import { flap } from "./flapping.ts";
import type { SimulatedHost } from "./host.ts";
import { LIES, type Misbehaviour } from "./manners.ts";

const SLOW = Object.freeze({ delayMs: 400, bytesPerSec: 4_000 });

export class Conduct {
  readonly #misbehaving = new Map<number, { readonly what: Misbehaviour; readonly end: () => void }>();
  /** Hosts that no other one reaches. */
  readonly #isolated = new Set<number>();
  readonly #isolationChanged: (number: number) => void;

  constructor(isolationChanged: (number: number) => void) {
    this.#isolationChanged = isolationChanged;
  }

  of(number: number): Misbehaviour | undefined {
    return this.#misbehaving.get(number)?.what;
  }

  isIsolated(number: number): boolean {
    return this.#isolated.has(number);
  }

  misbehave(host: SimulatedHost, what: Misbehaviour): void {
    this.behave(host.number);
    this.#misbehaving.set(host.number, { what, end: this.#begin(host, what) });
  }

  behave(number: number): void {
    this.#misbehaving.get(number)?.end();
    this.#misbehaving.delete(number);
  }

  stop(): void {
    for (const number of [...this.#misbehaving.keys()]) this.behave(number);
  }

  #begin(host: SimulatedHost, what: Misbehaviour): () => void {
    switch (what.kind) {
      case "slow": {
        const { delayMs = SLOW.delayMs, bytesPerSec = SLOW.bytesPerSec } = what;
        host.behave({ pace: { delayMs, bytesPerSec } });
        return () => host.behave({ pace: null });
      }
      case "silent":
        host.silence(true);
        return () => host.silence(false);
      case "lying":
        host.behave({ lies: new Set(what.about ?? LIES) });
        return () => host.behave({ lies: new Set() });
      case "flapping":
        return flap(host, what.what, what.everyMs);
      case "cut-off":
        if (what.from === "hosts") {
          this.#isolate(host.number, true);
          return () => this.#isolate(host.number, false);
        }
        host.holdConnections(true);
        return () => host.holdConnections(false);
    }
  }

  #isolate(number: number, isIsolated: boolean): void {
    if (isIsolated) this.#isolated.add(number);
    else this.#isolated.delete(number);
    this.#isolationChanged(number);
  }
}
