// What people do to the fabric, and the controller's own beginning and end, as the journal tells them.
import type { Logger } from "pino";
import type { Queries } from "../api/views.ts";
import type { WeftConfig } from "../config/index.ts";
import { draft } from "../journal/change.ts";
import { Journal } from "../journal/journal.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { Reconfigured } from "./reconfigure.ts";

export function openJournal({ journal }: WeftConfig, log: Logger, timers: Timers): Journal {
  return new Journal({
    path: journal.file,
    maxBytes: journal.maxBytes,
    timers,
    wallClock: () => Date.now(),
    problemChanged: (problem) => {
      if (problem === null) log.info({ file: journal.file }, "the journal is written again");
      else log.error({ code: problem.code, remedy: problem.remedy }, problem.message);
    },
  });
}

const STOPPED = "controller/stopped";

export function tellOfStart(journal: Journal, version: string): void {
  const { last } = journal;
  const wasKilled = last !== null && last.kind !== STOPPED;
  const before = wasKilled ? "; the one before ended without a word" : "";
  const message = `the controller has started, version ${version}${before}`;
  const details = { version, unclean: wasKilled };
  journal.record([draft("controller/started", wasKilled ? "warning" : "info", null, null, message, details)]);
}

export function tellOfStop(journal: Journal): void {
  const message = "the controller stops; the hosts keep what they have";
  journal.record([draft(STOPPED, "info", null, null, message)]);
}

export function tellOfReload(journal: Journal, { applied, needsRestart }: Reconfigured): void {
  const parts = [
    ...(applied.length > 0 ? [`changed: ${applied.join(", ")}`] : []),
    ...(needsRestart.length > 0 ? [`needs a restart: ${needsRestart.join(", ")}`] : []),
  ];
  const message = `the configuration was read again; ${parts.length === 0 ? "nothing has changed" : parts.join("; ")}`;
  const details = { applied: applied.join(" "), needsRestart: needsRestart.join(" ") };
  journal.record([draft("configuration/reloaded", "info", null, null, message, details)]);
}

/** The same queries; what is ordered by them is told once it is done. */
export function journalled(queries: Queries, journal: Journal): Queries {
  const tell = (kind: string, host: string, message: string): void =>
    journal.record([draft(kind, "info", host, null, message)]);
  return {
    ...queries,
    // What is refused at once is thrown, as by the queries themselves.
    adoptHost: (host, options) =>
      queries.adoptHost(host, options).then((said) => {
        tell("host/adopt-ordered", host, `somebody has ordered ${host} to be taken over`);
        return said;
      }),
    releaseHost: (host) =>
      queries.releaseHost(host).then((said) => {
        tell("host/released", host, `${host} was handed back at somebody's word`);
        return said;
      }),
    approveHost(id) {
      queries.approveHost(id);
      tell("host/approved", id, `somebody has approved ${id}`);
    },
    forgetHost(host) {
      queries.forgetHost(host);
      tell("host/forget-ordered", host, `somebody has ordered ${host} to be forgotten`);
    },
  };
}
