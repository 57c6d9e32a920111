// A host's flows, table by table, and its groups.
import type { FlowsView, FlowView } from "../views.ts";
import type { CsvField } from "./csv.ts";
import { paint, printable, type Style } from "./style.ts";

export const FLOW_FIELDS: readonly CsvField<FlowView>[] = [
  { name: "tableId", value: (flow) => flow.tableId },
  { name: "table", value: (flow) => flow.table },
  { name: "priority", value: (flow) => flow.priority },
  { name: "match", value: (flow) => flow.match },
  { name: "actions", value: (flow) => flow.actions },
  { name: "cookie", value: (flow) => flow.cookie },
  { name: "kind", value: (flow) => flow.kind },
  { name: "idleTimeoutSec", value: (flow) => flow.idleTimeoutSec },
  { name: "installed", value: (flow) => String(flow.installed) },
];

/** Long lines are left to the terminal: a flow is read and copied as one. */
export function flowsText(view: FlowsView, style: Style): string {
  const lines: string[] = [];
  let table: number | undefined;
  for (const flow of view.flows) {
    if (flow.tableId !== table) {
      if (table !== undefined) lines.push("");
      lines.push(paint(`table ${flow.tableId} ${printable(flow.table)}`, "strong", style));
      table = flow.tableId;
    }
    lines.push(flowLine(flow, style));
  }
  if (view.groups.length > 0) {
    if (lines.length > 0) lines.push("");
    lines.push(paint("groups", "strong", style));
    for (const group of view.groups) {
      lines.push(`  ${paint(printable(group.name), "good", style)}  ${printable(group.text)}`);
    }
  }
  if (lines.length === 0) lines.push(`${printable(view.host)} has no flows.`);
  return `${lines.join("\n")}\n`;
}

function flowLine(flow: FlowView, style: Style): string {
  const match = flow.match === "" ? "any" : printable(flow.match);
  const idle = flow.idleTimeoutSec > 0 ? ` idle=${flow.idleTimeoutSec}s` : "";
  const missing = flow.installed ? "" : paint(" (not installed)", "bad", style);
  const kind = paint(`[${printable(flow.kind)}${idle}]`, "dim", style);
  return `  ${String(flow.priority).padStart(5)}  ${match} -> ${printable(flow.actions)}  ${kind}${missing}`;
}
