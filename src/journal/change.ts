// A step from what was told to what is, and the events that tell it.
import type { EventSeverity, EventView } from "../api/event-views.ts";
import { hostKey, type Known, type Picture } from "./known.ts";

/** An event that is yet to get its number and time. */
export type Draft = Omit<EventView, "seq" | "at">;

/** A step from what was told to what is. Where there is nothing to say it has no events. */
export interface Change {
  /** What it is about: the same subject is not told of without end. */
  readonly key: string;
  readonly events: readonly Draft[];
  /** What is known once it is told; null takes away. */
  readonly known: readonly (readonly [string, Known | null])[];
  /** Only the words are others, such as a number that grows: not worth a line on the disk. */
  readonly isWording?: true;
}

export interface Moment {
  readonly told: Picture;
  readonly now: Picture;
  /** Shortly after a start, hosts are still to come back: what is not there is not gone. */
  readonly settling: boolean;
}

export function draft(
  kind: string,
  severity: EventSeverity,
  host: string | null,
  subject: string | null,
  message: string,
  details: Draft["details"] = {},
): Draft {
  return { kind, severity, host, subject, message, details };
}

/** The name people know a host by. */
export function nameIn({ told, now }: Pick<Moment, "told" | "now">, id: string): string {
  const one = now.get(hostKey(id)) ?? told.get(hostKey(id));
  return one?.kind === "host" ? one.name : id;
}

/** A subject that changed: as it was told, as it is. */
export interface Step {
  readonly key: string;
  readonly before: Known | null;
  readonly after: Known | null;
}

export function wording({ key, after }: Step): Change {
  return { key, events: [], known: [[key, after]], isWording: true };
}

export function step({ key, after }: Step, ...events: readonly Draft[]): Change {
  return { key, events, known: [[key, after]] };
}
