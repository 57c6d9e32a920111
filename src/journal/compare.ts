// What has happened between two moments: the picture that was told against the one that is. Pure.
import { type Change, draft, type Moment, nameIn, type Step, step, wording } from "./change.ts";
import { compareEndpoint } from "./compare-endpoint.ts";
import { compareHost } from "./compare-host.ts";
import { compareTunnels } from "./compare-tunnels.ts";
import type { Known, KnownBlocked, KnownProblem, KnownRelay } from "./known.ts";

/** Hosts first, then what is on and between them. What is to be told later is left out. */
export function compare(moment: Moment): readonly Change[] {
  const { told, now } = moment;
  const steps: Step[] = [];
  for (const [key, after] of now) {
    const before = told.get(key) ?? null;
    if (before !== after && !isSame(before, after)) steps.push({ key, before, after });
  }
  for (const [key, before] of told) if (!now.has(key)) steps.push({ key, before, after: null });
  const of = (kind: Known["kind"]): Step[] => steps.filter((step) => (step.after ?? step.before)?.kind === kind);
  return [
    ...of("host").flatMap((step) => compareHost(step, moment)),
    ...compareTunnels(of("tunnel"), moment),
    ...of("relay").flatMap((step) => compareRelay(step, moment)),
    ...compareEndpoint(of("endpoint"), moment),
    ...of("blocked").flatMap((step) => compareBlocked(step, moment)),
    ...of("problem").flatMap((step) => compareProblem(step, moment)),
  ];
}

function isSame(before: Known | null, after: Known): boolean {
  return before !== null && JSON.stringify(before) === JSON.stringify(after);
}

function compareRelay(one: Step, moment: Moment): readonly Change[] {
  const before = one.before as KnownRelay | null;
  const after = one.after as KnownRelay | null;
  const told = after ?? before;
  if (told === null) return [];
  const name = (id: string): string => nameIn(moment, id);
  const way = `frames of ${name(told.from)} for ${name(told.to)}`;
  const { from, to } = told;
  if (after === null) {
    if (moment.settling) return [];
    return [step(one, draft("relay/over", "info", from, to, `${way} go by their own tunnel again`, { from, to }))];
  }
  if (before?.by === after.by) return [wording(one)];
  const message = `${way} go by ${name(after.by)}: ${after.reason}`;
  return [step(one, draft("relay/in-use", "warning", from, to, message, { from, to, by: after.by }))];
}

function compareBlocked(one: Step, moment: Moment): readonly Change[] {
  const told = (one.after ?? one.before) as KnownBlocked;
  const { host, port } = told;
  const details = { host, port };
  if (one.after !== null) {
    const isNew = one.before === null;
    return [step(one, ...(isNew ? [draft("port/blocked", "error", host, port, told.reason, details)] : []))];
  }
  if (moment.settling) return [];
  const message = `${nameIn(moment, host)} port ${port} is not blocked any more: the loop is gone`;
  return [step(one, draft("port/unblocked", "info", host, port, message, details))];
}

/** Problems that are events of their own kind. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ["endpoint/duplicate-ip", "endpoint/duplicate"],
  ["endpoint/duplicate-mac", "endpoint/duplicate"],
  ["endpoint/flapping-ip", "endpoint/flapping"],
  ["endpoint/flapping-mac", "endpoint/flapping"],
  ["host/tampered", "tampering/repaired"],
  ["switch/tampered", "tampering/repaired"],
  ["host/tampered-left", "tampering/left"],
  ["switch/tampered-left", "tampering/left"],
]);

function compareProblem(one: Step, moment: Moment): readonly Change[] {
  const told = (one.after ?? one.before) as KnownProblem;
  const { code, host, remedy } = told;
  const name = host === null ? null : nameIn(moment, host);
  const message = name === null || told.message.includes(name) ? told.message : `${name}: ${told.message}`;
  const kind = KINDS.get(code) ?? "problem/raised";
  const isDeed = kind.startsWith("tampering/");
  if (one.after !== null) {
    // What is being mended is told when it is.
    if (one.before === null && isDeed && message.includes("being restored")) return [];
    if (one.before !== null) return [wording(one)];
    const severity = kind === "problem/raised" || isDeed ? "warning" : "error";
    return [step(one, draft(kind, severity, host, code, message, { code, remedy }))];
  }
  if (moment.settling) return [];
  if (isDeed) return [step(one)];
  return [step(one, draft("problem/cleared", "info", host, code, `over: ${message}`, { code }))];
}
