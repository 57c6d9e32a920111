// The switches that are or were connected by OpenFlow: sessions, what they hold, what was heard on them.
import type { Logger } from "pino";
import { WeftError } from "../../proto/bytes/errors.ts";
import { bigIntToMac } from "../../proto/bytes/mac.ts";
import type { FlowRemoved, PacketIn } from "../../proto/openflow13/index.ts";
import { plainSightingOf, sightingOf } from "../discovery/sighting.ts";
import type { Whereabouts } from "../discovery/whereabouts.ts";
import { NO_CERTIFICATE, type Outcome } from "../model/admission.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { HostId } from "../model/facts.ts";
import type { DesiredSwitch } from "../pipeline/desired.ts";
import { readBackOwn } from "../pipeline/memories.ts";
import { type Readback, senderOf } from "../pipeline/readback.ts";
import { decodeCookie } from "../pipeline/registry.ts";
import type { AuditPace } from "../reconcile/audit-pace.ts";
import { Incidents } from "../reconcile/incidents.ts";
import type { InstalledSwitch } from "../reconcile/installed.ts";
import { InternedFlows } from "../reconcile/interned-flows.ts";
import { failureText, SwitchReconciler } from "../reconcile/switch-reconciler.ts";
import { planCleansing } from "../reconcile/switch-release.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { FlowNews, OpenFlowSession } from "../southbound/openflow/index.ts";
import { answersWithin, PROBE_MS } from "./answers-within.ts";
import type { Counters } from "./counters.ts";
import type { Durations } from "./durations.ts";
import { connectionOf } from "./switch-connection.ts";
import { type Dpid, dpidOfSession, type SwitchEntry } from "./switch-entry.ts";
import { type Trouble, whoOf } from "./trouble.ts";

export interface SwitchesOptions {
  /** For a switch that is new. */
  readonly whereabouts: Whereabouts;
  /** For one whose own flows say that it is a lone switch: the addresses of another may be the same. */
  readonly loneWhereabouts: (dpid: Dpid) => Whereabouts;
  readonly log: Logger;
  readonly timers: Timers;
  readonly counters: Counters;
  readonly durations: Durations;
  /** Shared by all switches. */
  readonly pace: AuditPace;
  /** For people, such as 12:03:11. */
  readonly timeOfDay: () => string;
  readonly trouble: Trouble;
  /** Of switches that are or were connected. */
  readonly maxEntries: number;
  /** Whether a switch that is away is known to be a host's. */
  readonly isKept: (dpid: Dpid) => boolean;
  /** Whether it is prepared to be taken over, and still forwards as it did. */
  readonly forwardsByOthers: (dpid: Dpid) => boolean;
  /** Some fact of a switch has changed. */
  readonly changed: () => void;
  /** A switch was read. */
  readonly found: (entry: SwitchEntry) => void;
  /** A switch that was read has these ports cut off. */
  readonly blockedFound: (dpid: Dpid, ofports: Iterable<number>) => void;
  /** What the switch should hold now; null where that can't be told. */
  readonly desired: (entry: SwitchEntry) => DesiredSwitch | null;
  /** Why a connection is not taken for the switch that it says it is; null where it is. */
  readonly judge: (dpid: Dpid, session: OpenFlowSession) => Diagnostic | null;
  /** That a connection comes from another address than the switch's host, with what becomes of it; null where it does not. */
  readonly elsewhere: (dpid: Dpid, session: OpenFlowSession, outcome: Outcome) => Diagnostic | null;
  /** The host whose bridge the switch is, where the connection shows that it comes from there; else null. */
  readonly provenFor: (dpid: Dpid, session: OpenFlowSession) => HostId | null;
  /** Ends such a connection. */
  readonly turnAway: (session: OpenFlowSession, dpid: Dpid, problem: Diagnostic) => void;
}

/** More connections of one switch than it could have a use for. */
const MAX_SPARES = 4;
/** So long switches are woken before others have a turn. */
const WAKING_MS = 25;

export class Switches {
  readonly #options: SwitchesOptions;
  readonly #entries = new Map<Dpid, SwitchEntry>();
  readonly #common = new InternedFlows();

  constructor(options: SwitchesOptions) {
    this.#options = options;
  }

  get entries(): ReadonlyMap<Dpid, SwitchEntry> {
    return this.#entries;
  }

