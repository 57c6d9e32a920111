// The fabric as the api shows it.

import { WeftError } from "../../proto/bytes/errors.ts";
import { type FlowStats, formatGroup } from "../../proto/openflow13/index.ts";
import type { EventFeed } from "../api/event-views.ts";
import type { RatesView } from "../api/rate-views.ts";
import { moment } from "../api/render/events.ts";
import type {
  EndpointView,
  FlowsView,
  HostState,
  HostView,
  NetworkView,
  PortView,
  ProblemView,
  Queries,
  StatusView,
  TopologyView,
  TunnelView,
} from "../api/views.ts";
import { disputedSince } from "../api/where.ts";
import { withoutForeignFlows, worstFirst } from "../doctor/index.ts";
import type { HostOutlook, Outlook } from "../journal/look.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import { sortedEndpoints } from "../model/fabric-endpoints.ts";
import type { HostId } from "../model/facts.ts";
import { flowBasedProblem } from "../model/flow-based.ts";
import { relaysInUse } from "../model/relays-in-use.ts";
import { shellWord } from "../model/shell-word.ts";
import { unknownNames } from "../model/unknown-names.ts";
import { type DesiredFlow, type DesiredSwitch, flowForm, flowKey } from "../pipeline/desired.ts";
import { capProblems } from "../pipeline/flood.ts";
import { groupName } from "../pipeline/registry.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { Admission } from "./admission.ts";
import type { Counters } from "./counters.ts";
import { makeExamination } from "./examination.ts";
import type { FabricChecks } from "./fabric-check.ts";
import type { HostCommands } from "./host-commands.ts";
import { type HostEntry, type Hosts, hostProblems } from "./hosts.ts";
import { ifTold } from "./if-told.ts";
import type { Islands } from "./islands.ts";
import type { LiveTraces } from "./live-traces.ts";
import { tunnelsOf, tunnelView } from "./measures.ts";
import { silenceProblems, silentTunnels, toldByOthers } from "./silences.ts";
import { statusCounts } from "./status-counts.ts";
import { type Dpid, type SwitchEntry, switchProblems } from "./switch-entry.ts";
import type { Traces } from "./traces.ts";
import type { Trouble } from "./trouble.ts";
import {
  endpointView,
  flowView,
  foreignTunnelViews,
  linkViews,
  namedProblems,
  portView,
  problemViews,
  withVisitors,
  withWaiting,
} from "./view-parts.ts";
import type { Weaver } from "./weaver.ts";

export interface QueriesOptions {
  readonly hosts: Hosts;
  readonly weaver: Weaver;
  readonly islands: Islands;
  readonly counters: Counters;
  readonly trouble: Trouble;
  readonly checks: FabricChecks;
  readonly traces: Traces;
  readonly liveTraces: LiveTraces;
  readonly version: string;
  readonly listeners: () => readonly string[];
  readonly timers: Timers;
  /** What is wrong between a host and this controller, such as no address to give it. */
  readonly connectionProblems: (id: HostId, entry: SwitchEntry | null) => readonly Diagnostic[];
  readonly commands: HostCommands;
  readonly admission: Admission;
  /** What is wrong with the controller itself, or with those before its door. */
  readonly problems: () => readonly Diagnostic[];
  readonly reloadKeys: () => string;
  readonly events: EventFeed;
  readonly rates: () => Promise<RatesView>;
  readonly desiredRows: (entry: HostEntry) => DesiredRows | null;
  readonly wallClock: () => number;
}

export interface ControllerQueries extends Queries {
  /** As much of all this as the journal tells of. */
  outlook(): Outlook;
}

function listOf<T>(one: T | null): readonly T[] {
  return one === null ? [] : [one];
}

function least(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : Math.min(...known);
}

