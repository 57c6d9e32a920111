// What others have done to a host or its switch, as a person reads it: in words, with the time, for a while.
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Drift } from "./drift.ts";
import type { Timers } from "./timers.ts";

/** What comes within so long of the last deed is part of the same incident. */
const SAME_MS = 2_000;
const KEPT_MS = 15 * 60_000;
const MAX_KEPT = 5;
/** Of one incident; a switch may show as many groups of names of their own as there are numbers. */
const MAX_NAMED = 32;

interface Deed {
  /** Of one kind of deed at several places. */
  readonly words: (count: number, places: readonly string[]) => string;
  /** Deeds of one kind are told together. */
  readonly kind: string;
  /** null for what names itself. */
  readonly place: string | null;
  readonly restored: boolean;
  count: number;
}

interface Incident {
  /** Time of day, for people. */
  readonly at: string;
  lastMs: number;
  /** In the order in which they came; what names itself has the count 1. */
  readonly deeds: Map<string, Deed>;
  isOver: boolean;
}

export interface IncidentsOptions {
  readonly code: "switch/tampered" | "host/tampered";
  readonly timers: Timers;
  /** Such as 12:03:11. */
  readonly timeOfDay: () => string;
}

const REMEDIES = {
  mending: "find who did it; the notice goes by itself after 15 minutes",
  mended: "already restored, nothing to mend; the command helps to find who did it",
  left: "find who did it, and take it away if nobody needs it; the notice goes by itself after 15 minutes",
} as const;
/** The database's log holds each transaction with the command that made it. */
const COMMANDS = {
  "host/tampered": { command: "ovsdb-tool show-log -m /etc/openvswitch/conf.db | tail -n 40" },
  "switch/tampered": { command: "weft drift" },
} as const;

export class Incidents {
  readonly #options: IncidentsOptions;
  readonly #kept: Incident[] = [];

  constructor(options: IncidentsOptions) {
    this.#options = options;
  }

  /** @returns true when it is the first of an incident. */
  drifted(drifts: readonly Drift[]): boolean {
    const isNew = drifts.length > 0 && this.#isNew();
    for (const drift of drifts) {
      const { what, deed, where, foreign } = drift;
      const kind = `${what}/${deed}/${foreign}`;
      const words: Deed["words"] = (count, places) => wordsOf(drift, count, places);
      this.#record({ kind, place: where, words, restored: !foreign });
    }
    return isNew;
  }

  /** What names itself, such as "the controller row of br-int was deleted". */
  told(words: readonly string[], restored: boolean): boolean {
    const isNew = words.length > 0 && this.#isNew();
    for (const one of words) this.#record({ kind: one, place: null, words: () => one, restored });
    return isNew;
  }

  /** Everything is again as it should be. */
  restored(): void {
    for (const incident of this.#kept) incident.isOver = true;
  }

  #isNew(): boolean {
    const last = this.#kept.at(-1);
    return last === undefined || this.#options.timers.now() - last.lastMs > SAME_MS;
  }

  #record(deed: Omit<Deed, "count">): void {
    const key = JSON.stringify([deed.kind, deed.place]);
    const now = this.#options.timers.now();
    if (this.#isNew()) this.#kept.push({ at: this.#options.timeOfDay(), lastMs: now, deeds: new Map(), isOver: false });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    const incident = this.#kept.at(-1);
    if (incident === undefined) return;
    incident.lastMs = now;
    incident.isOver = false;
    const known = incident.deeds.get(key);
    if (known === undefined && incident.deeds.size >= MAX_NAMED) this.#recordMore(incident.deeds, deed.restored);
    else if (known === undefined) incident.deeds.set(key, { ...deed, count: 1 });
    else known.count += 1;
  }

  #recordMore(deeds: Incident["deeds"], restored: boolean): void {
    const kind = `more/${restored}`;
    const words = (count: number): string => `${count} more ${count === 1 ? "change was" : "changes were"} made`;
    const more = deeds.get(kind);
    if (more === undefined) deeds.set(kind, { kind, place: null, words, count: 1, restored });
    else more.count += 1;
  }

  get problems(): readonly Diagnostic[] {
    const now = this.#options.timers.now();
    while (now - (this.#kept[0]?.lastMs ?? now) > KEPT_MS) this.#kept.shift();
    return this.#kept.flatMap((incident) => [
      ...this.#problem(incident, "mended"),
      // Of another code: nobody puts it right.
      ...this.#problem(incident, "left"),
    ]);
  }

  #problem({ at, deeds, isOver }: Incident, which: "mended" | "left"): readonly Diagnostic[] {
    const { code } = this.#options;
    const some = [...deeds.values()].filter(({ restored }) => restored === (which === "mended"));
    if (some.length === 0) return [];
    const done = `${deedsText(some)} by somebody else at ${at}`;
    if (which === "left") return [diagnostic(`${code}-left`, `${done}; left as it is`, REMEDIES.left, COMMANDS[code])];
    return isOver
      ? [diagnostic(code, `${done}; restored`, REMEDIES.mended, { ...COMMANDS[code], isOver })]
      : [diagnostic(code, `${done}; being restored`, REMEDIES.mending, COMMANDS[code])];
  }
}

function deedsText(deeds: readonly Deed[]): string {
  const kinds = new Map<string, Deed[]>();
  for (const deed of deeds) kinds.set(deed.kind, [...(kinds.get(deed.kind) ?? []), deed]);
  return [...kinds.values()].map(wordsOfKind).join(", ");
}

function wordsOfKind(deeds: readonly Deed[]): string {
  const places = deeds.flatMap(({ place }) => place ?? []).sort();
  const count = deeds.reduce((sum, one) => sum + one.count, 0);
  return deeds[0]?.words(count, places) ?? "";
}

/** Of one incident, places of one kind of deed; more are counted. */
const MAX_PLACES = 4;

function listed(places: readonly string[]): string {
  const more = places.length > MAX_PLACES ? ` and ${places.length - MAX_PLACES} more` : "";
  return `${places.slice(0, MAX_PLACES).join(", ")}${more}`;
}

function wordsOf({ what, deed, foreign }: Drift, count: number, places: readonly string[]): string {
  const were = count === 1 ? "was" : "were";
  if (what !== "flow") {
    const [some, verb] = places.length === 1 ? [what, "was"] : [`${what}s`, "were"];
    return `${some} ${listed(places)} ${verb} ${deed}${count === places.length ? "" : `, ${count} times`}`;
  }
  const flows = `${count} ${count === 1 ? "flow" : "flows"}`;
  const tables = `${places.length === 1 ? "table" : "tables"} ${listed(places)}`;
  if (foreign) return `${flows} that Weft has not written ${were} added to ${tables}`;
  return deed === "added"
    ? `${flows} in Weft's name ${were} added to ${tables}`
    : `${flows} of ${tables} ${were} ${deed}`;
}
