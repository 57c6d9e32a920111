// The composition root: wires sockets, facts, fabric and reconciliation together. It holds no rule.
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { OFPPS } from "../../proto/openflow13/index.ts";
import type { Vitals } from "../api/measures-views.ts";
import type { PlanView } from "../api/plan-views.ts";
import type { Queries } from "../api/views.ts";
import type { WeftConfig } from "../config/index.ts";
import { lookAt } from "../journal/look.ts";
import { Recorder } from "../journal/recorder.ts";
import { diagnostic } from "../model/diagnostic.ts";
import type { FabricHost } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import { AuditPace } from "../reconcile/audit-pace.ts";
import { type OpenFlowHandlers, type OpenFlowSession, serveOpenFlow } from "../southbound/openflow/index.ts";
import { type OvsdbHandlers, type OvsdbSession, serveOvsdb } from "../southbound/ovsdb/index.ts";
import { ConnectionGate, type PeerCertificate, systemClock } from "../southbound/stream/index.ts";
import { Admission } from "./admission.ts";
import { Counters } from "./counters.ts";
import { Durations } from "./durations.ts";
import { EndpointWatch } from "./endpoint-watch.ts";
import { FabricChecks } from "./fabric-check.ts";
import { HostCommands } from "./host-commands.ts";
import { type HostEntry, Hosts } from "./hosts.ts";
import { ifTold } from "./if-told.ts";
import { Islands } from "./islands.ts";
import { journalled, openJournal, tellOfReload, tellOfStart, tellOfStop } from "./journalled.ts";
import { keysProblems, openKeys, reloadKeys } from "./keys.ts";
import { openListeners } from "./listeners.ts";
import { LiveTraces } from "./live-traces.ts";
import { LoopProbes } from "./loop-probes.ts";
import { makeVitals } from "./measures.ts";
import { OpenStreams } from "./open-streams.ts";
import { leadsHere, openFlowTarget } from "./openflow-target.ts";
import { takePacketIn } from "./packet-ins.ts";
import { warnOfPlainListeners } from "./plain-listeners.ts";
import { planFor } from "./plan.ts";
import { makeQueries } from "./queries.ts";
import { RateMeter } from "./rate-meter.ts";
import { type Reconfigured, reconfigured } from "./reconfigure.ts";
import { RefusalLog } from "./refusal-log.ts";
import { admissionSettings, hostSettings, knownHosts, mobilityRules, weaverSettings } from "./settings.ts";
import { askStation, defendStation } from "./station-frames.ts";
import { type Dpid, dpidOfSession, type SwitchEntry } from "./switch-entry.ts";
import { Switches } from "./switches.ts";
import { Traces } from "./traces.ts";
import { Trouble } from "./trouble.ts";
import { Weaver } from "./weaver.ts";

export interface ControllerOptions {
  readonly config: WeftConfig;
  readonly logger: Logger;
  readonly version: string;
  /** How often switches are looked through; as usual unless given. */
  readonly pace?: AuditPace;
}

export interface RunningController {
  /** Such as `ovsdb ptcp:6640`. */
  readonly listeners: readonly string[];
  readonly queries: Queries;
  readonly vitals: Vitals;
  /** Reads the TLS keys again. What is wrong with them is logged, and the old ones stay. */
  reloadKeys(): void;
  /** What another configuration would change. Nothing is written. */
  plan(wanted: WeftConfig): Promise<PlanView>;
  /** Takes over what of a changed configuration can be while it runs. Hosts and switches see only the difference. */
  reconfigure(wanted: WeftConfig): Reconfigured;
  /** Leaves every host and switch as it is. */
  stop(): Promise<void>;
}

/** For people alone: nothing is decided by it. */
const timeOfDay = (): string => new Date().toTimeString().slice(0, 8);

