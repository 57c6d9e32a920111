// What differs from intent, host by host, in the words of ovs-ofctl.
import type { DeviationView, DriftView } from "../doctor-views.ts";
import type { CsvField } from "./csv.ts";
import { paint, printable, type Style, type Tone } from "./style.ts";

type Row = DeviationView & { readonly host: string };

export const DRIFT_FIELDS: readonly CsvField<Row>[] = [
  { name: "host", value: (row) => row.host },
  { name: "what", value: (row) => row.what },
  { name: "state", value: (row) => row.state },
  { name: "wanted", value: (row) => row.wanted },
  { name: "held", value: (row) => row.held },
  { name: "foreign", value: (row) => String(row.foreign) },
];

export function driftRows(hosts: readonly DriftView[]): readonly Row[] {
  return hosts.flatMap(({ host, deviations }) => deviations.map((one) => ({ host, ...one })));
}

const TONES: Readonly<Record<DeviationView["state"], Tone>> = { missing: "bad", extra: "warn", changed: "warn" };
/** More of one host are counted. */
const SHOWN = 32;

/** Long lines are left to the terminal: a flow is read and copied as one. */
export function driftText(hosts: readonly DriftView[], style: Style): string {
  const lines: string[] = [];
  for (const { host, reason, deviations } of hosts) {
    if (deviations.length === 0 && reason === null) continue;
    const count =
      deviations.length === 0 ? "" : `: ${deviations.length} ${deviations.length === 1 ? "difference" : "differences"}`;
    const partly = reason === null ? "" : ` (not all could be compared: ${printable(reason)})`;
    lines.push(`${paint(printable(host), "strong", style)}${count}${partly}`);
    for (const one of deviations.slice(0, SHOWN)) lines.push(...deviationLines(one, style));
    if (deviations.length > SHOWN)
      lines.push(`  ${deviations.length - SHOWN} more: weft drift ${printable(host)} --json`);
  }
  const total = hosts.reduce((sum, { deviations }) => sum + deviations.length, 0);
  if (total === 0) lines.push(nothingFound(hosts));
  return `${lines.join("\n")}\n`;
}

/** What was not compared may differ. */
function nothingFound(hosts: readonly DriftView[]): string {
  if (hosts.length === 0) return "No host is known.";
  const partly = hosts.filter(({ reason }) => reason !== null).length;
  if (partly === 0) return "Nothing differs from intent.";
  return `Nothing that could be compared differs from intent; of ${partly} of ${hosts.length} hosts not all could be.`;
}

function deviationLines({ what, state, wanted, held, foreign }: DeviationView, style: Style): readonly string[] {
  const owner = foreign ? " of somebody else's" : "";
  const head = `  ${paint(state.padEnd(7), TONES[state], style)} ${what}${owner}`;
  if (wanted === null || held === null) return [`${head}  ${printable(wanted ?? held ?? "")}`];
  return [head, `      is      ${printable(held)}`, `      should  ${printable(wanted)}`];
}
