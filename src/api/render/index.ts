// An answer as text: a table for people, JSON for programs, CSV for spreadsheets.
import { WeftError } from "../../../proto/bytes/errors.ts";
import type { Answer } from "../answer.ts";
import { CHECK_FIELDS, checkText } from "./check.ts";
import { renderCsv } from "./csv.ts";
import { doctorText, FINDING_FIELDS } from "./doctor.ts";
import { topologyDot } from "./dot.ts";
import { DRIFT_FIELDS, driftRows, driftText } from "./drift.ts";
import { EVENT_FIELDS, eventsText } from "./events.ts";
import { FLOW_FIELDS, flowsText } from "./flows.ts";
import { renderJson } from "./json.ts";
import { ENDPOINTS, HOSTS, type ListRendering, NETWORKS, PORTS, TUNNELS } from "./lists.ts";
import { topologyMermaid } from "./mermaid.ts";
import { type HostNames, withHostNames } from "./names.ts";
import { nobodyText } from "./nobody.ts";
import { applyText, PLAN_FIELDS, planRows, planText } from "./plan.ts";
import { problemLines } from "./problems.ts";
import { RATE_FIELDS, rateRows, ratesText } from "./rates.ts";
import { RELOAD_FIELDS, reloadRows, reloadText } from "./reload.ts";
import { statusCsv, statusText } from "./status.ts";
import { PLAIN, type Style } from "./style.ts";
import { tableLines } from "./table.ts";
import { topologyText } from "./topology.ts";
import { traceText } from "./trace.ts";
import { topologyTree } from "./tree.ts";
import { PLACE_FIELDS, whereText } from "./where.ts";

export { type HostNames, namesOf } from "./names.ts";
export { PLAIN, type Style } from "./style.ts";

/** The last three are drawings of the topology. */
export const FORMATS = ["table", "json", "csv", "tree", "dot", "mermaid"] as const;
export type Format = (typeof FORMATS)[number];

/**
 * Ends with a newline. Tables show hosts by their names where `names` has them, JSON and CSV by their ids.
 * @param uptimeSec of the controller, where it matters that it has just started
 * @throws WeftError `format/unsupported` where an answer is no list and CSV is asked for.
 */
export function render(
  given: Answer,
  format: Format,
  style: Style = PLAIN,
  names: HostNames = new Map(),
  uptimeSec?: number,
): string {
  if (format === "json") return renderJson(given.view);
  if (isPicture(format)) return picture(given, format, style);
  const answer = format === "table" ? withHostNames(given, names) : given;
  switch (answer.kind) {
    case "hosts":
      return renderList({ ...HOSTS, empty: nobodyText(uptimeSec) }, answer.view, format, style);
    case "tunnels":
      return renderList(TUNNELS, answer.view, format, style);
    case "ports":
      return renderList(PORTS, answer.view, format, style);
    case "endpoints":
      return renderList(ENDPOINTS, answer.view, format, style);
    case "networks":
      return renderList(NETWORKS, answer.view, format, style);
    case "flows":
      return format === "csv" ? renderCsv(FLOW_FIELDS, answer.view.flows) : flowsText(answer.view, style);
    case "plan":
      return format === "csv" ? renderCsv(PLAN_FIELDS, planRows(answer.view)) : planText(answer.view, style);
    case "apply":
      return format === "csv" ? renderCsv(PLAN_FIELDS, planRows(answer.view.plan)) : applyText(answer.view, style);
    case "doctor":
      return format === "csv" ? renderCsv(FINDING_FIELDS, answer.view) : doctorText(answer.view, style);
    case "drift":
      return format === "csv" ? renderCsv(DRIFT_FIELDS, driftRows(answer.view)) : driftText(answer.view, style);
    case "events":
      return format === "csv" ? renderCsv(EVENT_FIELDS, answer.view) : eventsText(answer.view, style);
    case "rates":
      return format === "csv" ? renderCsv(RATE_FIELDS, rateRows(answer.view)) : ratesText(answer.view, style, names);
    case "where":
      return format === "csv" ? renderCsv(PLACE_FIELDS, answer.view.places) : whereText(answer.view, style, names);
    case "status":
      return format === "csv" ? statusCsv(answer.view) : statusText(answer.view, style);
    case "topology":
      if (format === "csv") throw noCsv("topology", "ask for hosts, tunnels, networks or endpoints one by one");
      return topologyText(answer.view, style, uptimeSec);
    case "check":
      return format === "csv" ? renderCsv(CHECK_FIELDS, answer.view.paths) : checkText(answer.view, style);
    case "check/progress":
      return `${answer.view.done} of ${answer.view.of} probes sent\n`;
    case "trace":
      if (format === "csv") throw noCsv("a trace", "read it as text");
      return traceText(answer.view, style);
    case "reload":
      return format === "csv" ? renderCsv(RELOAD_FIELDS, reloadRows(answer.view)) : reloadText(answer.view);
    case "version":
      return format === "csv"
        ? `name,version\n${answer.view.name},${answer.view.version}\n`
        : `${answer.view.name} ${answer.view.version}\n`;
  }
}

function isPicture(format: Format): format is "tree" | "dot" | "mermaid" {
  return format === "tree" || format === "dot" || format === "mermaid";
}

function picture({ kind, view }: Answer, format: "tree" | "dot" | "mermaid", style: Style): string {
  if (kind !== "topology") {
    throw new WeftError("format/unsupported", `only the topology has a form as ${format}, and this is ${kind}`);
  }
  if (format === "tree") return topologyTree(view, style);
  return format === "dot" ? topologyDot(view) : topologyMermaid(view);
}

function noCsv(what: string, remedy: string): WeftError {
  return new WeftError("format/unsupported", `${what} is not a list and has no CSV form: ${remedy}, or use --json`);
}

function renderList<Row>(
  list: ListRendering<Row>,
  rows: readonly Row[],
  format: "table" | "csv",
  style: Style,
): string {
  if (format === "csv") return renderCsv(list.fields, rows);
  if (rows.length === 0) return `${list.empty}\n`;
  const lines = [...tableLines(list.columns, rows, style), ...problemLines(list.problems?.(rows) ?? [], style)];
  return `${lines.join("\n")}\n`;
}
