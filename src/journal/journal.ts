// The journal: what has happened, in memory and, where it has a file, over restarts.
import type { EventFeed, EventView } from "../api/event-views.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { Draft } from "./change.ts";
import { JournalFile } from "./file.ts";
import type { Known, Picture } from "./known.ts";
import { readLine, writeLine } from "./line.ts";

export interface JournalOptions {
  /** null keeps it in memory alone. */
  readonly path: string | null;
  /** Of the files, and likewise of what is kept in memory. */
  readonly maxBytes: number;
  readonly timers: Timers;
  /** The time of day, in milliseconds since 1970. */
  readonly wallClock: () => number;
  /** The file can't be written, or can again. */
  readonly problemChanged: (problem: Diagnostic | null) => void;
}

/** Of a file, what it may begin with. */
const HEADER_SHARE = 4;

export class Journal implements EventFeed {
  readonly #options: JournalOptions;
  readonly #file: JournalFile | null;
  readonly #told = new Map<string, Known>();
  readonly #listeners = new Set<(event: EventView) => void>();
  /** The oldest first; before `#first` they are dropped. */
  #events: { readonly event: EventView; readonly bytes: number }[] = [];
  #first = 0;
  #bytes = 0;
  #lastSeq = 0;
  #isCut = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    const { path, maxBytes, timers, problemChanged } = options;
    const header = () => this.#header();
    this.#file = path === null ? null : new JournalFile({ path, maxBytes, timers, header, problemChanged });
    this.#load();
  }

  /** What the end of the journal knows. */
  get told(): Picture {
    return this.#told;
  }

  /** Whether `told` has gaps: what is not in it need not be new. */
  get isCut(): boolean {
    return this.#isCut;
  }

  get problem(): Diagnostic | null {
    return this.#file?.problem ?? null;
  }

  get last(): EventView | null {
    return this.#events.at(-1)?.event ?? null;
  }

  since(seq: number, limit: number): readonly EventView[] {
    let low = this.#first;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.event.seq ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low, Math.min(this.#events.length, low + limit)).map(({ event }) => event);
  }

  subscribe(listener: (event: EventView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @param known what is known once the events are told; null takes away */
  record(drafts: readonly Draft[], known: readonly (readonly [string, Known | null])[] = []): void {
    this.learn(known);
    const at = new Date(this.#options.wallClock()).toISOString();
    if (drafts.length === 0 && known.length > 0) this.#file?.append(writeLine({ event: null, known, whole: null }));
    for (const [index, draft] of drafts.entries()) {
      this.#lastSeq += 1;
      const event: EventView = Object.freeze({ seq: this.#lastSeq, at, ...draft });
      const line = writeLine({ event, known: index === 0 ? known : [], whole: null });
      this.#keep(event, line.length);
      this.#file?.append(line);
      for (const listener of [...this.#listeners]) listener(event);
    }
  }

  /** What is, is known from here on, without a word. */
  accept(picture: Picture): void {
    this.#told.clear();
    for (const [key, known] of picture) this.#told.set(key, known);
    this.#isCut = false;
    this.#file?.append(this.#header());
  }

  /** Resolves when all that can be written is. */
  async close(): Promise<void> {
    await this.#file?.close();
  }

  #load(): void {
    let isWhole = true;
    let isFirst = true;
    for (const text of this.#file?.read() ?? []) {
      const line = readLine(text);
      if (line === null) continue;
      if (isFirst && line.whole === null) isWhole = false;
      isFirst = false;
      if (line.whole !== null) {
        this.#told.clear();
        isWhole = line.whole === "all";
      }
      // After a failure a line may stand there twice; what it says of the world is the same.
      this.learn(line.known);
      if (line.event === null || line.event.seq <= this.#lastSeq) continue;
      this.#lastSeq = line.event.seq;
      this.#keep(line.event, text.length);
    }
    this.#isCut = !isWhole;
  }

  /** In memory, and in the next file that is begun. @param known null takes away */
  learn(known: readonly (readonly [string, Known | null])[]): void {
    for (const [key, one] of known) {
      if (one === null) this.#told.delete(key);
      else this.#told.set(key, one);
    }
  }

  #keep(event: EventView, bytes: number): void {
    this.#events.push({ event, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#options.maxBytes && this.#first < this.#events.length - 1) {
      this.#bytes -= this.#events[this.#first]?.bytes ?? 0;
      this.#first += 1;
    }
    if (this.#first > this.#events.length / 2) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
  }

  #header(): string {
    const header = writeLine({ event: null, known: [...this.#told], whole: this.#isCut ? "cut" : "all" });
    if (Buffer.byteLength(header) <= this.#options.maxBytes / HEADER_SHARE) return header;
    return writeLine({ event: null, known: [], whole: "cut" });
  }
}
