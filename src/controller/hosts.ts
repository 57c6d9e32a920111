// The hosts that are or were connected by OVSDB: one session each, their rows as facts, their reconcilers.
import type { Logger } from "pino";
import type { Operation } from "../../proto/ovsdb/operations.ts";
import { type HostContext, hostFact, hostIdOf } from "../discovery/host-rows.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { HostFact, HostId } from "../model/facts.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import { HostReconciler } from "../reconcile/host-reconciler.ts";
import { failureText } from "../reconcile/switch-reconciler.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OvsdbSession } from "../southbound/ovsdb/index.ts";
import type { Counters } from "./counters.ts";
import { type HostSetting, hostSetting } from "./settings.ts";
import type { Trouble } from "./trouble.ts";

export interface HostEntry {
  readonly id: HostId;
  /** The connection that is written to; null while there is none. */
  session: OvsdbSession | null;
  /** Other live connections that claim the same id. */
  readonly rivals: OvsdbSession[];
  reconciler: HostReconciler | null;
  /** What the rows said when last seen. Stays while the host is away. */
  fact: HostFact;
}

export interface HostsOptions {
  readonly defaultBridge: string;
  readonly settings: ReadonlyMap<HostId, HostSetting>;
  readonly log: Logger;
  readonly timers: Timers;
  readonly counters: Counters;
  readonly trouble: Trouble;
  /** Of hosts that are or were connected. */
  readonly maxEntries: number;
  readonly connectedSwitches: () => ReadonlySet<string>;
  readonly changed: () => void;
  /** null while nothing is to be written. */
  readonly desired: (entry: HostEntry, session: OvsdbSession) => DesiredRows | null;
}

/** More connections that claim one id than a person could tell apart. */
const MAX_RIVALS = 4;

export class Hosts {
  readonly #options: HostsOptions;
  /** In the order in which they came. */
  readonly #entries = new Map<HostId, HostEntry>();
  readonly #idOf = new Map<OvsdbSession, HostId>();

  constructor(options: HostsOptions) {
    this.#options = options;
  }

  get entries(): ReadonlyMap<HostId, HostEntry> {
    return this.#entries;
  }

  #factOf(session: OvsdbSession, id: HostId): HostFact | null {
    const context: HostContext = {
      remoteAddress: session.remoteAddress ?? null,
      defaultBridge: this.#options.defaultBridge,
      settings: hostSetting(this.#options.settings, id),
      connectedSwitches: this.#options.connectedSwitches(),
    };
    return hostFact(session.rows, context);
  }

  /** The session's rows are there, or have changed. */
  rowsChanged(session: OvsdbSession): void {
    const id = hostIdOf(session.rows);
    const before = this.#idOf.get(session);
    if (before !== undefined && before !== id) this.#leave(session, before, "it changed its system-id");
    if (id === null) return;
    if (!this.#entries.has(id) && this.#entries.size >= this.#options.maxEntries) {
      const reason = `there are ${this.#entries.size} hosts already (limits.hosts)`;
      this.#options.trouble.refused("evictions", session.label, reason, "weft hosts forget ID makes room, or raise it");
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
    entry.fact = fact;
    this.#options.changed();
  }

  /** Consent by `set-controller` shows when the switch connects: facts that depend on it are drawn again. */
  refreshAll(): void {
    for (const entry of this.#entries.values()) {
      if (entry.session !== null && entry.fact.standing.kind !== "owned") this.#refresh(entry, entry.session);
    }
  }

  #join(session: OvsdbSession, id: HostId): void {
    this.#idOf.set(session, id);
    const entry = this.#entries.get(id);
    const current = entry?.session ?? null;
    if (entry !== undefined && current !== null) {
      const sameDatabase = current.rows.openVSwitch?.uuid === session.rows.openVSwitch?.uuid;
      if (sameDatabase && current.remoteAddress === session.remoteAddress) {
        // The host is back before its old connection was seen to be dead.
        this.#idOf.delete(current);
        current.close(`${session.label} replaces it`);
        entry.session = null;
      } else {
        const [oldest] = entry.rivals;
        if (oldest !== undefined && entry.rivals.length >= MAX_RIVALS) {
          const reason = `host ${id} has ${entry.rivals.length + 1} newer connections`;
          this.#options.trouble.refused("evictions", oldest.label, reason, "give each host a system-id of its own");
          oldest.close(reason);
        }
        entry.rivals.push(session);
        this.#options.log.error(
          { host: id, peer: session.label, used: current.label },
          "two hosts have the same system-id: the first keeps service; give the second one its own with ovs-vsctl set open_vswitch . external_ids:system-id=$(uuidgen)",
        );
        this.#options.changed();
        return;
      }
    }
    this.#take(session, id);
  }

  #take(session: OvsdbSession, id: HostId): void {
    const fact = this.#factOf(session, id);
    if (fact === null) return;
    const { log, timers, counters, desired, changed } = this.#options;
    const entry: HostEntry = this.#entries.get(id) ?? { id, session: null, rivals: [], reconciler: null, fact };
    this.#entries.set(id, entry);
    entry.session = session;
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
        transact: (operations: readonly Operation[]) => session.transact(operations),
      },
      {
        desired: () => (entry.session === session ? desired(entry, session) : null),
        applied: (summary) => {
          counters.add("ovsdbTransactions");
          log.info({ host: id, changes: summary }, "host's rows changed");
        },
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
    if (entry.session === session) {
      this.#options.log.info({ host: id, peer: session.label, reason }, "host disconnected from OVSDB");
      entry.reconciler?.stop();
      entry.reconciler = null;
      entry.session = null;
      const rival = entry.rivals.shift();
      if (rival !== undefined) this.#take(rival, id);
    }
    this.#options.changed();
  }

  /** Drops what is kept of a host that is away. */
  forget(id: HostId): void {
    this.#entries.delete(id);
  }

  wakeAll(): void {
    for (const entry of this.#entries.values()) entry.reconciler?.wake();
  }

  stop(): void {
    for (const entry of this.#entries.values()) {
      entry.reconciler?.stop();
      for (const session of [entry.session, ...entry.rivals]) session?.close("the controller stops");
    }
  }
}

export function hostProblems(entry: HostEntry): readonly Diagnostic[] {
  const rivals = entry.rivals.map((rival) =>
    diagnostic(
      "host/duplicate-id",
      `another host, at ${rival.label}, has the same system-id; the one at ${entry.session?.label ?? "nowhere"} keeps service`,
      `on the host at ${rival.remoteAddress ?? rival.label}: ovs-vsctl set open_vswitch . external_ids:system-id=$(uuidgen)`,
    ),
  );
  return [...entry.fact.problems, ...rivals, ...(entry.reconciler?.problems ?? [])];
}
