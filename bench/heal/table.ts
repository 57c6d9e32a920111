// The results as a table for people.
import { median } from "../harness/statistics.ts";
import type { Table } from "../harness/table.ts";
import type { Copies } from "./copies.ts";
import type { Silence } from "./probe.ts";
import type { Kind } from "./wire.ts";

export interface Measured {
  readonly name: string;
  /** From bare hosts to the first answer and the first broadcast. */
  readonly firstAnswerMs: number;
  readonly copies: Copies;
  readonly events: readonly {
    readonly name: string;
    readonly cuts: readonly Silence[];
    readonly returns: readonly Silence[];
  }[];
}

/** What is not over when nobody waits any longer is longer than that. */
function summary(silences: readonly Silence[], kind: Kind, giveUpMs: number): string {
  if (silences.length === 0) return "";
  const values = silences.map((one) => one[kind] ?? Number.POSITIVE_INFINITY);
  const show = (value: number): string =>
    Number.isFinite(value) ? value.toFixed(0) : `over ${(giveUpMs / 1000).toFixed(0)} s`;
  const [middle, best, worst] = [median(values), Math.min(...values), Math.max(...values)].map(show);
  return values.length === 1 ? `${middle}` : `${middle} (${best} to ${worst})`;
}

export function healTable(title: string, results: readonly Measured[], giveUpMs: number): Table {
  const header = [
    "",
    "first answer",
    "copies",
    "counted",
    "what",
    "cuts",
    "unicast",
    "broadcast",
    "lost at the return",
    "twice",
  ];
  const rows = results.flatMap(({ name, firstAnswerMs, copies, events }) =>
    events.map((event, at) => [
      at === 0 ? name : "",
      at === 0 ? firstAnswerMs.toFixed(0) : "",
      at === 0 ? (copies.captured?.toFixed(1) ?? "") : "",
      at === 0 ? copies.perBroadcast.toFixed(1) : "",
      event.name,
      `${event.cuts.length}`,
      summary(event.cuts, "unicast", giveUpMs),
      summary(event.cuts, "broadcast", giveUpMs),
      event.returns.length === 0 ? "" : `${event.returns.reduce((sum, { lost }) => sum + lost, 0)}`,
      `${[...event.cuts, ...event.returns].reduce((sum, { duplicates }) => sum + duplicates, 0)}`,
    ]),
  );
  return { title, header, rows };
}
