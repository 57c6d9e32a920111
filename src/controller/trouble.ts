// What went wrong that is no single host's: this controller's own failures, and peers that were turned away. Counted, logged, shown.
import type { Logger } from "pino";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { CounterName, Counters } from "./counters.ts";

/** So long a thing that happened is shown; and so often, at the most, one that goes on is logged. */
const SHOWN_MS = 300_000;
const LOG_EVERY_MS = 10_000;
/** More kinds of trouble than this at one time are counted only. */
const MAX_KINDS = 64;

/** By what one peer is known, from however many ports it comes. */
export function whoOf(session: { readonly label: string; readonly remoteAddress?: string }): string {
  return session.remoteAddress ?? session.label;
}

interface Kind {
  count: number;
  lastMs: number;
  loggedMs: number;
  problem: Diagnostic;
}

export class Trouble {
  readonly #log: Logger;
  readonly #counters: Counters;
  readonly #now: () => number;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Logger, counters: Counters, now: () => number) {
    this.#log = log;
    this.#counters = counters;
    this.#now = now;
  }

  /** An exception that nobody expected. @param what was being done, as in "a message of tcp:192.0.2.1:4711". */
  fault(what: string, error: unknown, bytes?: Uint8Array): void {
    this.#counters.add("faults");
    const hex = bytes === undefined ? undefined : Buffer.from(bytes).toString("hex");
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    this.#log.error({ err: cause, what, bytes: hex }, "this controller failed at something; it goes on without it");
    const why = cause instanceof Error ? cause.message : String(cause);
    const remedy = "this is a fault of Weft: please report it with what the log says";
    this.#note(`fault ${why}`, "controller/fault", `this controller failed at ${what}: ${why}`, remedy);
  }

  /** A peer was turned away, or something of its put away to make room. @param who such as an address. */
  refused(counter: CounterName, who: string, reason: string, remedy: string): void {
    this.#counters.add(counter);
    if (!this.#note(`${counter} ${who}`, "controller/refused", `${who} was refused: ${reason}`, remedy)) return;
    this.#log.warn({ peer: who, reason, remedy }, "refused");
  }

  /** @returns whether it is to be logged. */
  #note(key: string, code: string, message: string, remedy: string): boolean {
    const now = this.#now();
    this.#forget(now);
    const known = this.#kinds.get(key);
    const count = (known?.count ?? 0) + 1;
    const times = count === 1 ? "" : ` (${count} times)`;
    const isDue = known === undefined || now - known.loggedMs >= LOG_EVERY_MS;
    if (known === undefined && this.#kinds.size >= MAX_KINDS) return false;
    this.#kinds.set(key, {
      count,
      lastMs: now,
      loggedMs: isDue ? now : known.loggedMs,
      problem: diagnostic(code, `${message}${times}`, remedy),
    });
    return isDue;
  }

  #forget(now: number): void {
    for (const [key, kind] of this.#kinds) if (now - kind.lastMs >= SHOWN_MS) this.#kinds.delete(key);
  }

  /** Of the last minutes. */
  problems(): readonly Diagnostic[] {
    this.#forget(this.#now());
    return [...this.#kinds.values()].map((kind) => kind.problem);
  }

  /** The same timers, of which one that throws is a fault and not the end of the process. */
  guard<T extends Timers>(timers: T): T {
    return {
      ...timers,
      setTimer: (delayMs: number, callback: () => void) =>
        timers.setTimer(delayMs, () => this.attempt("what a timer asked for", callback)),
    };
  }

  attempt(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fault(what, error);
    }
  }
}
