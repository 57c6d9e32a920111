// The hosts that are or were connected by OVSDB: one session each, their rows as facts, their reconcilers.
import type { Logger } from "pino";
import type { Operation } from "../../proto/ovsdb/operations.ts";
import { dpidOf, type HostContext, hostFact, hostIdOf } from "../discovery/host-rows.ts";
import type { Means } from "../model/admission.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { HostFact, HostId } from "../model/facts.ts";
import { takesPart } from "../model/identity.ts";
import { isSame } from "../model/kept.ts";
import { shellWord } from "../model/shell-word.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import { HostReconciler } from "../reconcile/host-reconciler.ts";
import { Incidents } from "../reconcile/incidents.ts";
import { failureText } from "../reconcile/switch-reconciler.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OvsdbSession } from "../southbound/ovsdb/index.ts";
import { meansOf } from "./admission.ts";
import { answersWithin, PROBE_MS } from "./answers-within.ts";
import type { Counters } from "./counters.ts";
import type { Durations } from "./durations.ts";
import { type HostSetting, hostSetting } from "./settings.ts";
import { type Trouble, whoOf } from "./trouble.ts";

export interface HostEntry {
  readonly id: HostId;
  /** The connection that is written to; null while there is none. */
  session: OvsdbSession | null;
  /** Other live connections of the same id: one of them takes the place of the first when that ends. */
  readonly rivals: OvsdbSession[];
  /** Those that came while the first was seen to be alive. */
  readonly contested: Set<OvsdbSession>;
  reconciler: HostReconciler | null;
  /** Whether it is being handed back: nothing is written to it, by whatever connection. */
  paused: boolean;
  /** How the connection that was written to last shows who it is. Stays while the host is away. */
  home: Means;
  /** What the rows said when last seen. Stays while the host is away. */
  fact: HostFact;
  /** What others have done to its rows. */
  readonly incidents: Incidents;
}

export interface HostsOptions {
  readonly defaultBridge: string;
  readonly settings: ReadonlyMap<HostId, HostSetting>;
  readonly log: Logger;
  readonly timers: Timers;
  readonly counters: Counters;
  readonly durations: Durations;
  /** For people, such as 12:03:11. */
  readonly timeOfDay: () => string;
  readonly trouble: Trouble;
  /** Of hosts that are or were connected. */
  readonly maxEntries: number;
  /** Those that may be the host's, going by this connection of it. */
  readonly connectedSwitches: (id: HostId, session: OvsdbSession) => Pick<ReadonlySet<string>, "has">;
  readonly changed: () => void;
  /** Rows have changed that no fact is drawn from. */
  readonly touched: () => void;
  /** null while nothing is to be written. */
  readonly desired: (entry: HostEntry, session: OvsdbSession) => DesiredRows | null;
}

/** More connections that claim one id than a person could tell apart. */
const MAX_RIVALS = 4;

export class Hosts {
  readonly #options: HostsOptions;
  #settings: ReadonlyMap<HostId, HostSetting>;
  /** In the order in which they came. */
  readonly #entries = new Map<HostId, HostEntry>();
  readonly #idOf = new Map<OvsdbSession, HostId>();

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  get entries(): ReadonlyMap<HostId, HostEntry> {
    return this.#entries;
  }

  #factOf(session: OvsdbSession, id: HostId, settings = this.#settings): HostFact | null {
    const context: HostContext = {
      remoteAddress: session.remoteAddress ?? null,
      defaultBridge: this.#options.defaultBridge,
      settings: hostSetting(settings, id),
      connectedSwitches: this.#options.connectedSwitches(id, session),
    };
    return hostFact(session.rows, context, this.#entries.get(id)?.fact);
  }

