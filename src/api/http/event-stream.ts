// Events as they happen, server-sent (WHATWG HTML, section 9.2), to so many listeners, none of whom may fall far behind.
import { goingOnAfter } from "../event-query.ts";
import type { EventFeed, EventView } from "../event-views.ts";
import { RequestError } from "./problem.ts";

export interface EventStreamTimers {
  setInterval(callback: () => void, ms: number): { cancel(): void };
}

export const MAX_LISTENERS = 32;
const HEARTBEAT_MS = 15_000;
/** What waits for a listener that does not read; then it is cut off, and comes back for the rest by its Last-Event-ID. */
const MAX_WAITING_BYTES = 256 * 1024;
const MAX_REPLAYED = 1_000;
const RETRY_MS = 2_000;

const encoder = new TextEncoder();

function messageOf(event: EventView): string {
  return `id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`;
}

export interface Replay {
  /** The last one that is known; null: those before are not asked for. */
  readonly after: number | null;
  /** How many of the last are wanted all the same. */
  readonly last: number;
}

export class EventStreams {
  readonly #timers: EventStreamTimers;
  readonly #ends = new Set<() => void>();

  constructor(timers: EventStreamTimers) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#ends.size;
  }

  /** @throws RequestError where there are as many listeners as there may be */
  open(feed: EventFeed, { after, last }: Replay): ReadableStream<Uint8Array> {
    if (this.#ends.size >= MAX_LISTENERS) {
      const message = `${MAX_LISTENERS} listen to events already`;
      throw new RequestError(503, "http/too-many", message, { "retry-after": "10" });
    }
    let end: () => void = () => undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const send = (text: string): void => {
            controller.enqueue(encoder.encode(text));
            if ((controller.desiredSize ?? 0) <= 0) end();
          };
          send(`retry: ${RETRY_MS}\n\n`);
          // Nothing happens between the two: an event is either replayed or heard.
          const missed =
            after === null
              ? last === 0
                ? []
                : feed.since(0, Number.MAX_SAFE_INTEGER).slice(-last)
              : feed.since(goingOnAfter(after, feed), MAX_REPLAYED);
          for (const event of missed) controller.enqueue(encoder.encode(messageOf(event)));
          const unsubscribe = feed.subscribe((event) => send(messageOf(event)));
          const heartbeat = this.#timers.setInterval(() => send(": here\n\n"), HEARTBEAT_MS);
          let isOver = false;
          end = () => {
            if (isOver) return;
            isOver = true;
            heartbeat.cancel();
            unsubscribe();
            this.#ends.delete(end);
            try {
              controller.close();
            } catch {
              // The listener has gone first.
            }
          };
          this.#ends.add(end);
          // There are more: who listens comes back for them, rather than to miss what is between.
          if (missed.length === MAX_REPLAYED) end();
        },
        cancel: () => end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
    );
  }

  close(): void {
    for (const end of [...this.#ends]) end();
  }
}
