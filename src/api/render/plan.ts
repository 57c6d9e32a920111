// What another configuration would change, for people: keys, traffic, then host by host.
import type { ApplyView, HostPlanView, PlanChangeView, PlanCountView, PlanView } from "../plan-views.ts";
import type { CsvField } from "./csv.ts";
import { paint, printable, type Style, wrap } from "./style.ts";
import { type Column, tableLines } from "./table.ts";

type Row = PlanChangeView & { readonly host: string };

export const PLAN_FIELDS: readonly CsvField<Row>[] = [
  { name: "host", value: (row) => row.host },
  { name: "what", value: (row) => row.what },
  { name: "deed", value: (row) => row.deed },
  { name: "text", value: (row) => row.text },
];

export function planRows({ hosts }: PlanView): readonly Row[] {
  return hosts.flatMap(({ host, changes }) => changes.map((change) => ({ host, ...change })));
}

function counts({ added, changed, removed }: PlanCountView): string {
  const parts = [
    ...(added === 0 ? [] : [`+${added}`]),
    ...(changed === 0 ? [] : [`~${changed}`]),
    ...(removed === 0 ? [] : [`-${removed}`]),
  ];
  return parts.join(" ");
}

const COLUMNS: readonly Column<HostPlanView>[] = [
  { title: "HOST", value: (plan) => plan.host, shrinkTo: 12, tone: () => "strong" },
  { title: "ROWS", value: (plan) => counts(plan.rows) },
  { title: "FLOWS", value: (plan) => counts(plan.flows) },
  { title: "GROUPS", value: (plan) => counts(plan.groups) },
  { title: "METERS", value: (plan) => counts(plan.meters) },
];

/** On a large fabric most hosts are told alike: the others are counted. */
const HOSTS_SHOWN = 24;

/** @param verbose one by one, and not only how many. */
export function planText(view: PlanView, style: Style, verbose = false): string {
  const { applied, needsRestart, touches, hosts } = view;
  if (applied.length + needsRestart.length === 0) return "nothing would change\n";
  const lines: string[] = [];
  const keys = (words: string, names: readonly string[]): void => {
    if (names.length > 0) lines.push(...wrap(`${words}: ${names.map(printable).join(", ")}`, style.width));
  };
  keys("in force at once", applied);
  keys("after a restart of the controller alone", needsRestart);
  if (touches.length > 0) {
    lines.push("", paint("Traffic", "strong", style));
    const width = style.width === null ? null : Math.max(20, style.width - 4);
    for (const text of touches) {
      wrap(printable(text), width).forEach((part, at) => void lines.push(`${at === 0 ? "- " : "  "}${part}`));
    }
  }
  if (hosts.length > 0) {
    lines.push("", `${paint("Hosts", "strong", style)} (+ added, ~ changed, - removed)`);
    lines.push(...tableLines(COLUMNS, hosts.slice(0, HOSTS_SHOWN), style));
    if (hosts.length > HOSTS_SHOWN) lines.push(`${hosts.length - HOSTS_SHOWN} more: --json`);
  } else if (applied.length > 0) lines.push("", "No host and no switch is written to.");
  if (verbose) for (const host of hosts) lines.push("", ...detail(host, style));
  return `${lines.join("\n")}\n`;
}

const MARKS = { add: "+", change: "~", remove: "-" } as const;
const TONES = { add: "good", change: "warn", remove: "bad" } as const;

/** Long lines are left to the terminal: a flow is read and copied as one. */
function detail({ host, changes, omitted }: HostPlanView, style: Style): readonly string[] {
  return [
    paint(printable(host), "strong", style),
    ...changes.map(
      ({ deed, what, text }) => `  ${paint(MARKS[deed], TONES[deed], style)} ${what.padEnd(5)}  ${printable(text)}`,
    ),
    ...(omitted === 0 ? [] : [`  and ${omitted} more`]),
  ];
}

export function applyText({ plan, file, backup }: ApplyView, style: Style): string {
  const kept =
    backup === null
      ? `${printable(file)} says the same already.`
      : `${printable(file)} is written; what it said before: ${printable(backup)}`;
  return `${planText(plan, style)}\n${kept}\n`;
}
