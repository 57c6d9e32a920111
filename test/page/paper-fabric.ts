// Fabrics on paper, of any size, for tests and pictures of the page: what a controller would say of them.
import { WeftError } from "../../proto/bytes/errors.ts";
import type { MeasuresView } from "../../src/api/measures-views.ts";
import type { TraceRequest, TraceView } from "../../src/api/trace-views.ts";
import type { EndpointView, HostView, NetworkView, Queries, TopologyView, TunnelView } from "../../src/api/views.ts";
import { FakeQueries } from "../unit/api/fake-queries.ts";

export interface PaperOptions {
  readonly hosts: number;
  readonly endpointsPerHost?: number;
  /** Pairs of numbers of hosts, from 1: the direction from the first to the second is down. */
  readonly cut?: readonly (readonly [number, number])[];
  /** Numbers of hosts that are away. */
  readonly away?: readonly number[];
  /** Numbers of hosts that all others are bound to; none: every pair has a tunnel. */
  readonly hubs?: readonly number[];
}

const hex = (value: number): string => value.toString(16).padStart(2, "0");
const idOf = (at: number): string => `host${at}`;
const ipOf = (at: number): string => `10.0.${at >> 8}.${at & 255}`;

function hostView(at: number, { away = [], hosts }: PaperOptions): HostView {
  const isAway = away.includes(at);
  const problem = {
    code: "host/away",
    message: `host${at} has been away for two minutes`,
    remedy: "see that it runs, and that ovs-vsctl get-manager names this controller",
  };
  return {
    id: idOf(at),
    name: idOf(at),
    index: at,
    tunnelIp: ipOf(at),
    bridge: "br-int",
    dpid: at.toString(16).padStart(16, "0"),
    ovsdb: isAway ? "disconnected" : "connected",
    openflow: isAway ? "disconnected" : "connected",
    state: isAway ? "down" : "up",
    ovsVersion: "3.1.0",
    flows: { desired: 20 + hosts * 2, installed: 20 + hosts * 2 },
    problems: isAway ? [problem] : [],
  };
}

function tunnelViews(options: PaperOptions): TunnelView[] {
  const { hosts, cut = [], away = [], hubs = [] } = options;
  const down = new Set(cut.map(([from, to]) => `${from} ${to}`));
  const tunnels: TunnelView[] = [];
  for (let from = 1; from <= hosts; from++) {
    for (let to = 1; to <= hosts; to++) {
      if (from === to || (hubs.length > 0 && !hubs.includes(from) && !hubs.includes(to))) continue;
      const isDown = down.has(`${from} ${to}`) || away.includes(from) || away.includes(to);
      tunnels.push({
        from: idOf(from),
        to: idOf(to),
        type: "geneve",
        state: isDown ? "down" : "up",
        name: `geneve${to}`,
        ofport: 0xa000 + to,
        remoteIp: ipOf(to),
        reason: isDown ? "BFD: Control Detection Time Expired" : null,
      });
    }
  }
  return tunnels;
}

function endpointViews({ hosts, endpointsPerHost = 2 }: PaperOptions): EndpointView[] {
  const found: EndpointView[] = [];
  for (let host = 1; host <= hosts; host++) {
    for (let at = 1; at <= endpointsPerHost; at++) {
      const network = at % 2 === 1 ? "default" : "vlan10";
      const ips = [`172.16.${host >> 8 === 0 ? at : at + 100}.${host & 255}`];
      const mac = `02:00:00:${hex(at)}:${hex(host >> 8)}:${hex(host & 255)}`;
      found.push({ mac, ips, network, host: idOf(host), port: `tap${at}`, origin: "observed" });
    }
  }
  return found;
}

function networkViews({ hosts }: PaperOptions, endpoints: readonly EndpointView[]): NetworkView[] {
  const all = Array.from({ length: hosts }, (_, at) => idOf(at + 1));
  const count = (name: string): number => endpoints.filter(({ network }) => network === name).length;
  const even = all.filter((_, at) => at % 2 === 0);
  return [
    { name: "vlan10", vni: 10, tag: 10, hosts: even, ports: even.length, endpoints: count("vlan10"), mtu: 1442 },
    { name: "default", vni: 4095, tag: null, hosts: all, ports: all.length, endpoints: count("default"), mtu: 1442 },
  ];
}

