// Peers that were turned away before they said a word: each source is logged once in a while, however often it comes.
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Refusal } from "../southbound/stream/index.ts";

const MAX_SOURCES = 256;
const MAX_SHOWN = 16;
const TELL_EVERY_MS = 60_000;

interface Source {
  readonly reason: string;
  readonly toldMs: number;
  readonly lastMs: number;
  readonly count: number;
}

export class RefusalLog {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #counted: () => void;
  readonly #sources = new LRUCache<string, Source>({ max: MAX_SOURCES });

  constructor(log: Logger, now: () => number, counted: () => void) {
    this.#log = log;
    this.#now = now;
    this.#counted = counted;
  }

  add({ remoteAddress, reason }: Refusal): void {
    const now = this.#now();
    const before = this.#sources.get(remoteAddress);
    const isNews = before === undefined || before.reason !== reason || now - before.toldMs > TELL_EVERY_MS;
    const count = (before?.count ?? 0) + 1;
    this.#sources.set(remoteAddress, { reason, toldMs: isNews ? now : before.toldMs, lastMs: now, count });
    this.#counted();
    if (isNews) this.#log.warn({ peer: remoteAddress, reason, times: count }, "a peer was turned away");
  }

  /** Of the last minute. */
  get problems(): readonly Diagnostic[] {
    const now = this.#now();
    const recent = [...this.#sources.entries()].filter(([, { lastMs }]) => now - lastMs <= TELL_EVERY_MS);
    return recent.slice(0, MAX_SHOWN).map(([address, { reason, count }]) => {
      const times = count === 1 ? "" : `, ${count} times`;
      return diagnostic(
        "admission/refused",
        `a peer at ${address} was turned away${times}: ${reason}`,
        "none, unless it is one of yours",
      );
    });
  }
}
