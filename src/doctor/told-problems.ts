// What `weft hosts` and `weft status` tell anyway, ranked, with the command out of its remedy.

import type { FindingSeverity } from "../api/doctor-views.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { isOneCommand, shellWord, withoutQuoted } from "../model/shell-word.ts";
import type { Examined, Finding } from "./examined.ts";

/** Told better by a family of its own. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  "endpoint/duplicate-ip",
  "endpoint/duplicate-mac",
  "endpoint/flapping-ip",
  "endpoint/flapping-mac",
  "host/tunnels-down",
  "port/mtu",
  "switch/foreign-flows",
]);

/** All others are warnings. */
const SEVERITIES: Readonly<Record<string, FindingSeverity>> = {
  "controller/fault": "critical",
  "endpoint/duplicate-ip": "critical",
  "endpoint/duplicate-mac": "critical",
  "endpoint/flapping-ip": "critical",
  "endpoint/flapping-mac": "critical",
  "host/connected-twice": "note",
  "host/duplicate-id": "critical",
  "host/holding": "note",
  "host/no-index": "critical",
  "host/no-openflow-listener": "critical",
  "host/plan-failed": "critical",
  "host/released": "note",
  "host/transaction-failed": "critical",
  "host/tunnels-down": "critical",
  "host/tunnel-ip": "critical",
  "host/tunnel-ip-taken": "critical",
  "port/error": "critical",
  "port/link": "note",
  "port/locked-silent": "note",
  // One host's underlay is the usual cause of many.
  "port/mtu": "note",
  "port/outside-loop": "critical",
  "port/patch": "note",
  "port/unknown": "note",
  "switch/refused": "critical",
  "tls/expires": "warning",
};

export function severityOf(code: string): FindingSeverity {
  return (Object.hasOwn(SEVERITIES, code) ? SEVERITIES[code] : undefined) ?? "warning";
}

export function toldFindings(examined: Examined): readonly Finding[] {
  return findingsOf(examined, ({ isOver }) => isOver !== true);
}

/** Of what is put right already: it comes after what is to be mended. */
export function overFindings(examined: Examined): readonly Finding[] {
  return findingsOf(examined, ({ isOver }) => isOver === true);
}

function findingsOf({ hosts, problems }: Examined, isMeant: (problem: Diagnostic) => boolean): readonly Finding[] {
  const found: Finding[] = [];
  const tell = (host: string | null, port: string | null, problem: Diagnostic): void => {
    if (isMeant(problem)) found.push(...ofProblem(host, port, problem));
  };
  for (const { host, problems: own, foreignFlows, foreignUntold } of hosts) {
    const portOf = new Map<Diagnostic, string>();
    for (const port of host.ports) {
      for (const problem of [...port.fact.problems, ...port.problems]) portOf.set(problem, port.fact.name);
      const { excluded } = port.fact;
      if (excluded === null) continue;
      portOf.set(excluded, port.fact.name);
      tell(host.id, port.fact.name, excluded);
    }
    const told = withoutForeignFlows(own, foreignFlows.length + foreignUntold);
    for (const problem of told) tell(host.id, portOf.get(problem) ?? null, problem);
  }
  for (const problem of problems) tell(null, null, problem);
  return found;
}

/** Flows of others that are there are told as such: that somebody put them there says the same again. */
export function withoutForeignFlows<P extends { readonly code: string }>(
  problems: readonly P[],
  foreign: number,
): readonly P[] {
  return foreign === 0 ? problems : problems.filter(({ code }) => code !== "switch/tampered-left");
}

function ofProblem(host: string | null, port: string | null, problem: Diagnostic): readonly Finding[] {
  const { code, message, remedy, subject } = problem;
  if (TOLD_ELSEWHERE.has(code)) return [];
  const severity = severityOf(code);
  return [
    {
      ...{ code, severity, host, subject: subject ?? port ?? subjectIn(message) },
      ...{ message, remedy, command: problem.command ?? commandIn(remedy, host) },
    },
  ];
}

const NAMED =
  /\b(?:tunnel|port|bridge|table|fail_mode of|STP of|controller of|control of) (?!(?:of|to|on|in|is|was|that|and|or|for|has)\b)([\w.-]+)/;

/** A port, a bridge, a MAC or an address, where the words name one. */
function subjectIn(message: string): string | null {
  const named = NAMED.exec(message)?.[1];
  const mac = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/.exec(message)?.[0];
  return named ?? mac ?? /\b\d{1,3}(?:\.\d{1,3}){3}\b/.exec(message)?.[0] ?? null;
}

const COMMAND =
  /(?:^|: |; |or )((?:weft|ovs-vsctl|ovs-ofctl|ip|chmod) [^;]+?)(?=$|;|, | \(| makes | lists | shows | tells )/;
/** What a person has to fill in; `HOST` is known. */
const BLANK = /\b(?:ADDRESS|BRIDGE|CONTROLLER|FILE|ID|MATCH|NAME|PORT|set-ssl)\b|aa:bb:cc:dd:ee:ff|192\.0\.2\./;

/** The command that a remedy names, where it can be run as it stands. Within a quoted name there is none. */
export function commandIn(remedy: string, host: string | null): string | null {
  const found = COMMAND.exec(withoutQuoted(remedy));
  const text = found?.[1];
  if (found === null || text === undefined) return null;
  const at = found.index + found[0].length - text.length;
  const command = remedy
    .slice(at, at + text.length)
    .trim()
    .replace(/\bHOST\b/, () => (host === null ? "HOST" : shellWord(host)));
  if (BLANK.test(command) || /\bHOST\b/.test(command)) return null;
  return isOneCommand(command) ? command : null;
}
