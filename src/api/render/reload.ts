// What a reload has changed, as text.
import type { ReloadView } from "../views.ts";
import type { CsvField } from "./csv.ts";

interface Row {
  readonly key: string;
  readonly state: "applied" | "needs restart";
}

export const RELOAD_FIELDS: readonly CsvField<Row>[] = [
  { name: "key", value: (row) => row.key },
  { name: "state", value: (row) => row.state },
];

export function reloadRows({ applied, needsRestart }: ReloadView): readonly Row[] {
  return [
    ...applied.map((key): Row => ({ key, state: "applied" })),
    ...needsRestart.map((key): Row => ({ key, state: "needs restart" })),
  ];
}

export function reloadText({ applied, needsRestart }: ReloadView): string {
  const lines: string[] = [];
  if (applied.length > 0) lines.push(`applied: ${applied.join(", ")}`);
  if (needsRestart.length > 0) lines.push(`needs a restart of the controller: ${needsRestart.join(", ")}`);
  return `${lines.length === 0 ? "nothing has changed" : lines.join("\n")}\n`;
}
