// The composition root: wires sockets, facts, fabric and reconciliation together. It holds no rule.
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Queries } from "../api/views.ts";
import type { WeftConfig } from "../config/index.ts";
import { diagnostic } from "../model/diagnostic.ts";
import type { HostId } from "../model/facts.ts";
import { type OpenFlowHandlers, serveOpenFlow } from "../southbound/openflow/index.ts";
import { type OvsdbHandlers, type OvsdbSession, serveOvsdb } from "../southbound/ovsdb/index.ts";
import { ConnectionGate, systemClock } from "../southbound/stream/index.ts";
import { Counters } from "./counters.ts";
import { EndpointWatch } from "./endpoint-watch.ts";
import { Hosts } from "./hosts.ts";
import { openListeners } from "./listeners.ts";
import { isProbe, LoopProbes } from "./loop-probes.ts";
import { openFlowTarget } from "./openflow-target.ts";
import { makeQueries } from "./queries.ts";
import {
  endpointSettings,
  hostSettings,
  mobilityRules,
  networkSettings,
  pipelineSettings,
  topologyOf,
} from "./settings.ts";
import { askStation, defendStation } from "./station-frames.ts";
import { dpidText, Switches } from "./switches.ts";
import { Trouble } from "./trouble.ts";
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
  /** Leaves every host and switch as it is. */
  stop(): Promise<void>;
}

/** @throws WeftError when something can't be listened on; nothing is left running then. */
export async function startController({ config, logger, version }: ControllerOptions): Promise<RunningController> {
  const counters = new Counters();
  const trouble = new Trouble(logger, counters, systemClock.now);
  const timers = trouble.guard(systemClock);
  const settings = hostSettings(config);
  const targetOf = (session: OvsdbSession) =>
    openFlowTarget(session.localAddress ?? null, config.controllerAddress, listeners.openFlow);

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
    trouble,
    maxEntries: config.limits.hosts,
    isKept: (dpid) => weaver.bindings.has(dpid),
    changed: () => weaver.changed(),
    blockedFound: (dpid, ofports) => loops.remember(dpid, ofports),
    desired: (entry) => weaver.desiredSwitch(entry),
  });
  const hosts: Hosts = new Hosts({
    defaultBridge: config.bridge,
    settings,
    log: logger,
    timers,
    counters,
    trouble,
    maxEntries: config.limits.hosts,
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
    tunnelType: config.tunnel.type,
    tunnelOptions: config.tunnel,
    bfd: config.bfd,
    topology: topologyOf(config),
    datapathType: config.datapathType,
    networkSettings: networkSettings(config),
    endpointSettings: endpointSettings(config),
    hostSettings: settings,
    pipeline: pipelineSettings(config),
    underlayMtu: config.underlayMtu,
    requestMtu: config.mtu.request,
    loops: () => loops.facts,
    configuredFabricId: config.fabric.id,
    startHoldMs: config.timeouts.startHoldSec * 1000,
    newFabricId: randomUUID,
    timers,
    log: logger,
    recomputed: () => counters.add("recomputations"),
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

  const GOODBYE = "the controller stops";
  let stopping = false;
  const ovsdbHandlers: OvsdbHandlers = {
    // A handshake that was under way when the controller stopped ends here.
    onReady: (session) => (stopping ? session.close(GOODBYE) : hosts.rowsChanged(session)),
    onChange: (session) => hosts.rowsChanged(session),
    onFault: ({ error, bytes }) => trouble.fault(`a message of ${error.context.peer}`, error, bytes),
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
    onPortStatus: () => weaver.changed(),
    onError: (session, { error, bytes }) => {
      counters.add("sessionErrors");
      if (error.code === "openflow/fault") {
        trouble.fault(`a message of ${error.context.peer}`, error, bytes);
        return;
      }
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
  const { connections, connectionsPerSource } = config.limits;
  const gate = new ConnectionGate({ total: connections, perSource: connectionsPerSource }, ({ source, reason }) =>
    trouble.refused("refusedConnections", source ?? "a unix socket", reason, "raise it in weft.yaml if they are yours"),
  );
  const listeners = await openListeners({
    gate,
    ovsdb: config.listen.ovsdb,
    openflow: config.listen.openflow,
    log: logger,
    onOvsdb: (stream) => serveOvsdb(stream, ovsdbHandlers, timers, sessionOptions),
    onOpenFlow: (stream) => serveOpenFlow(stream, openFlowHandlers, timers, openFlowOptions),
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
  return {
    listeners: listeners.labels,
    queries: makeQueries({
      hosts,
      switches,
      weaver,
      counters,
      trouble,
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
