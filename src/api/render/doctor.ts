// Findings for people: the worst first, each with where it is, what is wrong, what to do and the command.
import type { FindingSeverity, FindingView } from "../doctor-views.ts";
import type { CsvField } from "./csv.ts";
import { paint, printable, type Style, type Tone, wrap } from "./style.ts";

export const FINDING_FIELDS: readonly CsvField<FindingView>[] = [
  { name: "severity", value: (finding) => finding.severity },
  { name: "code", value: (finding) => finding.code },
  { name: "host", value: (finding) => finding.host },
  { name: "subject", value: (finding) => finding.subject },
  { name: "message", value: (finding) => finding.message },
  { name: "remedy", value: (finding) => finding.remedy },
  { name: "command", value: (finding) => finding.command },
];

const TONES: Readonly<Record<FindingSeverity, Tone>> = { critical: "bad", warning: "warn", note: "dim" };
const SEVERITIES: readonly FindingSeverity[] = ["critical", "warning", "note"];
/** Of one code more are counted: on a large fabric one fault shows at many places. */
const MAX_OF_CODE = 8;

export function doctorText(findings: readonly FindingView[], style: Style): string {
  const lines = SEVERITIES.flatMap((severity) => {
    const own = findings.filter((one) => one.severity === severity);
    return own.length === 0 ? [] : [...severityLines(severity, own, style), ""];
  });
  return `${[...lines, verdict(findings)].join("\n")}\n`;
}

function severityLines(severity: FindingSeverity, findings: readonly FindingView[], style: Style): readonly string[] {
  const counts = new Map<string, number>();
  const lines: string[] = [];
  for (const finding of findings) {
    const count = (counts.get(finding.code) ?? 0) + 1;
    counts.set(finding.code, count);
    if (count <= MAX_OF_CODE) lines.push(...findingLines(finding, style));
  }
  for (const [code, count] of counts) {
    if (count > MAX_OF_CODE) lines.push(`  ${count - MAX_OF_CODE} more of ${printable(code)}: weft doctor --json`);
  }
  return [paint(severity.toUpperCase(), TONES[severity], style), ...lines];
}

function findingLines(finding: FindingView, style: Style): readonly string[] {
  const { code, severity, message, remedy, command } = finding;
  const width = style.width === null ? null : Math.max(20, style.width - 4);
  const place = [finding.host, finding.subject].flatMap((part) => (part === null ? [] : [printable(part)])).join(" ");
  const head = paint(place === "" ? "the fabric" : place, "strong", style);
  const lines = [`${paint("!", TONES[severity], style)} ${head}  ${paint(`(${printable(code)})`, "dim", style)}`];
  for (const part of wrap(printable(message), width)) lines.push(`    ${part}`);
  for (const part of wrap(printable(remedy), width)) lines.push(`    ${paint(part, "dim", style)}`);
  // To be copied: it is never broken.
  if (command !== null) {
    const where = finding.host === null || isWeft(command) ? "" : `on ${printable(finding.host)}: `;
    lines.push(`    ${where}${paint(`$ ${printable(command)}`, "good", style)}`);
  }
  return lines;
}

/** It asks the controller: any machine where `weft` reaches it will do. */
function isWeft(command: string): boolean {
  return command.startsWith("weft ");
}

function verdict(findings: readonly FindingView[]): string {
  if (findings.length === 0) return "Nothing is odd.";
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    if (count === 0) return [];
    return [severity === "critical" ? `${count} critical` : `${count} ${severity}${count === 1 ? "" : "s"}`];
  });
  const isWell = findings.every(({ severity }) => severity === "note");
  return `${isWell ? "Nothing is wrong: " : ""}${counts.join(", ")}.`;
}