export function makeQueries(options: QueriesOptions): ControllerQueries {
  const { hosts, weaver, islands } = options;
  const startedAtMs = options.timers.now();

  /** Every host with the fabric it is part of: the tunnel fabric's first, then lone switches. */
  function everyHost(): { fabric: Fabric; host: FabricHost }[] {
    return weaver.fabrics.flatMap((fabric) => [...fabric.hosts.values()].map((host) => ({ fabric, host })));
  }

  const switchOf = (host: FabricHost): SwitchEntry | null => weaver.switchOf(host);

  const desiredOf = (entry: SwitchEntry): DesiredSwitch | null => ifTold(() => weaver.desiredSwitch(entry));

  function problemsOf(fabric: Fabric, host: FabricHost, entry: SwitchEntry | null): readonly Diagnostic[] {
    const hostEntry = hosts.entries.get(host.id);
    // Before its turn a bridge forwards by flows that are not Weft's.
    const foreign = host.fact?.adoption?.stage === "prepare" ? 0 : (entry?.installed?.foreign.size ?? 0);
    return [
      ...(hostEntry === undefined ? [] : hostProblems(hostEntry)),
      ...options.connectionProblems(host.id, entry),
      ...listOf(weaver.problemOf(host.id)),
      ...(weaver.rivals.get(host.id) ?? []),
      ...host.problems,
      ...(fabric.problems.get(host.id) ?? []),
      ...(entry === null ? [] : switchProblems(entry)),
      ...capProblems(fabric, host),
      ...silenceProblems(host.tunnelIp, silentTunnels(fabric, host, isHere)),
      ...host.ports.flatMap((port) => [...port.fact.problems, ...port.problems]),
      ...(foreign === 0
        ? []
        : [
            {
              code: "switch/foreign-flows",
              message: `the bridge holds ${foreign} ${foreign === 1 ? "flow" : "flows"} that Weft did not write`,
              remedy: `weft flows ${shellWord(host.id)} lists them as foreign; each goes by ovs-ofctl --strict del-flows ${shellWord(host.fact?.bridgeName || "BRIDGE")} 'table=...,priority=...,MATCH'`,
            },
          ]),
    ];
  }

  function stateOf(host: FabricHost, entry: SwitchEntry | null): HostState {
    const connected = hosts.entries.get(host.id)?.session != null;
    const kind = host.fact?.standing.kind;
    if (kind === "waiting" || kind === "refused") return connected ? kind : "down";
    if (host.plain !== null) return entry?.session == null ? "down" : "up";
    if (!connected && entry?.session == null) return "down";
    if (!connected) return "down";
    const wired = entry?.session != null && entry.isRead && host.index !== null && host.adoption?.forwards !== false;
    return wired ? "up" : "joining";
  }

  function hostView({ fabric, host }: { fabric: Fabric; host: FabricHost }): HostView {
    const entry = switchOf(host);
    const dpid: Dpid | null = host.fact?.dpid ?? entry?.dpid ?? null;
    const desired = entry === null ? null : desiredOf(entry);
    const installed = entry?.installed?.flows.size ?? 0;
    return {
      id: host.id,
      name: host.name,
      // Of a switch without OVSDB it is only a number in labels.
      index: host.plain === null ? host.index : null,
      tunnelIp: host.tunnelIp,
      bridge: host.fact === null || host.fact.bridgeName === "" ? null : host.fact.bridgeName,
      dpid,
      ovsdb: hosts.entries.get(host.id)?.session == null ? "disconnected" : "connected",
      openflow: entry?.session == null ? "disconnected" : "connected",
      state: stateOf(host, entry),
      ovsVersion: host.fact?.ovsVersion ?? entry?.session?.desc.sw ?? null,
      flows: { desired: desired?.flows.size ?? installed, installed },
      problems: problemViews(withoutForeignFlows(problemsOf(fabric, host, entry), entry?.installed?.foreign.size ?? 0)),
    };
  }

  function hostOutlook(fabric: Fabric, host: FabricHost): HostOutlook {
    const entry = switchOf(host);
    const standing = host.fact?.standing;
    return {
      id: host.id,
      name: host.name,
      state: stateOf(host, entry),
      openflow: entry?.session != null,
      adoption: host.fact?.adoption?.stage ?? null,
      reason: standing?.kind === "waiting" || standing?.kind === "refused" ? standing.problem.message : null,
      problems: problemsOf(fabric, host, entry),
    };
  }

  function outlook(): Outlook {
    const known = everyHost().map(({ fabric, host }) => hostOutlook(fabric, host));
    const problems = [...options.trouble.problems(), ...fabricProblems(), ...options.problems()];
    return { fabrics: weaver.fabrics, hosts: withWaiting(known, options.admission.visitors), problems };
  }

  function tunnelViews(): TunnelView[] {
    const fabric = weaver.fabric;
    if (fabric === null) return [];
    return Array.from(tunnelsOf(fabric), tunnelView);
  }

  const isHere = (id: HostId): boolean => hosts.entries.get(id)?.session != null;

  function portViews(): PortView[] {
    return everyHost().flatMap(({ host }) => host.ports.map((port) => portView(host, port)));
  }

  function endpointViews(): EndpointView[] {
    return weaver.fabrics.flatMap((fabric) => sortedEndpoints(fabric).map((one) => endpointView(fabric, one)));
  }

  function networkViews(): NetworkView[] {
    const found = new Map<string, NetworkView>();
    for (const fabric of weaver.fabrics) {
      for (const network of fabric.networks.all()) {
        const members = [...fabric.hosts.values()].filter((host) =>
          host.ports.some((port) => port.attachments.some((at) => at.network.vni === network.vni)),
        );
        const ports = members.reduce(
          (sum, host) =>
            sum + host.ports.filter((port) => port.attachments.some((at) => at.network.vni === network.vni)).length,
          0,
        );
        const endpoints = [...fabric.endpoints.values()].filter((one) => one.vni === network.vni).length;
        const before = found.get(network.name);
        found.set(network.name, {
          name: network.name,
          vni: network.vni,
          tag: network.tag,
          hosts: [...(before?.hosts ?? []), ...members.map((host) => host.id)].sort(),
          ports: (before?.ports ?? 0) + ports,
          endpoints: (before?.endpoints ?? 0) + endpoints,
          mtu: least([before?.mtu, ...members.map((host) => host.mtus.get(network.vni))]),
        });
      }
    }
    return [...found.values()].sort((a, b) => a.vni - b.vni);
  }

  function topology(): TopologyView {
    return {
      fabric: weaver.fabric?.id ?? null,
      hosts: everyHost().map(hostView),
      tunnels: tunnelViews(),
      relays: weaver.fabric === null ? [] : relaysInUse(weaver.fabric),
      foreignTunnels: weaver.fabric === null ? [] : foreignTunnelViews(weaver.fabric),
      links: linkViews(islands.links),
      networks: networkViews(),
      endpoints: endpointViews(),
    };
  }

  function findHost(text: string): { fabric: Fabric; host: FabricHost } {
    const all = everyHost();
    const byId = all.find(({ host }) => host.id === text);
    if (byId !== undefined) return byId;
    // Hosts give themselves their names: an order must not reach one that has taken the name of another.
    const called = all.filter(
      ({ host }) => host.name === text || (host.plain === null && host.index !== null && String(host.index) === text),
    );
    const [found, ...others] = called;
    if (found !== undefined && others.length > 0) {
      const which = called.map(({ host }) => (host.index === null ? host.id : `${host.id} (index ${host.index})`));
      throw new WeftError(
        "host/ambiguous",
        `more than one host is called "${text}": say which by its id: ${which.join(", ")}`,
        {
          context: { host: text },
        },
      );
    }
    if (found !== undefined) return found;
    const known = all.map(({ host }) => host.name).join(", ");
    throw new WeftError("host/unknown", `no host is called "${text}"; known: ${known === "" ? "none" : known}`, {
      context: { host: text },
    });
  }

  async function flows(text: string): Promise<FlowsView> {
    const { host } = findHost(text);
    const entry = switchOf(host);
    const desired = entry === null ? null : desiredOf(entry);
    const held: readonly (FlowStats | DesiredFlow)[] =
      entry?.session == null ? [...(entry?.installed?.flows.values() ?? [])] : await entry.session.readFlows();
    const groups =
      entry?.session == null ? [...(entry?.installed?.groups.values() ?? [])] : await entry.session.readGroups();
    const forms = new Set(held.map((flow) => `${flowKey(flow.tableId, flow.priority, flow.match)}=${flowForm(flow)}`));
    const missing = [...(desired?.flows.values() ?? [])].filter((flow) => !forms.has(`${flow.key}=${flow.form}`));
    const shown = [...held.map((flow) => flowView(flow, true)), ...missing.map((flow) => flowView(flow, false))];
    return {
      host: host.id,
      flows: shown.sort(
        (a, b) =>
          a.tableId - b.tableId || b.priority - a.priority || (a.match < b.match ? -1 : a.match > b.match ? 1 : 0),
      ),
      groups: [...groups]
        .sort((a, b) => a.groupId - b.groupId)
        .map((group) => ({ id: group.groupId, name: groupName(group.groupId), text: formatGroup(group) })),
    };
  }

  /** What concerns no single host. */
  function fabricProblems(): readonly Diagnostic[] {
    const { fabric } = weaver;
    if (fabric === null) return [];
    const problem = fabric.flowBased ? flowBasedProblem(fabric.hosts.size, { healing: fabric.bfd.enabled }) : null;
    // Shortly after a start hosts may not have come back yet.
    const strangers = weaver.holding
      ? []
      : unknownNames(fabric.topology, weaver.endpointSettings, fabric.hosts.values());
    return [...(problem === null ? [] : [problem]), ...strangers];
  }

  function controllerProblems(): readonly Diagnostic[] {
    return [...options.trouble.problems(), ...fabricProblems(), ...options.problems()];
  }

  const examination = makeExamination({
    ...{ hosts, timers: options.timers, everyHost, switchOf, problemsOf },
    problems: controllerProblems,
    desiredRows: (entry) => ifTold(() => options.desiredRows(entry)),
    desiredSwitch: desiredOf,
    wallClock: options.wallClock,
    disputedSince: (what) => {
      const at = disputedSince(options.events.since(0, Number.MAX_SAFE_INTEGER), `${what} `);
      return at === null ? null : moment(at);
    },
  });
  const idOf = (text: string | undefined): HostId | null => (text === undefined ? null : findHost(text).host.id);

  /** What two hosts have a part in is told of both, in one line. */
  function hostsProblems(views: readonly HostView[]): readonly ProblemView[] {
    const silentIds = new Set(
      views.flatMap(({ id, problems }) => (problems.some(({ code }) => code === "host/tunnels-down") ? [id] : [])),
    );
    const silent = everyHost().filter(({ host }) => silentIds.has(host.id));
    const doubled = toldByOthers(
      silent.map(({ fabric, host }) => ({
        ...{ id: host.id, tunnelIp: host.tunnelIp },
        silent: silentTunnels(fabric, host, isHere),
      })),
    );
    return namedProblems(
      views.map(({ id, name, problems }) => ({
        name,
        problems: problems.filter(({ message }) => doubled.get(id)?.has(message) !== true),
      })),
    );
  }

  function status(): StatusView {
    const all = topology();
    return {
      version: options.version,
      fabric: all.fabric,
      uptimeSec: Math.floor((options.timers.now() - startedAtMs) / 1000),
      ...statusCounts(all, portViews()),
      listeners: options.listeners(),
      problems: worstFirst(problemViews([...controllerProblems(), ...hostsProblems(all.hosts)])),
      counters: options.counters.snapshot(),
    };
  }

  return {
    outlook,
    events: options.events,
    rates: options.rates,
    status,
    hosts: () => withVisitors(everyHost().map(hostView), options.admission.visitors),
    tunnels: tunnelViews,
    ports: portViews,
    endpoints: endpointViews,
    networks: networkViews,
    topology,
    flows,
    check: ({ hosts: texts, ...request }) =>
      options.checks.check({ ...request, hosts: texts.map((text) => findHost(text).host.id) }),
    checkProgress: () => options.checks.progress,
    picture: () => options.traces.picture(),
    trace: ({ live, ...request }) =>
      live === true ? options.liveTraces.trace(request) : options.traces.trace(request),
    doctor: async (text) => examination.doctor(idOf(text)),
    drift: async (text) => examination.drift(idOf(text)),
    adoptHost: (text, adopting) => options.commands.adopt(findHost(text).host.id, adopting),
    releaseHost: (text) => options.commands.release(findHost(text).host.id),
    forgetHost(text) {
      const { host } = findHost(text);
      if (hosts.entries.get(host.id)?.session != null || switchOf(host)?.session != null) {
        throw new WeftError(
          "host/connected",
          `host ${host.id} is connected; on it, first: ovs-vsctl del-manager, and del-controller on its bridge`,
        );
      }
      weaver.forget(host.id);
      options.admission.forget(host.id);
    },
    approveHost(id) {
      const hasMoved = weaver.confirmTunnelIp(id);
      if (!hasMoved || options.admission.waits(id)) options.admission.approve(id);
    },
    reloadTls: options.reloadKeys,
  };
}
