// How often one subject is told of: what changes on and on is counted meanwhile, so that it can't fill the journal. Takes the time.

/** So many events at once, */
const BURST = 6;
/** and then one in so long. */
const REFILL_MS = 10_000;
/** Of all subjects together, what comes at once and what in a second; the rest is told later. */
const TOTAL_BURST = 2_000;
const TOTAL_PER_SECOND = 100;

interface Subject {
  tokens: number;
  /** When the tokens were counted. */
  atMs: number;
  /** What it was last seen as. */
  seen: string;
  /** How often it has changed since it was last told of. */
  changes: number;
  sinceMs: number;
}

/** @property times how often it changed in `ms` until it could be told of; 1 where it was told at once */
export interface Admitted {
  readonly times: number;
  readonly ms: number;
}

export class Pace {
  readonly #subjects = new Map<string, Subject>();
  #total = TOTAL_BURST;
  #totalAtMs = 0;

  /** @param value what the subject is now. @returns null where it is not to be told of yet */
  admit(key: string, value: string, nowMs: number): Admitted | null {
    const subject = this.#subjects.get(key) ?? { tokens: BURST, atMs: nowMs, seen: "", changes: 0, sinceMs: nowMs };
    this.#subjects.set(key, subject);
    if (subject.changes === 0) subject.sinceMs = nowMs;
    if (subject.changes === 0 || subject.seen !== value) subject.changes += 1;
    subject.seen = value;
    subject.tokens = tokensOf(subject, nowMs);
    subject.atMs = nowMs;
    this.#total = Math.min(TOTAL_BURST, this.#total + ((nowMs - this.#totalAtMs) * TOTAL_PER_SECOND) / 1000);
    this.#totalAtMs = nowMs;
    if (subject.tokens < 1 || this.#total < 1) return null;
    subject.tokens -= 1;
    this.#total -= 1;
    const admitted = { times: subject.changes, ms: nowMs - subject.sinceMs };
    subject.changes = 0;
    return admitted;
  }

  /** Subjects that are held back. */
  get held(): readonly string[] {
    return [...this.#subjects].flatMap(([key, { changes }]) => (changes > 0 ? [key] : []));
  }

  /** Drops what could be told of as often as any new subject. */
  forget(nowMs: number): void {
    for (const [key, subject] of this.#subjects) {
      if (subject.changes === 0 && tokensOf(subject, nowMs) >= BURST) this.#subjects.delete(key);
    }
  }
}

function tokensOf({ tokens, atMs }: Subject, nowMs: number): number {
  return Math.min(BURST, tokens + (nowMs - atMs) / REFILL_MS);
}
