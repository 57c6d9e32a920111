// A trace for people: a sentence, then switch by switch what the frame met and why.
import type { TraceHopView, TraceOutputView, TraceStepView, TraceView } from "../trace-views.ts";
import { paint, printable, type Style, type Tone, wrap } from "./style.ts";

/** `brief`: a line for each switch. `verbose`: every flow as well. */
export type TraceDetail = "brief" | "normal" | "verbose";

const TONES: Readonly<Record<TraceView["verdict"], Tone>> = {
  delivered: "good",
  answered: "good",
  flooded: "good",
  dropped: "bad",
  lost: "bad",
  unknown: "warn",
};

/** Whether the frame gets to whom it is for. */
export function isDelivered({ verdict }: TraceView): boolean {
  return TONES[verdict] === "good";
}

export function traceText(view: TraceView, style: Style, detail: TraceDetail = "normal"): string {
  const lines = [...folded(view.summary, "", style, TONES[view.verdict])];
  if (detail !== "brief") {
    lines.push("");
    for (const [title, text] of [
      ["from", view.from],
      ["to", view.to],
      [view.live ? "probe" : "frame", view.frame],
    ] as const) {
      lines.push(...folded(text, " ".repeat(LABEL), style, undefined, title.padEnd(LABEL)));
    }
  }
  lines.push("");
  for (const hop of view.hops) lines.push(...hopLines(hop, view, style, detail));
  if (view.notes !== undefined && view.notes.length > 0) {
    lines.push("", paint("Notes", "strong", style));
    for (const note of view.notes) lines.push(...folded(note, "  ", style, undefined, "- "));
  }
  return `${lines.join("\n")}\n`;
}

const LABEL = 7;
const LEAST_WIDTH = 30;

/** @param lead what the first line begins with; the others are indented as far as `indent`. */
function folded(text: string, indent: string, style: Style, tone?: Tone, lead = ""): readonly string[] {
  const width = style.width === null ? null : Math.max(LEAST_WIDTH, style.width - Math.max(indent.length, lead.length));
  return wrap(printable(text), width).map((line, at) => paint(`${at === 0 ? lead : indent}${line}`, tone, style));
}

function nameOf(view: TraceView, id: string): string {
  return view.names?.[id] ?? id;
}

function hopLines(hop: TraceHopView, view: TraceView, style: Style, detail: TraceDetail): readonly string[] {
  const from = hop.fromHost === null ? "" : ` from ${nameOf(view, hop.fromHost)}`;
  const when = view.live ? `  ${seenText(hop)}` : "";
  const title = `${nameOf(view, hop.host)}, in by ${hop.inPort}${from}${when}`;
  const outs = hop.outputs.map((output) => outText(output, view));
  if (detail === "brief") {
    const what = outs.length === 0 ? `dropped: ${hop.dropped ?? ""}` : outs.join("; ");
    return folded(`${title}: ${what}`, "  ", style);
  }
  return [
    ...folded(title, "  ", style, "strong"),
    ...hop.steps.flatMap((step) => stepLines(step, style, detail)),
    ...outs.flatMap((text, at) => folded(text, "     ", style, toneOf(hop.outputs[at]), "  => ")),
    ...(hop.dropped === null ? [] : folded(`dropped: ${hop.dropped}`, "     ", style, "bad", "  => ")),
  ];
}

function toneOf(output: TraceOutputView | undefined): Tone | undefined {
  if (output === undefined) return undefined;
  return output.arrives ? (output.toHost === null ? "good" : undefined) : "bad";
}

function seenText({ seenUs }: TraceHopView): string {
  return seenUs === null ? "(not seen)" : `(seen after ${(seenUs / 1000).toFixed(2)} ms)`;
}

function outText({ port, toHost, arrives, reason }: TraceOutputView, view: TraceView): string {
  const where = toHost === null ? `port ${port}` : `${port} to ${nameOf(view, toHost)}`;
  if (arrives) return toHost === null ? `${where}: delivered` : where;
  return `${where}: lost, ${reason ?? "nobody knows why"}`;
}

const TABLE_WIDTH = 14;

function stepLines(step: TraceStepView, style: Style, detail: TraceDetail): readonly string[] {
  const isGroup = step.priority === null && step.cookie === null && step.match === "" && step.actions !== "drop";
  const number = isGroup ? "" : String(step.tableId);
  const head = `  ${number.padStart(2)} ${step.table.padEnd(TABLE_WIDTH)} `;
  const indent = " ".repeat(head.length);
  const lines = [...folded(`${isGroup ? `${step.actions}: ` : ""}${step.reason}`, indent, style, undefined, head)];
  if (detail !== "verbose" || isGroup || step.priority === null) return lines;
  const match = step.match === "" ? "any" : step.match;
  // A flow is read and copied as one: it is not broken.
  lines.push(paint(`${indent}${step.priority} ${printable(match)} -> ${printable(step.actions)}`, "dim", style));
  return lines;
}
