// The composition root: wires sockets, facts, fabric and reconciliation together. It holds no rule.
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Queries } from "../api/views.ts";
import type { WeftConfig } from "../config/index.ts";
import { diagnostic } from "../model/diagnostic.ts";
import type { HostId } from "../model/facts.ts";
import { AuditPace } from "../reconcile/audit-pace.ts";
import { type OpenFlowHandlers, serveOpenFlow } from "../southbound/openflow/index.ts";
import { type OvsdbHandlers, type OvsdbSession, serveOvsdb } from "../southbound/ovsdb/index.ts";
import { systemClock } from "../southbound/stream/index.ts";
import { Counters } from "./counters.ts";
import { EndpointWatch } from "./endpoint-watch.ts";
import { Hosts } from "./hosts.ts";
import { openListeners } from "./listeners.ts";
import { isProbe, LoopProbes } from "./loop-probes.ts";
import { openFlowTarget } from "./openflow-target.ts";
import { makeQueries } from "./queries.ts";
import { type Reconfigured, reconfigured } from "./reconfigure.ts";
import { hostSettings, mobilityRules, weaverSettings } from "./settings.ts";
import { askStation, defendStation } from "./station-frames.ts";
import { dpidText, Switches } from "./switches.ts";
import { Weaver } from "./weaver.ts";

export interface ControllerOptions {
  readonly config: WeftConfig;
  readonly logger: Logger;
  readonly version: string;
}

export interface RunningController {
  /** Such as `ovsdb ptcp:6640`. */
  readonly listeners: readonly string[];
  readonly queries: Queries;
  /** Takes over what of a changed configuration can be while it runs. Hosts and switches see only the difference. */
  reconfigure(wanted: WeftConfig): Reconfigured;
  /** Leaves every host and switch as it is. */
  stop(): Promise<void>;
}

/** For people alone: nothing is decided by it. */
const timeOfDay = (): string => new Date().toTimeString().slice(0, 8);

/** @throws WeftError when something can't be listened on; nothing is left running then. */
export async function startController({ config, logger, version }: ControllerOptions): Promise<RunningController> {
  const timers = systemClock;
  const counters = new Counters();
  const targetOf = (session: OvsdbSession) =>
    openFlowTarget(session.localAddress ?? null, config.controllerAddress, listeners.openFlow);

  const watch = new EndpointWatch({
    rules: mobilityRules(config),
    perPort: config.endpoints.perPort,
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
    pace: new AuditPace(),
    timeOfDay,
    changed: () => weaver.changed(),
    blockedFound: (dpid, ofports) => loops.remember(dpid, ofports),
    desired: (entry) => weaver.desiredSwitch(entry),
  });
  const hosts: Hosts = new Hosts({
    defaultBridge: config.bridge,
    settings: hostSettings(config),
    log: logger,
    timers,
    counters,
    timeOfDay,
    connectedSwitches: () =>
      new Set([...switches.entries.values()].filter((entry) => entry.session !== null).map((entry) => entry.dpid)),
    changed: () => weaver.changed(),
    desired: (entry, session) => {
      const { target } = targetOf(session);
      return target === null ? null : weaver.desiredRows(entry, target);
    },
  });
  const weaver: Weaver = new Weaver({
    hosts,
    switches,
    watch,
    ...weaverSettings(config),
    loops: () => loops.facts,
    configuredFabricId: config.fabric.id,
    startHoldMs: config.timeouts.startHoldSec * 1000,
    newFabricId: randomUUID,
    timers,
    log: logger,
    recomputed: () => counters.add("recomputations"),
  });

  const loops: LoopProbes = new LoopProbes({
    intervalMs: config.loops.probeSec * 1000,
    timers,
    ports: () => weaver.probedPorts(),
    session: (dpid) => switches.entries.get(dpid)?.session ?? null,
    doubt: (dpid, ofport) => switches.forgetHeardAt(dpid, ofport),
    changed: () => weaver.changed(),
  });

  const GOODBYE = "the controller stops";
  let stopping = false;
  const ovsdbHandlers: OvsdbHandlers = {
    // A handshake that was under way when the controller stopped ends here.
    onReady: (session) => (stopping ? session.close(GOODBYE) : hosts.rowsChanged(session)),
    onChange: (session) => hosts.rowsChanged(session),
    onClosed: (session, label, reason) => {
      if (session === undefined) logger.warn({ peer: label, reason }, "an OVSDB connection ended before it was ready");
      else hosts.closed(session, reason);
    },
  };
  const openFlowHandlers: OpenFlowHandlers = {
    onReady: (session) => {
      if (stopping) {
        session.close(GOODBYE);
        return;
      }
      switches.ready(session);
      hosts.refreshAll();
    },
    onPacketIn: (session, packetIn) => {
      if (isProbe(packetIn)) {
        counters.add("packetIns");
        loops.received(dpidText(session.datapathId), packetIn);
      } else switches.packetIn(session, packetIn);
    },
    onFlowRemoved: (session, removed) => switches.flowRemoved(session, removed),
    onFlowNews: (session, news) => switches.flowNews(session, news),
    onPortStatus: () => weaver.changed(),
    onError: (session, { error }) => {
      counters.add("sessionErrors");
      logger.warn({ peer: session?.label, code: error.code, error: error.message }, "OpenFlow error");
    },
    onClosed: (session, reason) => {
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
  const listeners = await openListeners({
    ovsdb: config.listen.ovsdb,
    openflow: config.listen.openflow,
    log: logger,
    onOvsdb: (stream) => serveOvsdb(stream, ovsdbHandlers, systemClock, sessionOptions),
    onOpenFlow: (stream) => serveOpenFlow(stream, openFlowHandlers, systemClock, openFlowOptions),
  }).catch((error: unknown) => {
    weaver.stop();
    loops.stop();
    throw error;
  });

  const connectionProblems = (id: HostId) => {
    const session = hosts.entries.get(id)?.session ?? null;
    const problem = session === null ? null : targetOf(session).problem;
    return problem === null ? [] : [diagnostic(problem.code, problem.message, problem.remedy)];
  };
  let running = config;
  return {
    listeners: listeners.labels,
    reconfigure(wanted) {
      const next = reconfigured(running, wanted);
      running = next.config;
      hosts.reconfigure(hostSettings(running));
      weaver.reconfigure(weaverSettings(running));
      return next;
    },
    queries: makeQueries({
      hosts,
      switches,
      weaver,
      counters,
      version,
      listeners: () => listeners.labels,
      nowMs: timers.now,
      connectionProblems,
    }),
    async stop() {
      stopping = true;
      weaver.stop();
      watch.stop();
      loops.stop();
      hosts.stop();
      switches.stop();
      await listeners.close();
    },
  };
}