  ready(session: OpenFlowSession): void {
    const { log, timers, timeOfDay, whereabouts, judge, turnAway } = this.#options;
    const dpid = dpidOfSession(session);
    const problem = judge(dpid, session);
    if (problem !== null) {
      turnAway(session, dpid, problem);
      return;
    }
    if (!this.#entries.has(dpid) && !this.#makeRoom()) {
      const reason = `there are ${this.#entries.size} switches already (limits.hosts)`;
      this.#options.trouble.refused("evictions", whoOf(session), reason, "raise it in weft.yaml if they are yours");
      session.close(reason);
      return;
    }
    const entry = this.#entries.get(dpid) ?? {
      dpid,
      whereabouts,
      session: null,
      spares: [],
      reconciler: null,
      installed: null,
      readback: null,
      desired: null,
      wokenFor: undefined,
      isRead: false,
      believed: false,
      loaded: false,
      released: false,
      provenFor: null,
      isProven: false,
      maxMeter: 0,
      connectedAtMs: timers.now(),
      left: null,
      leftAtMs: 0,
      incidents: new Incidents({ code: "switch/tampered", timers, timeOfDay }),
    };
    this.#entries.set(dpid, entry);
    const current = entry.session;
    if (current === null) {
      this.#take(entry, session);
      return;
    }
    entry.spares.push(session);
    this.#preferHome(entry);
    if (entry.spares.length > MAX_SPARES) this.#evict(entry);
    if (entry.session !== current || !entry.spares.includes(session)) return;
    void answersWithin(PROBE_MS, () => current.barrier(), timers).then((alive) => {
      if (entry.session !== current) return;
      // The switch is back before its old connection was seen to be dead.
      if (!alive) current.close(`it does not answer, and ${session.label} came in its place`);
      else if (entry.spares.includes(session)) {
        log.warn(
          { dpid, peer: session.label, used: current.label },
          "a second OpenFlow connection of the same switch: the first stays in use; give each bridge one controller row, and each host its own datapath id",
        );
      }
    });
  }

  /** Whoever holds connections from elsewhere keeps none out that comes from where the host is. */
  #evict(entry: SwitchEntry): void {
    const { dpid, spares } = entry;
    const stray = spares.findIndex((one) => this.#isElsewhere(dpid, one));
    const [one] = spares.splice(Math.max(0, stray), 1);
    if (one === undefined) return;
    const reason = `switch ${dpid} has ${spares.length + 1} other connections`;
    this.#options.trouble.refused("evictions", whoOf(one), reason, "give each bridge one controller row");
    one.close(reason);
  }

  /** More is known of hosts now: connections that are not what they say end, and what came by them is forgotten. */
  judgeAll(): void {
    for (const entry of [...this.#entries.values()]) {
      for (const session of [entry.session, ...entry.spares]) if (session !== null) this.#judgeAgain(entry, session);
      this.#options.trouble.attempt(`choosing a connection of switch ${entry.dpid}`, () => {
        this.#preferHome(entry);
        this.#prove(entry);
      });
    }
  }

  /**
   * A connection that is in use, and was seen to come from where the host is, stays at home until it ends: whoever comes
   * as the host's database, while that is away for a moment, moves the home of connections that are yet to come.
   */
  #prove(entry: SwitchEntry): void {
    const { dpid, session } = entry;
    const host = session === null ? null : this.#options.provenFor(dpid, session);
    if (host === null) return;
    entry.provenFor = host;
    entry.isProven = true;
  }

  /** For the asking alone, whatever becomes of it. */
  #isElsewhere(dpid: Dpid, session: OpenFlowSession): boolean {
    return this.#options.elsewhere(dpid, session, "unused") !== null;
  }

  /** A connection from where the host is goes before one from elsewhere, whichever came first. */
  #preferHome(entry: SwitchEntry): void {
    const { elsewhere, turnAway } = this.#options;
    const { dpid, session } = entry;
    const problem = session === null ? null : elsewhere(dpid, session, "replaced");
    if (session === null || problem === null) return;
    if (entry.spares.every((spare) => this.#isElsewhere(dpid, spare))) return;
    this.#disbelieve(entry);
    turnAway(session, dpid, problem);
    this.closed(session, problem.message);
  }

  #judgeAgain(entry: SwitchEntry, session: OpenFlowSession): void {
    const { judge, turnAway, trouble } = this.#options;
    try {
      const problem = judge(entry.dpid, session);
      if (problem === null) return;
      if (entry.session === session) this.#disbelieve(entry);
      // A host that goes over to TLS does so by OVSDB first, and is told to by its Controller row.
      if (problem.code === NO_CERTIFICATE) session.close(problem.message);
      else turnAway(session, entry.dpid, problem);
    } catch (error) {
      // Who can't be judged is not let in, and stands in nobody's way.
      trouble.fault(`judging whose switch ${entry.dpid} is`, error);
      session.close("this controller failed at judging whose switch it is");
    }
  }

  #disbelieve(entry: SwitchEntry): void {
    entry.reconciler?.stop();
    entry.reconciler = null;
    entry.installed = null;
    entry.readback = null;
    entry.isRead = false;
    entry.believed = false;
    entry.loaded = false;
    entry.whereabouts.take(entry.dpid);
  }

  /** Endless switches, each there for a moment, must not fill the memory: those that are nobody's make room. */
  #makeRoom(): boolean {
    if (this.#entries.size < this.#options.maxEntries) return true;
    for (const { dpid, session, whereabouts } of this.#entries.values()) {
      if (session !== null || this.#options.isKept(dpid)) continue;
      this.#entries.delete(dpid);
      whereabouts.take(dpid);
      this.#options.counters.add("evictions");
      return true;
    }
    return false;
  }

  #take(entry: SwitchEntry, session: OpenFlowSession): void {
    const { log, timers, counters, durations, pace, changed, desired } = this.#options;
    entry.isProven = entry.isProven && entry.session === session;
    entry.session = session;
    // Whose it is, is looked at again for each connection.
    entry.believed = false;
    entry.connectedAtMs = timers.now();
    entry.maxMeter = session.meters.maxMeter;
    log.info({ dpid: entry.dpid, peer: session.label, ports: session.ports.size }, "switch connected by OpenFlow");
    // To a controller of type `service` Open vSwitch tells nothing by itself until it is asked to.
    session.send([{ kind: "set_config", flags: 0, missSendLen: 0xffff }]);
    entry.reconciler = new SwitchReconciler(
      connectionOf(session, durations),
      {
        desired: () => (entry.released ? null : desired(entry)),
        installedChanged: (installed) => this.#installedChanged(entry, installed),
        drifted: (installed, drifts) => {
          entry.installed = installed;
          // While it forwards by flows of others, those are theirs to change.
          const told = this.#options.forwardsByOthers(entry.dpid) ? drifts.filter((one) => !one.foreign) : drifts;
          counters.add("drifts", told.length);
          if (!entry.incidents.drifted(told)) return;
          const [first] = told;
          log.warn({ dpid: entry.dpid, first }, "somebody else changes the switch: weft hosts tells what");
        },
        settled: () => entry.incidents.restored(),
        applied: (plan) => {
          counters.add("bundles");
          counters.add("flowMods", plan.flowMods);
          counters.add("groupMods", plan.groupMods);
          counters.add("meterMods", plan.meterMods);
          log.debug(
            { dpid: entry.dpid, flowMods: plan.flowMods, groupMods: plan.groupMods, meterMods: plan.meterMods },
            "switch updated",
          );
        },
        failed: (error) => {
          if (entry.session === session)
            log.warn({ dpid: entry.dpid, error: failureText(error) }, "switch update failed");
        },
      },
      timers,
      pace,
      this.#common,
    );
    this.#prove(entry);
    entry.reconciler.wake();
    changed();
  }

  #installedChanged(entry: SwitchEntry, installed: InstalledSwitch): void {
    const readback = readBackOwn(installed.flows, installed.groups, entry.readback);
    // Who was heard is known from elsewhere: only what it says of the fabric is news.
    const isNews = readback.receivesOn !== entry.readback?.receivesOn || !entry.isRead || entry.left !== null;
    entry.isRead = true;
    entry.left = null;
    entry.installed = installed;
    entry.readback = readback;
    if (entry.believed) this.#loadEarly(entry, readback);
    // What it has in common with others was no news when it was written.
    if (isNews) this.#options.changed();
  }

  /** What is heard from now on is held against it. Where it fails it is tried again, and told, when the fabric is drawn. */
  #loadEarly(entry: SwitchEntry, readback: Readback): void {
    try {
      this.#load(entry, readback);
    } catch {
      this.#options.changed();
    }
  }

  /**
   * Once for each connection: later readings tell what this controller itself has written. What throws half-way is done
   * again, from its beginning, when it is tried again.
   */
  #load(entry: SwitchEntry, readback: Readback): void {
    if (entry.loaded) return;
    const now = this.#options.timers.now();
    const isNewLone = readback.ownIndex === 0 && entry.whereabouts.observedAt(entry.dpid).length === 0;
    if (isNewLone) entry.whereabouts = this.#options.loneWhereabouts(entry.dpid);
    entry.whereabouts.load(entry.dpid, readback.observed, now);
    entry.whereabouts.recall(entry.dpid, readback.rivals, now);
    this.#options.blockedFound(entry.dpid, readback.blocked);
    this.#options.found(entry);
    entry.loaded = true;
  }

  /** The switch is known to be what it says. */
  believe(entry: SwitchEntry): void {
    entry.believed = true;
    if (entry.isRead && entry.readback !== null) this.#load(entry, entry.readback);
  }

  closed(session: OpenFlowSession, reason: string): void {
    const entry = this.#entries.get(dpidOfSession(session));
    if (entry === undefined) return;
    const at = entry.spares.indexOf(session);
    if (at >= 0) {
      entry.spares.splice(at, 1);
      return;
    }
    if (entry.session !== session) return;
    this.#options.log.info({ dpid: entry.dpid, peer: session.label, reason }, "switch disconnected");
    entry.reconciler?.stop();
    entry.reconciler = null;
    entry.session = null;
    entry.isProven = false;
    entry.left ??= session;
    entry.leftAtMs = this.#options.timers.now();
    // What it holds is read again when it returns; until then what it held stays a fact.
    entry.isRead = false;
    entry.loaded = false;
    const spare = this.#bestSpare(entry);
    if (spare !== undefined) this.#take(entry, spare);
    this.#options.changed();
  }

  #bestSpare({ dpid, spares }: SwitchEntry): OpenFlowSession | undefined {
    const home = spares.findIndex((one) => !this.#isElsewhere(dpid, one));
    return spares.splice(Math.max(0, home), 1)[0];
  }

  packetIn(session: OpenFlowSession, packetIn: PacketIn): void {
    this.#options.counters.add("packetIns");
    const entry = this.#entryOf(session);
    if (entry?.believed !== true) return;
    const plain = plainSightingOf(packetIn);
    if (plain !== null && session.ports.has(plain.ofport) && entry.whereabouts.hearAgain(entry.dpid, plain)) return;
    const sighting = sightingOf(packetIn);
    if (sighting === null) return;
    const { vni, mac, ofport } = sighting;
    // Whoever names ports that he does not have can't be heard at as many as there are numbers.
    if (!session.ports.has(ofport)) return;
    const stale = entry.readback?.holds({ vni, mac, ofport }) === true;
    if (!entry.whereabouts.hear(entry.dpid, sighting, this.#options.timers.now(), stale)) return;
    this.#options.log.debug({ dpid: entry.dpid, ...sighting }, "endpoint heard");
    this.#options.changed();
  }

  flowRemoved(session: OpenFlowSession, removed: FlowRemoved): void {
    const entry = this.#entryOf(session);
    if (entry === null) return;
    const isOver = entry.reconciler?.flowRemoved(removed) === true;
    const fact = decodeCookie(removed.cookie);
    if (isOver && fact !== undefined) this.#aged(entry, fact.kind, fact.vni, removed);
    // What has aged may still be wanted, and the same be wanted as before: it is looked at once that is drawn again.
    if (isOver) entry.wokenFor = undefined;
    this.#options.changed();
  }

  flowNews(session: OpenFlowSession, news: FlowNews): void {
    const reconciler = this.#entryOf(session)?.reconciler;
    if (news.kind === "updates") reconciler?.flowsChanged(news.updates);
    else reconciler?.flowNewsLost();
  }

  #aged(entry: SwitchEntry, kind: string, vni: number, removed: FlowRemoved): void {
    const value = (name: string): bigint | null => {
      const tlv = removed.match.find((one) => one.field === name);
      return tlv === undefined || tlv.field === "unknown" ? null : BigInt(tlv.value);
    };
    const [source, inPort] = [value("eth_src"), value("in_port")];
    if (source === null || inPort === null) return;
    const mac = bigIntToMac(source);
    if (kind === "known-mac") entry.whereabouts.forget(entry.dpid, vni, mac, Number(inPort));
    const ip = kind === "known-address" ? senderOf(removed.match) : null;
    if (ip !== null) entry.whereabouts.forgetIp(entry.dpid, vni, mac, Number(inPort), ip);
  }

  /** Who is really there is heard again with the next frame. */
  forgetHeardAt(dpid: Dpid, ofport: number): void {
    const { whereabouts } = this.#entries.get(dpid) ?? {};
    const here = whereabouts?.observedAt(dpid).filter((fact) => fact.ofport === ofport) ?? [];
    for (const { vni, mac } of here) whereabouts?.forget(dpid, vni, mac, ofport);
    if (here.length > 0) this.#options.changed();
  }

  #entryOf(session: OpenFlowSession): SwitchEntry | null {
    const entry = this.#entries.get(dpidOfSession(session));
    return entry !== undefined && entry.session === session ? entry : null;
  }

  /** Takes all of Weft's off the switch, and writes nothing to it from here on. */
  async cleanse(dpid: Dpid, flows: { readonly normal: boolean }): Promise<void> {
    const entry = this.#entries.get(dpid);
    const { reconciler, session } = entry ?? {};
    if (entry === undefined || session == null || reconciler == null) {
      throw new WeftError(
        "switch/not-connected",
        "the host's switch is not connected by OpenFlow, and would be left with flows and without forwarding of its own; try again when it is back",
        { retryable: true },
      );
    }
    entry.released = true;
    reconciler.stop();
    entry.reconciler = null;
    await reconciler.idle();
    for (const changes of planCleansing(reconciler.installed, flows)) {
      const result = await session.apply(changes);
      if (result.ok) continue;
      const [first] = result.errors;
      throw new WeftError("switch/refused", `the switch refused to be handed back: ${first?.error.message ?? ""}`);
    }
  }

  /** After `cleanse`, where the host could not be given back. */
  resume(dpid: Dpid): void {
    const entry = this.#entries.get(dpid);
    if (entry === undefined) return;
    entry.released = false;
    if (entry.session !== null && entry.reconciler === null) this.#take(entry, entry.session);
    else entry.reconciler?.wake();
  }

  /** Drops all that is known of a switch that is no longer Weft's. */
  forget(dpid: Dpid): void {
    const entry = this.#entries.get(dpid);
    this.#entries.delete(dpid);
    entry?.whereabouts.take(dpid);
    entry?.reconciler?.stop();
    for (const session of [entry?.session, ...(entry?.spares ?? [])]) session?.close("the host is released");
  }

  get sessions(): readonly OpenFlowSession[] {
    return [...this.#entries.values()].flatMap((entry) => [
      ...(entry.session === null ? [] : [entry.session]),
      ...entry.spares,
    ]);
  }

  /**
   * Those of which something else is wanted now, or of which that can't be told. Where all have to be compiled anew that
   * takes seconds: after some of them others have a turn. @returns null where none is left for later.
   */
  wakeAll(): Promise<void> | null {
    const { trouble, timers } = this.#options;
    const left = this.#entries.values();
    const isLast = (): boolean => {
      const untilMs = timers.now() + WAKING_MS;
      for (const entry of left) {
        trouble.attempt(`waking the work on switch ${entry.dpid}`, () => this.#wakeIfWanted(entry));
        if (timers.now() >= untilMs) return false;
      }
      return true;
    };
    if (isLast()) return null;
    return new Promise((resolve) => {
      const go = (): void => void setImmediate(() => (isLast() ? resolve() : go()));
      go();
    });
  }

  #wakeIfWanted(entry: SwitchEntry): void {
    const desired = entry.reconciler === null || entry.released ? null : this.#wanted(entry);
    if (desired !== undefined && desired === entry.wokenFor) return;
    entry.wokenFor = desired;
    entry.reconciler?.wake();
  }

  /** undefined where it can't be told: the reconciler tells why. */
  #wanted(entry: SwitchEntry): DesiredSwitch | null | undefined {
    try {
      return this.#options.desired(entry);
    } catch {
      return undefined;
    }
  }

  stop(): void {
    for (const entry of this.#entries.values()) {
      entry.reconciler?.stop();
      for (const session of [entry.session, ...entry.spares]) session?.close("the controller stops");
    }
  }
}
