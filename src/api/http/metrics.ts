// The fabric and the controller as Prometheus reads them: everything is looked up when it is asked for.
import { readdirSync } from "node:fs";
import { Counter, Gauge, Registry } from "prom-client";
import { BFD_STATES, type MeasuresView, type Vitals } from "../measures-views.ts";
import type { EndpointView, HostState, HostView, Queries, StatusView, TunnelState } from "../views.ts";
import { type EventLoopView, EventLoopWatch } from "./event-loop.ts";
import { ReadHistogram } from "./read-histogram.ts";

/** Series for each host are kept for so many; all are in the sums. */
export const MAX_HOST_SERIES = 2_000;
/** Problems are counted by so many codes. */
const MAX_CODES = 200;
const HOST_STATES: readonly HostState[] = ["up", "joining", "waiting", "refused", "down"];
const TUNNEL_STATES: readonly TunnelState[] = ["up", "pending", "down", "error"];

/** By the names they have in `weft status`. */
const COUNTER_HELP: Readonly<Record<string, string>> = Object.freeze({
  bundles: "Bundles of changes that switches have confirmed",
  drifts: "Changes that others have made to switches, and that were put right",
  evictions: "Hosts, switches and connections that made room for others",
  faults: "Failures of the controller itself: each is a bug",
  flowMods: "Flow changes sent to switches",
  groupMods: "Group changes sent to switches",
  meterMods: "Meter changes sent to switches",
  ovsdbTransactions: "Transactions that hosts' databases have taken",
  packetIns: "Frames that switches have sent to the controller",
  recomputations: "Times that the fabric was drawn anew",
  refusedConnections: "Connections that were one too many",
  refusedPeers: "Peers that were turned away",
  sessionErrors: "Errors on OpenFlow connections",
});

interface Snapshot {
  readonly status: StatusView;
  readonly hosts: readonly HostView[];
  readonly endpoints: readonly EndpointView[];
  readonly networks: number;
  readonly measures: MeasuresView;
  readonly ready: boolean;
  readonly loop: EventLoopView;
}

export interface Scrape {
  readonly body: string;
  readonly type: string;
}

export interface MetricsOptions {
  readonly queries: Queries;
  readonly vitals: Vitals;
  readonly version: string;
  readonly eventListeners: () => number;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export class Metrics {
  readonly #options: MetricsOptions;
  readonly #plain = new Registry();
  readonly #open = new Registry();
  readonly #loop = new EventLoopWatch();
  readonly #counters = new Map<string, Counter>();
  #now: Snapshot | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    this.#defineFabric();
    this.#defineHosts();
    this.#defineController();
    this.#defineProcess();
  }