/** @throws WeftError when something can't be listened on, or a key can't be used; nothing is left running then. */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { config, logger, version, pace = new AuditPace() } = options;
  const counters = new Counters();
  const durations = new Durations();
  const streams = { openflow: new OpenStreams(), ovsdb: new OpenStreams() };
  const trouble = new Trouble(logger, counters, systemClock.now);
  const timers = trouble.guard(systemClock);
  const { rules, secret, mayConnect } = admissionSettings(config);
  const keys = openKeys({ config, log: logger, clock: systemClock, trustChanged: () => showAgain() });
  const journal = openJournal(config, logger, timers);
  let recorder: Recorder | null = null;
  const targetOf = (session: OvsdbSession) =>
    openFlowTarget(session.transport, session.localAddress ?? null, config.controllerAddress, listeners.openFlow);

  const watch = new EndpointWatch({
    rules: mobilityRules(config),
    perPort: config.endpoints.perPort,
    perHost: config.endpoints.perHost,
    timers,
    changed: () => weaver.changed(),
    ask: (station) => askStation(weaver.stationAt(station.place), station),
    defend: (station) => defendStation(weaver.stationAt(station.place), station),
  });
  const switches: Switches = new Switches({
    whereabouts: watch.fabric,
    loneWhereabouts: (dpid) => watch.lone(dpid),
    log: logger,
    timers,
    counters,
    durations,
    pace,
    timeOfDay,
    trouble,
    maxEntries: config.limits.hosts,
    isKept: (dpid) => weaver.bindings.has(dpid),
    forwardsByOthers: (dpid) => weaver.isPrepared(dpid),
    changed: () => weaver.changed(),
    found: (entry) => islands.found(entry),
    blockedFound: (dpid, ofports) => loops.remember(dpid, ofports),
    desired: (entry) => weaver.desiredSwitch(entry),
    judge: (dpid, session) => judgeOf(dpid, session),
    elsewhere: (dpid, session, outcome) => admission.elsewhere(session, ownerOf(dpid), outcome),
    provenFor: (dpid, session) => {
      const owner = ownerOf(dpid);
      return owner !== null && admission.comesFrom(session, owner) ? owner : null;
    },
    turnAway: (session, dpid, problem) => admission.turnAway(session, dpid, problem),
  });
  const ownerOf = (dpid: Dpid): HostId | null => weaver.bindings.get(dpid) ?? null;
  const judgeOf = (dpid: Dpid, session: OpenFlowSession) => {
    const owner = ownerOf(dpid);
    const problem = admission.judgeSwitch(session, owner);
    if (problem === null || switches.entries.get(dpid)?.provenFor === owner) return problem;
    // Its owner is so by rows alone, which anybody who was let in can write.
    return hosts.claimants(dpid).some((id) => admission.comesFrom(session, id)) ? null : problem;
  };
  const hosts: Hosts = new Hosts({
    defaultBridge: config.bridge,
    settings: hostSettings(config),
    log: logger,
    timers,
    counters,
    durations,
    timeOfDay,
    trouble,
    maxEntries: config.limits.hosts,
    connectedSwitches: (id, by) => ({
      has(dpid) {
        const session = switches.entries.get(dpid)?.session ?? null;
        return session !== null && admission.judgeSwitch(session, id, by) === null;
      },
    }),
    changed: () => weaver.changed(),
    touched: () => recorder?.changed(),
    desired: (entry, session) => desiredRows(entry, session),
  });
  const rowSettings = (id: HostId, session: OvsdbSession | null) => {
    const target = session === null ? null : targetOf(session).target;
    if (session === null || target === null) return null;
    return { controllerTarget: target, approval: admission.codeFor(session, id) };
  };
  const desiredRows = (entry: HostEntry, session: OvsdbSession | null): DesiredRows | null => {
    const settings = rowSettings(entry.id, session);
    return settings === null ? null : weaver.desiredRows(entry, settings.controllerTarget, settings.approval);
  };
  const admission: Admission = new Admission({
    rules,
    secret,
    log: logger,
    counters,
    now: timers.now,
    homeOf: (id) => ({
      home: hosts.entries.get(id)?.home ?? null,
      tunnelIp: weaver.tunnelIpOf(id),
    }),
    controllerAddress: config.controllerAddress,
    isSettled: (session, id) => {
      const entry = switches.entries.get(dpidOfSession(session));
      return entry?.session === session && entry.isProven && entry.provenFor === id;
    },
    admitted: (session) => hosts.rowsChanged(session),
    dismissed: (session, reason) => hosts.closed(session, reason),
  });
  const islands: Islands = new Islands({
    timers,
    log: logger,
    holdMs: config.timeouts.startHoldSec * 1000,
    session: (dpid) => switches.entries.get(dpid)?.session ?? null,
    changed: () => weaver.changed(),
    attempt: (work) => trouble.attempt("drawing an island anew", work),
  });
  const weaver: Weaver = new Weaver({
    hosts,
    switches,
    watch,
    islands,
    ...weaverSettings(config),
    loops: () => loops.facts,
    configuredFabricId: config.fabric.id,
    maxHosts: config.limits.hosts,
    startHoldMs: config.timeouts.startHoldSec * 1000,
    newFabricId: randomUUID,
    timers,
    log: logger,
    recomputed: (ms) => {
      counters.add("recomputations");
      durations.add("recompute", ms);
      recorder?.changed();
    },
    servesAlone: (id) => admission.servesAlone(id),
    trustsUnknown: rules.admit === "all",
    believes: (session, host) => admission.believes(session, host),
    comesFrom: (session, id) => admission.comesFrom(session, id),
    trouble,
    attempt: (work) => trouble.attempt("drawing the fabric anew", work),
  });

  const loops: LoopProbes = new LoopProbes({
    intervalMs: config.loops.probeSec * 1000,
    timers,
    ports: () => weaver.probedPorts(),
    session: (dpid) => switches.entries.get(dpid)?.session ?? null,
    doubt: (dpid, ofport) => switches.forgetHeardAt(dpid, ofport),
    changed: () => weaver.changed(),
  });

  const switchOf = (host: FabricHost) => weaver.switchOf(host);
  const isServed = (host: FabricHost) => weaver.isServed(host);
  const traces = new Traces({
    fabrics: () => weaver.fabrics,
    switchOf,
    desired: (entry) => ifTold(() => weaver.desiredSwitch(entry)),
    timers,
  });
  const checks = new FabricChecks({
    fabrics: () => weaver.fabrics,
    switchOf,
    isServed,
    underlay: () => ({ mtu: running.underlayMtu, checksums: running.tunnel.csum === true }),
    timers,
  });
  const liveTraces = new LiveTraces({ traces, switchOf, isServed, timers });

  const TOO_LARGE = "look at what it holds: this is more than a host of any fabric has; others are not touched by it";
  const GOODBYE = "the controller stops";
  const SHOW_AGAIN = "whom to trust has changed: show your certificate again";
  let stopping = false;
  /** A handshake may have begun with keys that are not in force any more. */
  const isStale = (session: { readonly certificate?: PeerCertificate }): boolean =>
    session.certificate !== undefined && session.certificate.trust !== keys?.material.trust;
  const showAgain = (): void => {
    for (const session of [...admission.sessions, ...switches.sessions]) {
      if (isStale(session)) session.close(SHOW_AGAIN);
    }
  };
  const ovsdbHandlers: OvsdbHandlers = {
    // A handshake that was under way when the controller stopped ends here.
    onReady: (session) => {
      if (stopping) session.close(GOODBYE);
      else if (isStale(session)) session.close(SHOW_AGAIN);
      else admission.rowsChanged(session);
    },
    onChange: (session) => admission.rowsChanged(session),
    onFault: ({ error, bytes }) => trouble.fault(`a message of ${error.context.peer}`, error, bytes),
    onTooLarge: (who, reason) => trouble.refused("refusedPeers", who, reason, TOO_LARGE),
    onClosed: (session, label, reason) => {
      if (session === undefined) {
        logger.warn({ peer: label, reason }, "an OVSDB connection ended before it was ready");
        return;
      }
      admission.closed(session);
      hosts.closed(session, reason);
    },
  };
  /** Nothing that is said on a spare connection counts. */
  const isInUse = (session: OpenFlowSession): boolean =>
    switches.entries.get(dpidOfSession(session))?.session === session;
  const packetInTakers = { counters, switches, senders: [liveTraces, checks], loops, islands };
  const openFlowHandlers: OpenFlowHandlers = {
    onReady: (session) => {
      if (stopping || isStale(session)) {
        session.close(stopping ? GOODBYE : SHOW_AGAIN);
        return;
      }
      switches.ready(session);
      hosts.switchConnected(dpidOfSession(session));
    },
    onPacketIn: (session, packetIn) => takePacketIn(packetInTakers, session, packetIn),
    onFlowRemoved: (session, removed) => switches.flowRemoved(session, removed),
    onFlowNews: (session, news) => switches.flowNews(session, news),
    onPortStatus: (session, { reason, port }) => {
      if (!isInUse(session)) return;
      // It may be up again before anything is drawn anew.
      const isDown = reason === "delete" || (port.state & OFPPS.LINK_DOWN) !== 0;
      if (isDown) islands.portGone(dpidOfSession(session), port.portNo);
      // Of a host its rows tell the same.
      if (ownerOf(dpidOfSession(session)) === null) weaver.changed();
    },
    onError: (session, { error, bytes }) => {
      counters.add("sessionErrors");
      if (error.code === "openflow/fault") {
        trouble.fault(`a message of ${error.context.peer}`, error, bytes);
        return;
      }
      logger.warn({ peer: session?.label, code: error.code, error: error.message }, "OpenFlow error");
    },
    onClosed: (session, reason, error) => {
      const isTooLarge = error?.code === "openflow/reply-too-large";
      const who = session?.remoteAddress ?? session?.label ?? "a switch";
      if (isTooLarge) trouble.refused("refusedPeers", who, reason, TOO_LARGE);
      if (session === undefined) logger.warn({ reason }, "an OpenFlow connection ended before it was ready");
      else switches.closed(session, reason);
    },
  };
  const { probeSec, handshakeSec } = config.timeouts;
  const sessionOptions = {
    handshakeMs: handshakeSec * 1000,
    liveness: { probeAfterMs: probeSec * 1000, dropAfterMs: 2 * probeSec * 1000 },
  };
  const openFlowOptions = {
    times: { handshakeMs: sessionOptions.handshakeMs, ...sessionOptions.liveness },
  };
  const refusals = new RefusalLog(logger, timers.now, () => counters.add("refusedPeers"));
  const { connections, connectionsPerSource } = config.limits;
  const gate = new ConnectionGate({ total: connections, perSource: connectionsPerSource }, ({ source, reason }) =>
    trouble.refused("refusedConnections", source ?? "a unix socket", reason, "raise it in weft.yaml if they are yours"),
  );
  const listeners = await openListeners({
    gate,
    ovsdb: config.listen.ovsdb,
    openflow: config.listen.openflow,
    log: logger,
    tls: keys,
    handshakeMs: sessionOptions.handshakeMs,
    mayConnect,
    onRefused: (refusal) => refusals.add(refusal),
    onOvsdb: (stream) => {
      streams.ovsdb.add(stream);
      serveOvsdb(stream, ovsdbHandlers, timers, sessionOptions);
    },
    onOpenFlow: (stream) => {
      streams.openflow.add(stream);
      serveOpenFlow(stream, openFlowHandlers, timers, openFlowOptions);
    },
  }).catch(async (error: unknown) => {
    weaver.stop();
    islands.stop();
    loops.stop();
    keys?.stop();
    await journal.close();
    throw error;
  });
  warnOfPlainListeners([...listeners.ovsdb, ...listeners.openFlow], config.admission.allow, logger);

  const connectionProblems = (id: HostId, entry: SwitchEntry | null) => {
    const session = hosts.entries.get(id)?.session ?? null;
    const problem = session === null ? null : targetOf(session).problem;
    const found = problem === null ? [] : [diagnostic(problem.code, problem.message, problem.remedy)];
    const sessions = [entry?.session ?? [], ...(entry?.spares ?? [])].flat();
    const strays = sessions.flatMap((one) => {
      const owner = ownerOf(dpidOfSession(one));
      const outcome = entry?.session === one ? "used" : "unused";
      const kept = owner === null ? null : admission.keptFrom(one, owner);
      return kept ?? admission.elsewhere(one, owner, outcome) ?? [];
    });
    return [...found, ...strays];
  };
  const commands = new HostCommands({
    released: (id) => admission.forget(id),
    hosts,
    switches,
    weaver,
    log: logger,
    timers,
    leadsHere: (session, target) => leadsHere(target, session.localAddress ?? null, listeners.ovsdb),
  });
  const rates = new RateMeter({ weaver, switches, counters, timers });
  let running = config;
  const queries = makeQueries({
    hosts,
    weaver,
    islands,
    counters,
    trouble,
    version,
    checks,
    traces,
    liveTraces,
    listeners: () => listeners.labels,
    timers,
    connectionProblems,
    commands,
    admission,
    problems: () => [
      ...keysProblems(keys),
      ...weaver.problems,
      ...admission.problems,
      ...refusals.problems,
      ...(journal.problem === null ? [] : [journal.problem]),
    ],
    reloadKeys: () => reloadKeys(keys),
    desiredRows: (entry) => desiredRows(entry, entry.session),
    wallClock: () => Date.now(),
    events: journal,
    rates: () => rates.ask(),
  });
  tellOfStart(journal, version);
  recorder = new Recorder({
    journal,
    picture: () => lookAt(queries.outlook()),
    settling: () => weaver.holding,
    timers,
  });
  return {
    listeners: listeners.labels,
    reconfigure(wanted) {
      const next = reconfigured(running, wanted);
      running = next.config;
      hosts.reconfigure(hostSettings(running));
      admission.reconfigure(knownHosts(running));
      weaver.reconfigure(weaverSettings(running));
      tellOfReload(journal, next);
      return next;
    },
    plan: (wanted) =>
      planFor(
        { hosts, weaver, rowSettings: (id) => rowSettings(id, hosts.entries.get(id)?.session ?? null) },
        running,
        wanted,
      ),
    queries: journalled(queries, journal),
    vitals: makeVitals({ weaver, hosts: queries.hosts, durations, streams }),
    reloadKeys: () => void keys?.reload(),
    async stop() {
      stopping = true;
      trouble.attempt("looking for what has changed", () => recorder?.stop());
      rates.stop();
      tellOfStop(journal);
      weaver.stop();
      islands.stop();
      watch.stop();
      loops.stop();
      keys?.stop();
      for (const session of admission.sessions) session.close(GOODBYE);
      hosts.stop();
      switches.stop();
      await Promise.all([listeners.close(), journal.close()]);
    },
  };
}