  /** The session's rows are there, or have changed. */
  rowsChanged(session: OvsdbSession): void {
    const id = hostIdOf(session.rows);
    const before = this.#idOf.get(session);
    if (before !== undefined && before !== id) this.#leave(session, before, "it changed its system-id");
    if (id === null) return;
    if (!this.#entries.has(id) && this.#entries.size >= this.#options.maxEntries) {
      const reason = `there are ${this.#entries.size} hosts already (limits.hosts)`;
      this.#options.trouble.refused(
        "evictions",
        whoOf(session),
        reason,
        "weft hosts forget ID makes room, or raise it",
      );
      session.close(reason);
      return;
    }
    const entry = this.#entries.get(id);
    if (before !== id) this.#join(session, id);
    else if (entry?.session === session) this.#refresh(entry, session);
  }

  #refresh(entry: HostEntry, session: OvsdbSession): void {
    const fact = this.#factOf(session, entry.id);
    if (fact === null) return;
    if (fact === entry.fact) {
      // What is Weft's may have been changed all the same.
      entry.reconciler?.wake();
      this.#options.touched();
      return;
    }
    entry.fact = fact;
    this.#options.changed();
  }

  /** The configuration has changed. */
  reconfigure(settings: ReadonlyMap<HostId, HostSetting>): void {
    this.#settings = settings;
    this.#refreshEach(() => true);
  }

  /** The facts of all hosts as they would be under other settings; of those that have the same, as they are. */
  factsWith(settings: ReadonlyMap<HostId, HostSetting>): readonly HostFact[] {
    const isOther = (id: HostId): boolean => !isSame(hostSetting(settings, id), hostSetting(this.#settings, id));
    return [...this.#entries.values()].map(
      ({ id, session, fact }) => (session !== null && isOther(id) ? this.#factOf(session, id, settings) : null) ?? fact,
    );
  }

  /** Hosts that say a switch is their bridge, and may. */
  claimants(dpid: string): readonly HostId[] {
    return [...this.#entries.values()].flatMap(({ id, fact }) => (fact.dpid === dpid && takesPart(fact) ? [id] : []));
  }

  /** Consent by `set-controller` shows when the switch connects: facts that depend on it are drawn again. */
  switchConnected(dpid: string): void {
    this.#refreshEach(({ fact, session }) => {
      if (fact.standing.kind === "owned") return false;
      return [...(session?.rows.bridges.values() ?? [])].some((bridge) => dpidOf(bridge) === dpid);
    });
  }

  /** One whose rows this fails at keeps its facts, and stops no other. */
  #refreshEach(isMeant: (entry: HostEntry) => boolean): void {
    for (const entry of this.#entries.values()) {
      const { id, session } = entry;
      if (session === null || !isMeant(entry)) continue;
      this.#options.trouble.attempt(`reading the rows of host ${id} again`, () => this.#refresh(entry, session));
    }
  }

  #join(session: OvsdbSession, id: HostId): void {
    this.#idOf.set(session, id);
    const entry = this.#entries.get(id);
    const current = entry?.session ?? null;
    if (entry === undefined || current === null) {
      this.#take(session, id);
      return;
    }
    const [oldest] = entry.rivals;
    if (oldest !== undefined && entry.rivals.length >= MAX_RIVALS) {
      const reason = `host ${id} has ${entry.rivals.length + 1} newer connections`;
      this.#options.trouble.refused("evictions", whoOf(oldest), reason, "give each host a system-id of its own");
      oldest.close(reason);
    }
    entry.rivals.push(session);
    void answersWithin(PROBE_MS, () => current.probe(), this.#options.timers).then((alive) => {
      if (alive) this.#contest(entry, current, session);
      // The host is back before its old connection was seen to be dead.
      else if (entry.session === current) current.close(`it does not answer, and ${session.label} came in its place`);
    });
  }

  #contest(entry: HostEntry, current: OvsdbSession, session: OvsdbSession): void {
    if (!entry.rivals.includes(session)) return;
    entry.contested.add(session);
    const problem = rivalProblem(entry, session);
    const { log, changed } = this.#options;
    log.error({ host: entry.id, peer: session.label, used: current.label, remedy: problem.remedy }, problem.message);
    changed();
  }

  #take(session: OvsdbSession, id: HostId): void {
    const fact = this.#factOf(session, id);
    if (fact === null) return;
    const { log, timers, timeOfDay, counters, durations, desired, changed } = this.#options;
    const entry: HostEntry = this.#entries.get(id) ?? {
      id,
      session: null,
      rivals: [],
      contested: new Set(),
      reconciler: null,
      paused: false,
      home: meansOf(session),
      fact,
      incidents: new Incidents({ code: "host/tampered", timers, timeOfDay }),
    };
    this.#entries.set(id, entry);
    entry.session = session;
    entry.home = meansOf(session);
    entry.fact = fact;
    for (const text of session.diagnostics) log.warn({ host: id, peer: session.label }, text);
    log.info(
      { host: id, peer: session.label, ovs: fact.ovsVersion, bridge: fact.bridgeName, standing: fact.standing.kind },
      "host connected by OVSDB",
    );
    for (const problem of fact.problems)
      log.warn({ host: id, code: problem.code, remedy: problem.remedy }, problem.message);
    entry.reconciler?.stop();
    entry.reconciler = new HostReconciler(
      {
        label: session.label,
        get rows() {
          return session.rows;
        },
        transact: (operations: readonly Operation[]) =>
          durations.of("databaseWrite", () => session.transact(operations)),
      },
      {
        desired: () => (entry.session === session && !entry.paused ? desired(entry, session) : null),
        applied: (summary) => {
          counters.add("ovsdbTransactions");
          log.info({ host: id, changes: summary }, "host's rows changed");
        },
        tampered: ({ mended, lost }) => {
          entry.incidents.told(mended, true);
          entry.incidents.told(lost, false);
          log.warn({ host: id, changes: [...mended, ...lost] }, "somebody else has changed the host's rows");
        },
        settled: () => entry.incidents.restored(),
        failed: (error) => log.warn({ host: id, error: failureText(error) }, "host's database refused a change"),
      },
      timers,
    );
    changed();
  }

  closed(session: OvsdbSession, reason: string): void {
    const id = this.#idOf.get(session);
    if (id !== undefined) this.#leave(session, id, reason);
  }

  #leave(session: OvsdbSession, id: HostId, reason: string): void {
    this.#idOf.delete(session);
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const at = entry.rivals.indexOf(session);
    if (at >= 0) entry.rivals.splice(at, 1);
    entry.contested.delete(session);
    if (entry.session === session) {
      this.#options.log.info({ host: id, peer: session.label, reason }, "host disconnected from OVSDB");
      entry.reconciler?.stop();
      entry.reconciler = null;
      entry.session = null;
      const rival = entry.rivals.shift();
      entry.contested.clear();
      if (rival !== undefined) this.#take(rival, id);
    }
    this.#options.changed();
  }

  /** Writes nothing to the host from here on; resolves when nothing is under way. */
  async pause(entry: HostEntry): Promise<void> {
    const { reconciler } = entry;
    entry.paused = true;
    reconciler?.stop();
    entry.reconciler = null;
    await reconciler?.idle();
  }

  /** After `pause`, where the host is served on: by the connection that is in use now, which may be another. */
  resume(entry: HostEntry): void {
    entry.paused = false;
    if (entry.session !== null && entry.reconciler === null) this.#take(entry.session, entry.id);
    else entry.reconciler?.wake();
  }

  /** Drops what is kept of a host that is away, or is Weft's no more; others that claim its id have to come again. */
  forget(id: HostId): void {
    const rivals = this.#entries.get(id)?.rivals ?? [];
    this.#entries.delete(id);
    for (const session of [...rivals]) session.close("the host is no longer Weft's");
  }

  wakeAll(): void {
    const { trouble } = this.#options;
    for (const { id, reconciler } of this.#entries.values())
      trouble.attempt(`waking the work on host ${id}`, () => reconciler?.wake());
  }

  stop(): void {
    for (const entry of this.#entries.values()) {
      entry.reconciler?.stop();
      for (const session of [entry.session, ...entry.rivals]) session?.close("the controller stops");
    }
  }
}

function rivalProblem(entry: HostEntry, rival: OvsdbSession): Diagnostic {
  const used = entry.session?.label ?? "nowhere";
  if (entry.session?.rows.openVSwitch?.uuid === rival.rows.openVSwitch?.uuid) {
    return diagnostic(
      "host/connected-twice",
      `host ${entry.id} is connected twice, at ${used} and at ${rival.label}; the first is used`,
      `on ${shellWord(entry.id)}: ovs-vsctl get-manager shows this controller twice; set-manager names it once`,
    );
  }
  return diagnostic(
    "host/duplicate-id",
    `another host, at ${rival.label}, has the same system-id; the one at ${used} keeps service`,
    `on the host at ${rival.remoteAddress ?? rival.label}: ovs-vsctl set open_vswitch . external_ids:system-id=$(uuidgen)`,
  );
}

export function hostProblems(entry: HostEntry): readonly Diagnostic[] {
  const rivals = [...entry.contested].map((rival) => rivalProblem(entry, rival));
  return [...entry.fact.problems, ...rivals, ...(entry.reconciler?.problems ?? []), ...entry.incidents.problems];
}