function pathOf(request: TraceRequest, from: EndpointView, to: EndpointView): TraceView {
  const common = { bridge: "br-int", frame: "icmp", dropped: null, seenUs: null };
  const step = {
    table: "FORWARD",
    tableId: 30,
    priority: 100,
    match: `dl_dst=${to.mac}`,
    actions: "group:65538",
    cookie: "0x5745460000000001",
    reason: `${to.ips[0]} is on ${to.host} port ${to.port}, observed there`,
  };
  const [port, last] = [from.port ?? "", to.port ?? ""];
  const tunnel = { port: `geneve${to.host.slice(4)}`, ofport: 0xa000, toHost: to.host, arrives: true, reason: null };
  const guest = { port: last, ofport: 1, toHost: null, arrives: true, reason: null };
  return {
    request,
    from: `${from.ips[0]} on ${from.host} port ${port}`,
    to: `${to.ips[0]} on ${to.host} port ${last}`,
    frame: "icmp",
    live: false,
    verdict: "delivered",
    summary: `It is delivered to ${to.host} port ${last}.`,
    hops: [
      { ...common, host: from.host, inPort: port, fromHost: null, steps: [step], outputs: [tunnel] },
      {
        ...common,
        host: to.host,
        inPort: `geneve${from.host.slice(4)}`,
        fromHost: from.host,
        steps: [step],
        outputs: [guest],
      },
    ],
    deliveries: [{ host: to.host, port: last }],
  };
}

export class PaperQueries extends FakeQueries {
  options: PaperOptions;

  constructor(options: PaperOptions) {
    super();
    this.options = options;
  }
  override hosts(): readonly HostView[] {
    return Array.from({ length: this.options.hosts }, (_, at) => hostView(at + 1, this.options));
  }
  override tunnels(): readonly TunnelView[] {
    return tunnelViews(this.options);
  }
  override endpoints(): readonly EndpointView[] {
    return endpointViews(this.options);
  }
  override networks(): readonly NetworkView[] {
    return networkViews(this.options, this.endpoints());
  }
  override topology() {
    const view: TopologyView = {
      fabric: "f1",
      hosts: this.hosts(),
      tunnels: this.tunnels(),
      links: [],
      networks: this.networks(),
      endpoints: this.endpoints(),
    };
    return view as ReturnType<FakeQueries["topology"]>;
  }
  override async doctor() {
    const away = this.hosts().flatMap(({ id, problems }) =>
      problems.map((one) => ({ ...one, severity: "critical" as const, host: id, subject: null, command: null })),
    );
    const cut = this.tunnels()
      .filter(({ state, from, to }) => state === "down" && !this.#isAway(from) && !this.#isAway(to))
      .map(({ from, to, name, remoteIp }) => ({
        code: "tunnel/cut",
        severity: "critical" as const,
        host: from,
        subject: name,
        message: `nothing comes through to ${from} from ${to} by ${name}`,
        remedy: `the path from ${remoteIp} is cut, or a firewall eats UDP 6081`,
        command: `tcpdump -ni any 'udp port 6081 and src ${remoteIp}'`,
      }));
    return [...away, ...cut];
  }
  override async trace(request: TraceRequest): Promise<TraceView> {
    const find = (text: string) =>
      this.endpoints().find(({ mac, ips, port, host }) => [mac, ...ips, `${host}:${port}`].includes(text));
    const [from, to] = [find(request.from), find(request.to)];
    if (from === undefined || to === undefined) {
      const unknown = from === undefined ? request.from : request.to;
      throw new WeftError("trace/unknown", `nothing is known by the name "${unknown}"`);
    }
    return pathOf(request, from, to);
  }
  #isAway(id: string): boolean {
    return this.options.away?.includes(Number(id.slice(4))) === true;
  }
}

const NO_DURATIONS = { boundsSec: [0.01, 1], counts: [3, 2, 1], sumSec: 4.5 };

export const paperVitals = {
  measures: (): MeasuresView => ({
    startedAtMs: 1_795_000_000_000,
    durations: { switchWrite: NO_DURATIONS, databaseWrite: NO_DURATIONS, recompute: NO_DURATIONS },
    pendingBytes: { openflow: 12, ovsdb: 0 },
    tunnels: [
      { type: "geneve", state: "up", count: 5 },
      { type: "geneve", state: "down", count: 1 },
    ],
    bfd: { up: 5, down: 1, starting: 0, off: 0 },
  }),
  readiness: () => ({ ready: true, waitingFor: [] as readonly string[] }),
};

export type PaperServed = { readonly queries: Queries; readonly vitals: typeof paperVitals };