  async #render(openMetrics: boolean): Promise<Scrape> {
    const { queries, vitals } = this.#options;
    this.#now = {
      status: queries.status(),
      hosts: queries.hosts(),
      endpoints: queries.endpoints(),
      networks: queries.networks().length,
      measures: vitals.measures(),
      ready: vitals.readiness().ready,
      loop: this.#loop.read(),
    };
    this.#count(this.#now.status.counters);
    const registry = openMetrics ? this.#open : this.#plain;
    const body = await registry.metrics();
    this.#now = null;
    return { body, type: registry.contentType };
  }

  /** One scrape after the other: each looks everything up once. */
  scrape(openMetrics: boolean): Promise<Scrape> {
    const turn = this.#last.then(() => this.#render(openMetrics));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  stop(): void {
    this.#loop.stop();
  }

  get #registers(): Registry[] {
    return [this.#plain, this.#open];
  }

  /** @param read gives labels and values; a series that it does not give is not there. */
  #gauge(name: string, help: string, labels: readonly string[], read: (now: Snapshot) => Iterable<Reading>): void {
    const now = (): Snapshot | null => this.#now;
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: this.#registers,
      collect() {
        this.reset();
        if (labels.length === 0) this.remove();
        const snapshot = now();
        for (const [value, given = {}] of snapshot === null ? [] : read(snapshot)) this.set(given, value);
      },
    });
  }

  /** A counter of the controller may be added without anything being said of it here. */
  #count(counters: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(counters)) {
      let counter = this.#counters.get(name);
      if (counter === undefined) {
        const help = COUNTER_HELP[name] ?? `Counted since the start: ${name}`;
        counter = new Counter({ name: `weft_${snake(name)}_total`, help, registers: this.#registers });
        this.#counters.set(name, counter);
      }
      counter.reset();
      counter.inc(value);
    }
  }

  #defineFabric(): void {
    const { version } = this.#options;
    this.#gauge("weft_build_info", "The version that runs; always 1", ["version"], () => [[1, { version }]]);
    this.#gauge("weft_hosts", "Hosts by state", ["state"], ({ hosts }) =>
      HOST_STATES.map((state) => [hosts.filter((host) => host.state === state).length, { state }]),
    );
    this.#gauge(
      "weft_tunnels",
      "Tunnels, each direction of a pair, by type and state",
      ["type", "state"],
      ({ measures }) => {
        const types = [...new Set(measures.tunnels.map(({ type }) => type))];
        const count = (type: string, state: string): number =>
          measures.tunnels.find((one) => one.type === type && one.state === state)?.count ?? 0;
        return types.flatMap((type) => TUNNEL_STATES.map((state): Reading => [count(type, state), { type, state }]));
      },
    );
    this.#gauge("weft_tunnels_bfd", "Tunnels by what BFD says of them", ["state"], ({ measures }) =>
      BFD_STATES.map((state) => [measures.bfd[state], { state }]),
    );
    this.#gauge("weft_networks", "Networks", [], ({ networks }) => [[networks]]);
    this.#gauge("weft_endpoints", "Endpoints by origin", ["origin"], ({ endpoints }) =>
      ["declared", "observed"].map((origin) => [endpoints.filter((one) => one.origin === origin).length, { origin }]),
    );
    this.#gauge("weft_problems", "Problems by code; none is no series", ["code"], ({ status }) => {
      const codes = new Map<string, number>();
      for (const { code } of status.problems) codes.set(code, (codes.get(code) ?? 0) + 1);
      return [...codes].slice(0, MAX_CODES).map(([code, value]) => [value, { code }]);
    });
  }

  #defineHosts(): void {
    const each = (name: string, help: string, value: (host: HostView) => number): void =>
      this.#gauge(name, help, ["host"], ({ hosts }) =>
        hosts.slice(0, MAX_HOST_SERIES).map((host) => [value(host), { host: host.id }]),
      );
    this.#gauge(
      "weft_host_info",
      "What a host is called and runs; always 1",
      ["host", "name", "ovs_version"],
      ({ hosts }) =>
        hosts
          .slice(0, MAX_HOST_SERIES)
          .map(({ id, name, ovsVersion }) => [1, { host: id, name, ovs_version: ovsVersion ?? "" }]),
    );
    each("weft_host_up", "Whether a host forwards as it should", ({ state }) => Number(state === "up"));
    this.#gauge("weft_host_connected", "Whether a host is connected", ["host", "protocol"], ({ hosts }) =>
      hosts
        .slice(0, MAX_HOST_SERIES)
        .flatMap((host) =>
          (["ovsdb", "openflow"] as const).map(
            (protocol): Reading => [Number(host[protocol] === "connected"), { host: host.id, protocol }],
          ),
        ),
    );
    each("weft_host_flows_desired", "Flows that a host's switch should hold", ({ flows }) => flows.desired);
    each("weft_host_flows_installed", "Flows that a host's switch is known to hold", ({ flows }) => flows.installed);
    each("weft_host_problems", "Problems of a host", ({ problems }) => problems.length);
    this.#gauge("weft_hosts_without_series", "Hosts beyond those that have series of their own", [], ({ hosts }) => [
      [Math.max(0, hosts.length - MAX_HOST_SERIES)],
    ]);
  }

  #defineController(): void {
    this.#gauge("weft_ready", "Whether what is known to be there has been read", [], ({ ready }) => [[Number(ready)]]);
    this.#gauge("weft_pending_bytes", "Bytes that wait to be sent to hosts", ["protocol"], ({ measures }) =>
      Object.entries(measures.pendingBytes).map(([protocol, value]) => [value, { protocol }]),
    );
    this.#gauge("weft_event_listeners", "Listeners to events by HTTP", [], () => [[this.#options.eventListeners()]]);
    const read = (name: keyof MeasuresView["durations"]) => () => this.#now?.measures.durations[name] ?? null;
    for (const registry of this.#registers) {
      registry.registerMetric(
        new ReadHistogram("weft_reconcile_duration_seconds", "Time from a write to its confirmation", "target", {
          switch: read("switchWrite"),
          database: read("databaseWrite"),
        }),
      );
      registry.registerMetric(
        new ReadHistogram("weft_recompute_duration_seconds", "Time to draw the fabric anew", null, {
          "": read("recompute"),
        }),
      );
    }
  }

  #defineProcess(): void {
    const lag = (name: string, help: string, part: keyof NonNullable<EventLoopView["lag"]>): void =>
      this.#gauge(name, help, [], ({ loop }) => (loop.lag === null ? [] : [[loop.lag[part]]]));
    lag(
      "nodejs_eventloop_lag_mean_seconds",
      "How late the event loop was since the last scrape, on average",
      "meanSec",
    );
    lag("nodejs_eventloop_lag_p99_seconds", "The same, 99th percentile", "p99Sec");
    lag("nodejs_eventloop_lag_max_seconds", "The same, at the most", "maxSec");
    this.#gauge(
      "nodejs_eventloop_utilization_ratio",
      "Share of time the event loop was busy since the last scrape",
      [],
      ({ loop }) => [[loop.utilization]],
    );
    const memory = () => process.memoryUsage();
    this.#gauge("process_resident_memory_bytes", "Resident memory", [], () => [[memory().rss]]);
    this.#gauge("nodejs_heap_size_used_bytes", "Heap in use", [], () => [[memory().heapUsed]]);
    this.#gauge("process_start_time_seconds", "When the controller started, since 1970", [], ({ measures }) => [
      [measures.startedAtMs / 1000],
    ]);
    this.#gauge("process_open_fds", "Open file descriptors", [], () => openFiles());
    const cpu = new Counter({
      name: "process_cpu_seconds_total",
      help: "Processor time",
      registers: this.#registers,
      collect() {
        const { user, system } = process.cpuUsage();
        this.reset();
        this.inc((user + system) / 1e6);
      },
    });
    cpu.reset();
  }
}

type Reading = readonly [value: number, labels?: Readonly<Record<string, string>>];

function openFiles(): Reading[] {
  try {
    return [[readdirSync("/proc/self/fd").length]];
  } catch {
    return [];
  }
}
