// What has happened in the fabric, as the api tells it: one event at a time, in the order they happened.

export type EventSeverity = "info" | "warning" | "error";

export interface EventView {
  /** Grows by one with each event, over restarts too. */
  readonly seq: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly at: string;
  /** Stable identifier, such as `host/joined`, `tunnel/down`, `endpoint/moved`, `problem/raised`. */
  readonly kind: string;
  readonly severity: EventSeverity;
  /** The id of the host it happened on; null where it concerns none or many. */
  readonly host: string | null;
  /** What it happened to: a port, a peer's id, a MAC; null where the host says it all. */
  readonly subject: string | null;
  readonly message: string;
  /** Facts for programs, such as `{"mac": …, "from": …, "to": …}`. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** The journal as others see it. */
export interface EventFeed {
  /** Events after `seq` (0: all that are kept), the oldest first. */
  since(seq: number, limit: number): readonly EventView[];
  /** @returns what ends it */
  subscribe(listener: (event: EventView) => void): () => void;
}
