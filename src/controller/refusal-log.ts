// Peers that were turned away before they said a word: each source is logged once in a while, however often it comes.
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Refusal } from "../southbound/stream/index.ts";

const MAX_SOURCES = 256;
const MAX_SHOWN = 16;
const TELL_EVERY_MS = 60_000;

/** Of a peer that did not wait to hear what was wrong: it says less than any other reason does. */
const LEFT = "it left in the middle of the TLS handshake";

/** One reason for which peers of one address were turned away. */
interface Source {
  readonly address: string;
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
    const key = `${remoteAddress} ${reason}`;
    const before = this.#sources.get(key);
    const isNews = before === undefined || now - before.toldMs > TELL_EVERY_MS;
    const count = (before?.count ?? 0) + 1;
    const toldMs = isNews ? now : before.toldMs;
    this.#sources.set(key, { address: remoteAddress, reason, toldMs, lastMs: now, count });
    this.#counted();
    if (isNews) this.#log.warn({ peer: remoteAddress, reason, times: count }, "a peer was turned away");
  }

  /** Of the last minute: each reason of each address. That one left has its reason in the others, where there are any. */
  get problems(): readonly Diagnostic[] {
    const now = this.#now();
    const recent = [...this.#sources.values()].filter(({ lastMs }) => now - lastMs <= TELL_EVERY_MS);
    const explained = new Set(recent.flatMap(({ address, reason }) => (reason === LEFT ? [] : [address])));
    const shown = recent.filter(({ address, reason }) => reason !== LEFT || !explained.has(address));
    const keyOf = ({ address, reason }: Source): string => `${address} ${reason}`;
    shown.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    return shown.slice(0, MAX_SHOWN).map(({ address, reason, count }) => {
      const times = count === 1 ? "" : `, ${count} times`;
      return diagnostic(
        "admission/refused",
        `a peer at ${address} was turned away${times}: ${reason}`,
        "none, unless it is one of yours",
      );
    });
  }
}
