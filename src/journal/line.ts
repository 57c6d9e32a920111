// A line of the journal's file: an event, and what was known once it was told. Both directions stand here.
import type { EventView } from "../api/event-views.ts";
import { type Known, readKnown } from "./known.ts";

export interface Line {
  readonly event: EventView | null;
  /** null takes away. */
  readonly known: readonly (readonly [string, Known | null])[];
  /** Whether `known` is all there is (`cut`: or would be, if there were room), and not what has changed. */
  readonly whole: "all" | "cut" | null;
}

const VERSION = 1;

/** Ends with a newline. */
export function writeLine(line: Line): string {
  const { event, known, whole } = line;
  const text =
    whole === null
      ? { ...event, ...(known.length === 0 ? {} : { told: known }) }
      : { weftJournal: VERSION, cut: whole === "cut", known };
  return `${JSON.stringify(text)}\n`;
}

/** null for what is no such line, such as half a one. */
export function readLine(text: string): Line | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  if (value.weftJournal !== undefined) {
    if (value.weftJournal !== VERSION) return null;
    return { event: null, known: readAll(value.known), whole: value.cut === true ? "cut" : "all" };
  }
  const event = value.seq === undefined ? null : readEvent(value);
  if (value.seq !== undefined && event === null) return null;
  return { event, known: readAll(value.told), whole: null };
}

function readAll(value: unknown): Line["known"] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry): [string, Known | null][] => {
    if (!Array.isArray(entry) || typeof entry[0] !== "string") return [];
    const [key, known] = entry;
    if (known === null) return [[key, null]];
    const read = readKnown(known);
    return read === null ? [] : [[key, read]];
  });
}

function readEvent(value: Readonly<Record<string, unknown>>): EventView | null {
  const { seq, at, kind, severity, host, subject, message, details } = value;
  if (!Number.isSafeInteger(seq) || typeof at !== "string" || Number.isNaN(Date.parse(at))) return null;
  if (typeof kind !== "string" || typeof message !== "string") return null;
  if (severity !== "info" && severity !== "warning" && severity !== "error") return null;
  if (!isNameOrNull(host) || !isNameOrNull(subject) || !isDetails(details)) return null;
  return Object.freeze({ seq: seq as number, at, kind, severity, host, subject, message, details });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNameOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isDetails(value: unknown): value is EventView["details"] {
  if (!isRecord(value)) return false;
  return Object.values(value).every((one) => one === null || ["string", "number", "boolean"].includes(typeof one));
}
