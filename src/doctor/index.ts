// The doctor: everything that is odd, on the fabric and on each host, the worst first. Pure.
import type { FindingSeverity } from "../api/doctor-views.ts";
import { bridgeFindings } from "./bridge.ts";
import { connectionFindings } from "./connections.ts";
import { duplicateFindings } from "./duplicates.ts";
import type { Examined, Finding } from "./examined.ts";
import { flowFindings } from "./flows.ts";
import { portNumberFindings } from "./port-numbers.ts";
import { portFindings } from "./ports.ts";
import { softwareFindings } from "./software.ts";
import { overFindings, severityOf, toldFindings } from "./told-problems.ts";
import { tunnelFindings } from "./tunnels.ts";
import { underlayFindings } from "./underlay.ts";

export type { Examined, ExaminedHost, Finding } from "./examined.ts";
export { withoutForeignFlows } from "./told-problems.ts";

const FAMILIES = [
  connectionFindings,
  bridgeFindings,
  tunnelFindings,
  underlayFindings,
  duplicateFindings,
  flowFindings,
  portFindings,
  portNumberFindings,
  toldFindings,
  softwareFindings,
] as const;

const RANK: Readonly<Record<FindingSeverity, number>> = { critical: 0, warning: 1, note: 2 };

/** Sorted by severity, what is put right already after the rest of its own; then by code, host and subject. Each once. */
export function examine(examined: Examined): readonly Finding[] {
  const over = new Set(overFindings(examined));
  const textOf = (one: Finding): string =>
    JSON.stringify([RANK[one.severity], over.has(one) ? 1 : 0, one.code, one.host, one.subject, one.message]);
  const all = [...FAMILIES.flatMap((family) => family(examined)), ...over];
  const found = new Map(all.map((one) => [textOf(one), one]));
  return [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, finding]) => finding);
}

/** Findings of one key are the same trouble, whatever words tell it at the moment. */
export function findingKey({ code, host, subject, message }: Finding): string {
  return JSON.stringify([code, host, subject ?? message]);
}

/** What may be gone in a moment, as when a tunnel has just been made, and so is worth a second look. */
export function isPassing({ code }: Finding): boolean {
  return (
    code.startsWith("tunnel/") ||
    code.startsWith("bridge/") ||
    code === "host/tunnels-deaf" ||
    // A port has just come, or got another number.
    code === "port/number" ||
    code === "host/no-openflow"
  );
}

/** Problems in the order in which they are to be looked at; among equals as they were. */
export function worstFirst<P extends { readonly code: string }>(problems: readonly P[]): readonly P[] {
  return [...problems].sort((a, b) => RANK[severityOf(a.code)] - RANK[severityOf(b.code)]);
}
