// Looks at the fabric when something may have changed, and tells the journal what has happened since it looked last.
import type { Timers } from "../reconcile/timers.ts";
import type { Change, Draft } from "./change.ts";
import { compare } from "./compare.ts";
import type { Journal } from "./journal.ts";
import type { Picture } from "./known.ts";
import { type Admitted, Pace } from "./pace.ts";

export interface RecorderOptions {
  readonly journal: Journal;
  /** What is, now. */
  readonly picture: () => Picture;
  /** Whether hosts are still to come back after the start. */
  readonly settling: () => boolean;
  readonly timers: Timers;
}

/** What changes within so long is looked at once. */
const GATHER_MS = 50;
/** Not all that changes says so. */
const LOOK_MS = 2_000;
/** Looking takes no more than this share of the time. */
const COST_SHARE = 20;
/** After a start nobody has said anything yet. */
const START_MS = 5_000;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #pace = new Pace();
  readonly #startedAtMs: number;
  #timer: { cancel(): void } | null = null;
  #dueMs = Number.POSITIVE_INFINITY;
  #restUntilMs = 0;
  #isStopped = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#startedAtMs = options.timers.now();
    this.#lookAt(this.#startedAtMs + LOOK_MS);
  }

  /** Something may have happened. */
  changed(): void {
    this.#lookAt(Math.max(this.#options.timers.now() + GATHER_MS, this.#restUntilMs));
  }

  /** Looks once more, and then no longer. */
  stop(): void {
    if (this.#isStopped) return;
    this.#look();
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #lookAt(whenMs: number): void {
    if (this.#isStopped || whenMs >= this.#dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = whenMs;
    this.#timer = this.#options.timers.setTimer(Math.max(0, whenMs - this.#options.timers.now()), () => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      try {
        this.#look();
      } finally {
        this.#lookAt(Math.max(this.#options.timers.now() + LOOK_MS, this.#restUntilMs));
      }
    });
  }

  #look(): void {
    const { journal, picture, timers } = this.#options;
    const startMs = timers.now();
    const settling = this.#options.settling() || startMs - this.#startedAtMs < START_MS;
    const now = picture();
    if (journal.isCut) {
      if (!settling) journal.accept(now);
    } else {
      const changes = compare({ told: journal.told, now, settling });
      for (const change of changes) this.#tell(change, startMs);
      this.#tellOfHeld(new Set(changes.map(({ key }) => key)), startMs);
      this.#pace.forget(startMs);
    }
    const endMs = timers.now();
    this.#restUntilMs = endMs + (endMs - startMs) * COST_SHARE;
  }

  #tell({ key, events, known, isWording }: Change, nowMs: number): void {
    if (isWording === true) {
      this.#options.journal.learn(known);
      return;
    }
    const admitted = events.length === 0 ? ONCE : this.#pace.admit(key, JSON.stringify(known), nowMs);
    if (admitted === null) return;
    this.#options.journal.record(
      events.map((event, index) => (index === 0 ? withTimes(event, admitted) : event)),
      known,
    );
  }

  /** Subjects that changed too often to be told of, and are again as they were told. */
  #tellOfHeld(told: ReadonlySet<string>, nowMs: number): void {
    for (const key of this.#pace.held) {
      if (told.has(key)) continue;
      const known = this.#options.journal.told.get(key) ?? null;
      const admitted = this.#pace.admit(key, JSON.stringify([[key, known]]), nowMs);
      if (admitted === null) continue;
      const host = known !== null && "host" in known ? known.host : null;
      const message = `${key} has changed ${timesText(admitted)}, and is as it was`;
      const { times } = admitted;
      const kind = `${key.split(" ")[0]}/flapping`;
      this.#options.journal.record([
        { kind, severity: "warning", host, subject: key.split(" ").at(-1) ?? null, message, details: { times } },
      ]);
    }
  }
}

const ONCE: Admitted = Object.freeze({ times: 1, ms: 0 });

function timesText({ times, ms }: Admitted): string {
  return `${times} times in ${Math.max(1, Math.round(ms / 1000))} s`;
}

function withTimes(event: Draft, admitted: Admitted): Draft {
  if (admitted.times <= 1) return event;
  const message = `${event.message}; it has changed ${timesText(admitted)}`;
  return {
    ...event,
    severity: event.severity === "info" ? "warning" : event.severity,
    message,
    details: { ...event.details, times: admitted.times },
  };
}
