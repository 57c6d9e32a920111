// Asks the switches for their ports' counters while somebody looks, once for all who do; else nothing is asked.
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { PortRateView, RatesView, TunnelRateView } from "../api/rate-views.ts";
import { type PortSample, portRates } from "../discovery/port-rates.ts";
import type { Endpoint } from "../model/endpoints.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { Counters } from "./counters.ts";
import type { SwitchEntry } from "./switch-entry.ts";
import type { Switches } from "./switches.ts";
import type { Weaver } from "./weaver.ts";

export interface RateMeterOptions {
  readonly weaver: Weaver;
  readonly switches: Switches;
  readonly counters: Counters;
  readonly timers: Timers;
}

const INTERVAL_MS = 1_000;
/** Older counters say nothing of now. */
const STALE_MS = 10_000;
/** A switch that takes longer is left out. */
const ANSWER_MS = 3_000;
/** The answers are short. */
const AT_ONCE = 64;
const LAG_RESOLUTION_MS = 10;

interface Sample {
  readonly atMs: number;
  readonly asked: number;
  readonly switches: ReadonlyMap<string, PortSample>;
  readonly counters: Readonly<Record<string, number>>;
}

export class RateMeter {
  readonly #options: RateMeterOptions;
  #last: Sample | null = null;
  #view: RatesView | null = null;
  #asking: Promise<RatesView> | null = null;
  #lag: IntervalHistogram | null = null;
  #rest: { cancel(): void } | null = null;

  constructor(options: RateMeterOptions) {
    this.#options = options;
  }

  ask(): Promise<RatesView> {
    const now = this.#options.timers.now();
    if (this.#asking === null && this.#view !== null && this.#last !== null && now - this.#last.atMs < INTERVAL_MS) {
      return Promise.resolve(this.#view);
    }
    this.#asking ??= this.#take().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  stop(): void {
    this.#rest?.cancel();
    this.#lag?.disable();
    this.#lag = null;
    this.#last = null;
    this.#view = null;
  }

  async #take(): Promise<RatesView> {
    const { timers } = this.#options;
    this.#rest?.cancel();
    this.#rest = timers.setTimer(STALE_MS, () => this.stop());
    if (this.#lag === null) {
      this.#lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
      this.#lag.enable();
    }
    let before = this.#last;
    if (before === null || timers.now() - before.atMs > STALE_MS) {
      before = await this.#sample();
      await new Promise<void>((resolve) => timers.setTimer(INTERVAL_MS, resolve));
    }
    const after = await this.#sample();
    this.#last = after;
    this.#view = this.#viewOf(before, after);
    this.#lag?.reset();
    return this.#view;
  }

  async #sample(): Promise<Sample> {
    const { switches, counters, timers } = this.#options;
    const connected = [...switches.entries.values()].filter(({ session }) => session !== null);
    const found = new Map<string, PortSample>();
    const atMs = timers.now();
    const waiting = [...connected];
    const askOn = async (): Promise<void> => {
      for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
        const ports = await this.#read(entry);
        if (ports !== null) found.set(entry.dpid, ports);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askOn));
    return { atMs, asked: connected.length, switches: found, counters: counters.snapshot() };
  }

  async #read({ session }: SwitchEntry): Promise<PortSample | null> {
    const { timers } = this.#options;
    if (session === null) return null;
    let timer: { cancel(): void } | undefined;
    const late = new Promise<null>((resolve) => {
      timer = timers.setTimer(ANSWER_MS, () => resolve(null));
    });
    const stats = await Promise.race([late, session.readPortStats().catch(() => null)]);
    timer?.cancel();
    if (stats === null) return null;
    return { atMs: timers.now(), ports: new Map(stats.map((one) => [one.portNo, one])) };
  }

  #viewOf(before: Sample, after: Sample): RatesView {
    const seconds = (after.atMs - before.atMs) / 1000;
    const perSecond = (name: string): number =>
      tenths(((after.counters[name] ?? 0) - (before.counters[name] ?? 0)) / seconds);
    const tunnels: TunnelRateView[] = [];
    const ports: PortRateView[] = [];
    for (const fabric of this.#options.weaver.fabrics) {
      const guests = guestsOf(fabric);
      for (const host of fabric.hosts.values()) {
        const dpid = host.switch?.dpid ?? host.fact?.dpid ?? "";
        const [first, last] = [before.switches.get(dpid), after.switches.get(dpid)];
        if (first === undefined || last === undefined) continue;
        tunnels.push(...tunnelRates(host, first, last));
        ports.push(...guestRates(host, guests.get(host.id) ?? new Map(), first, last));
      }
    }
    return {
      at: new Date().toISOString(),
      seconds: tenths(seconds),
      switches: { asked: after.asked, answered: after.switches.size },
      packetInsPerSec: perSecond("packetIns"),
      flowModsPerSec: perSecond("flowMods"),
      eventLoopLagMs: this.#lagNow(),
      tunnels,
      ports,
    };
  }

  /** The histogram's values are whole intervals of its own timer. */
  #lagNow(): RatesView["eventLoopLagMs"] {
    if (this.#lag === null || this.#lag.count === 0) return { mean: 0, max: 0 };
    const late = (ns: number): number => tenths(Math.max(0, ns / 1e6 - LAG_RESOLUTION_MS));
    return { mean: late(this.#lag.mean), max: late(this.#lag.max) };
  }
}

function tenths(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 10) / 10 : 0;
}

/** Host -> port number -> its endpoints. */
function guestsOf(fabric: Fabric): ReadonlyMap<string, ReadonlyMap<number, readonly Endpoint[]>> {
  const hosts = new Map<string, Map<number, Endpoint[]>>();
  for (const endpoint of fabric.endpoints.values()) {
    if (endpoint.ofport === null) continue;
    const ports = hosts.get(endpoint.hostId) ?? new Map<number, Endpoint[]>();
    hosts.set(endpoint.hostId, ports);
    const guests = ports.get(endpoint.ofport) ?? [];
    ports.set(endpoint.ofport, guests);
    guests.push(endpoint);
  }
  return hosts;
}

/** A flow-based port has a row for each peer, and is one port. */
function tunnelRates(host: FabricHost, first: PortSample, last: PortSample): readonly TunnelRateView[] {
  const rows = new Map((host.fact?.tunnels ?? []).map((row) => [row.ofport, row]));
  return [...rows.values()].flatMap((row) => {
    const rates = row.ofport === null ? null : portRates(first, last, row.ofport);
    if (rates === null) return [];
    return [{ host: host.id, name: row.name, peer: row.shared === true ? null : row.peerId, type: row.type, ...rates }];
  });
}

function guestRates(
  host: FabricHost,
  guests: ReadonlyMap<number, readonly Endpoint[]>,
  first: PortSample,
  last: PortSample,
): readonly PortRateView[] {
  return host.ports.flatMap(({ fact, attachments }) => {
    const rates = fact.ofport === null || attachments.length === 0 ? null : portRates(first, last, fact.ofport);
    if (rates === null || fact.ofport === null) return [];
    const endpoints = (guests.get(fact.ofport) ?? []).map(({ mac, ips }) => ips[0] ?? mac);
    const networks = attachments.map(({ network }) => network.name);
    return [{ host: host.id, name: fact.name, networks, endpoints, ...rates }];
  });
}
