// What has happened, one event after the other: the message is what is read, and is never cut.
import type { EventView } from "../event-views.ts";
import type { CsvField } from "./csv.ts";
import { pad, paint, printable, type Style, type Tone, widthOf, wrap } from "./style.ts";

export const EVENT_FIELDS: readonly CsvField<EventView>[] = [
  { name: "seq", value: (event) => event.seq },
  { name: "at", value: (event) => event.at },
  { name: "kind", value: (event) => event.kind },
  { name: "severity", value: (event) => event.severity },
  { name: "host", value: (event) => event.host },
  { name: "subject", value: (event) => event.subject },
  { name: "message", value: (event) => event.message },
];

const TONES: Readonly<Record<EventView["severity"], Tone | undefined>> = {
  info: undefined,
  warning: "warn",
  error: "bad",
};

/** Kinds of one answer stand under each other; those of an event that comes later may be longer. */
const KIND_WIDTH = 18;
const GAP = 2;
const NARROW = 72;

/** `2026-01-31 23:59:00Z`. */
export function moment(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;
}

export function eventsText(events: readonly EventView[], style: Style): string {
  if (events.length === 0) return "Nothing of the kind is in the journal.\n";
  return `${eventLines(events, style).join("\n")}\n`;
}

export function eventLines(events: readonly EventView[], style: Style): readonly string[] {
  const { width } = style;
  const kinds = events.reduce((widest, { kind }) => Math.max(widest, widthOf(printable(kind))), KIND_WIDTH);
  const isNarrow = width !== null && width < NARROW;
  return events.flatMap((event) => {
    const time = paint(moment(printable(event.at)), "dim", style);
    const kind = paint(pad(printable(event.kind), isNarrow ? 0 : kinds), TONES[event.severity], style);
    const indent = isNarrow ? GAP : moment(event.at).length + kinds + 2 * GAP;
    const parts = wrap(printable(event.message), width === null ? null : Math.max(20, width - indent));
    const gap = " ".repeat(GAP);
    const space = " ".repeat(indent);
    if (isNarrow) return [`${time}${gap}${kind}`, ...parts.map((part) => `${space}${part}`)];
    return parts.map((part, at) => (at === 0 ? `${time}${gap}${kind}${gap}${part}` : `${space}${part}`));
  });
}
