// Answers that many ask for at once are made once: the same question, however often, takes a bounded share of the controller's time.
import { createHash } from "node:crypto";

export interface CachedAnswer {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

interface Entry extends CachedAnswer {
  readonly until: number;
}

/** An answer is kept ten times as long as it took to make, so that no one question takes more than a tenth of the time. */
const SHARE = 10;
const MAX_KEPT_MS = 30_000;
const MAX_ENTRIES = 64;
/** Of a large fabric an answer has tens of megabytes. The last one is kept whatever it has. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

const encoder = new TextEncoder();

export function encodeAnswer(view: unknown): CachedAnswer {
  const body = encoder.encode(`${JSON.stringify(view)}\n`);
  return { body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
}

export class AnswerCache {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<string, Promise<CachedAnswer>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many bytes are kept. */
  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { body }) => sum + body.length, 0);
  }

  async get(key: string, make: () => unknown): Promise<CachedAnswer> {
    const known = this.#entries.get(key);
    if (known !== undefined && this.#now() < known.until) return known;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const made = this.#make(key, make);
    this.#underWay.set(key, made);
    try {
      return await made;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #make(key: string, make: () => unknown): Promise<CachedAnswer> {
    const startMs = this.#now();
    const answer = encodeAnswer(await make());
    const endMs = this.#now();
    this.#entries.delete(key);
    this.#entries.set(key, { ...answer, until: endMs + Math.min(SHARE * (endMs - startMs), MAX_KEPT_MS) });
    this.#forget(endMs);
    return answer;
  }

  /** Those that are over, then the oldest while there are too many; never the one that was just made. */
  #forget(now: number): void {
    let { bytes } = this;
    let left = this.#entries.size;
    for (const [key, { body, until }] of this.#entries) {
      if (left === 1) return;
      if (until > now && left <= MAX_ENTRIES && bytes <= MAX_KEPT_BYTES) continue;
      this.#entries.delete(key);
      bytes -= body.length;
      left -= 1;
    }
  }
}
