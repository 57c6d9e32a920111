// Hosts and switches at whose facts this controller itself fails: left out, as if they were away, until their facts change.
import { findCulprits } from "../model/culprits.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { Trouble } from "./trouble.ts";

/** A host, or a switch that is not known to be one's. */
export interface Suspect {
  readonly key: string;
  /** For people: a host's id. */
  readonly name: string;
  /** Its facts, which are other objects when they have changed. */
  readonly facts: readonly unknown[];
}

interface Left extends Suspect {
  readonly problem: Diagnostic;
  readonly sinceMs: number;
}

/** One whose facts change all the time is not tried more often. */
const REST_MS = 2000;

export interface QuarantineOptions {
  readonly trouble: Trouble;
  readonly timers: Timers;
  /** Someone may be tried again, or was left out just now. */
  readonly again: () => void;
}

export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #left = new Map<string, Left>();
  #timer: { cancel(): void } | null = null;

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  problem(key: string): Diagnostic | null {
    return this.#left.get(key)?.problem ?? null;
  }

  /** Of those whose key is so. */
  problems(isSo: (key: string) => boolean): readonly Diagnostic[] {
    return [...this.#left.values()].flatMap((one) => (isSo(one.key) ? [one.problem] : []));
  }

  /** Those whose facts have changed since are tried again. */
  review(suspects: readonly Suspect[]): void {
    const now = this.#options.timers.now();
    const byKey = new Map(suspects.map((one) => [one.key, one]));
    for (const [key, { facts, sinceMs }] of [...this.#left]) {
      const one = byKey.get(key);
      const isSame = one?.facts.length === facts.length && facts.every((fact, at) => fact === one.facts[at]);
      if (one !== undefined && isSame) continue;
      const restMs = sinceMs + REST_MS - now;
      if (restMs <= 0) this.#left.delete(key);
      else this.#wind(restMs);
    }
  }

  #wind(delayMs: number): void {
    this.#timer ??= this.#options.timers.setTimer(delayMs, () => {
      this.#timer = null;
      this.#options.again();
    });
  }

  /**
   * Does the work with everybody who is not left out; where it throws, without those because of whom it does.
   *
   * @throws what the work throws, where it does so because of nobody
   */
  run<T>(suspects: readonly Suspect[], work: (isLeftOut: (key: string) => boolean) => T): T {
    const without = (others: ReadonlySet<string>) => work((key) => this.#left.has(key) || others.has(key));
    try {
      return without(new Set());
    } catch (error) {
      const candidates = suspects.filter(({ key }) => !this.#left.has(key));
      const culprits = findCulprits(candidates, (kept) => {
        const keys = new Set(kept.map(({ key }) => key));
        try {
          without(new Set(candidates.flatMap(({ key }) => (keys.has(key) ? [] : [key]))));
          return false;
        } catch {
          return true;
        }
      });
      if (culprits === null) throw error;
      for (const culprit of culprits) this.#leaveOut(culprit, error);
      return without(new Set());
    }
  }

  /** Does what concerns this one alone; where it throws, he is left out. Who is left out already is passed over. */
  attempt(suspect: Suspect, work: () => void): void {
    if (this.#left.has(suspect.key)) return;
    try {
      work();
    } catch (error) {
      this.#leaveOut(suspect, error);
      this.#options.again();
    }
  }

  #leaveOut(suspect: Suspect, error: unknown): void {
    const { trouble, timers } = this.#options;
    trouble.fault(`what ${suspect.name} says`, error, textOf(suspect.facts));
    const why = error instanceof Error ? error.message : String(error);
    const problem = diagnostic(
      "host/quarantined",
      `this controller fails at what ${suspect.name} says of itself (${why}): it is left as it is, and the others are served`,
      "it is tried again when its rows or flows change; this is a fault of Weft: please report it with what the log says",
    );
    this.#left.set(suspect.key, { ...suspect, problem, sinceMs: timers.now() });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

const encoder = new TextEncoder();
const MAX_LOGGED = 4096;

/** For the log: maps and sets as lists. */
function textOf(facts: readonly unknown[]): Uint8Array | undefined {
  try {
    const text = JSON.stringify(facts, (_key, value: unknown) => {
      if (typeof value === "bigint") return value.toString();
      return value instanceof Map || value instanceof Set ? [...value] : value;
    });
    return encoder.encode(text.slice(0, MAX_LOGGED));
  } catch {
    return undefined;
  }
}
