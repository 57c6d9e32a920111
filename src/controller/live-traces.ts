// Live traces: a probe through the real switches, which tell of it where it comes in and catch it where it would go out.
import { randomBytes } from "node:crypto";
import { formatFlow, type PacketIn } from "../../proto/openflow13/index.ts";
import type { TraceRequest, TraceView } from "../api/trace-views.ts";
import type { FabricHost } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import { throughTables } from "../pipeline/context.ts";
import type { DesiredFlow } from "../pipeline/desired.ts";
import { type TraceMark, traceProbeFlows, transitEnd } from "../pipeline/probe-flows.ts";
import { decodeCookie, PASSING_SEC, REGISTERS } from "../pipeline/registry.ts";
import { liveView, type Observation } from "../probes/live-view.ts";
import { isCopyOf, type TraceProbe, traceProbe } from "../probes/trace-probe.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import {
  type Ends,
  type FabricPicture,
  frameToBytes,
  type PictureHost,
  pictured,
  pictureHostName,
  picturePortName,
  resolveEnds,
  TraceError,
  traceFrame,
  traceViewOf,
} from "../trace/index.ts";
import { concurrently } from "./concurrently.ts";
import { addPassing, removePassing } from "./passing-flows.ts";
import { roundTripMs } from "./round-trip.ts";
import type { Dpid, SwitchEntry } from "./switch-entry.ts";
import type { Traces } from "./traces.ts";

export interface LiveTracesOptions {
  readonly traces: Traces;
  readonly switchOf: (host: FabricHost) => SwitchEntry | null;
  /** Whether anything may be written to the host's switch. */
  readonly isServed: (host: FabricHost) => boolean;
  readonly timers: Timers;
}

const PROBES = 3;
/** For one to come to its end: a switch answers in a millisecond, and a busy one in many. */
const WAIT_MS = 500;
/** After the end for what other switches still have to tell. */
const LINGER_MS = 200;
const AT_ONCE = 16;
/** Each takes a second and more: who comes after these would wait for longer than anybody does. */
const MAX_WAITING = 8;
/** Probes are sent while the flows that catch them have half of their time and more: what is not caught gets to a guest. */
const FRESH_MS = (PASSING_SEC * 1000) / 2;

/** One probe on its way. */
interface Chase {
  readonly probe: TraceProbe;
  readonly hostAt: ReadonlyMap<Dpid, HostId>;
  readonly heard: { readonly host: HostId; readonly packetIn: PacketIn; readonly atMs: number }[];
  notify: () => void;
}

interface Station {
  readonly host: FabricHost;
  readonly entry: SwitchEntry;
  readonly session: OpenFlowSession;
}

export class LiveTraces {
  readonly #options: LiveTracesOptions;
  #chase: Chase | null = null;
  #last: Promise<unknown> = Promise.resolve();
  /** Of those that were asked for, how many are not done. */
  #open = 0;

  constructor(options: LiveTracesOptions) {
    this.#options = options;
  }

  /** Whether a packet-in is a copy of a probe: nothing else is to be concluded from it. */
  received(dpid: Dpid, packetIn: PacketIn): boolean {
    const kind = decodeCookie(packetIn.cookie)?.kind;
    const isTold = kind === "trace-seen" || kind === "trace-end";
    if (this.#chase === null || !isCopyOf(this.#chase.probe, packetIn.data)) return isTold;
    const host = this.#chase.hostAt.get(dpid);
    // What is for all of a network ends at its own port too, where no switch would put it out.
    const isBack =
      kind === "trace-end" && numberIn(packetIn, REGISTERS.outPort.field) === numberIn(packetIn, "in_port");
    if (isTold && !isBack && host !== undefined) {
      this.#chase.heard.push({ host, packetIn, atMs: this.#options.timers.now() });
      this.#chase.notify();
    }
    return true;
  }

  /**
   * One after the other.
   * @throws TraceError `trace/no-probe` where a probe can't be sent, or could reach a guest; `trace/busy` where many wait
   */
  async trace(request: TraceRequest): Promise<TraceView> {
    if (this.#open > MAX_WAITING) throw busy();
    this.#open += 1;
    const run = this.#last
      .then(() => this.#trace(request))
      .finally(() => {
        this.#open -= 1;
      });
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #trace(request: TraceRequest): Promise<TraceView> {
    const asked = await this.#options.traces.tracedPicture(request);
    const { picture } = asked;
    const ends = resolveEnds(picture, request);
    const probe = traceProbe(ends, request, (bytes) => randomBytes(bytes));
    const expected = traceViewOf(picture, request, probe);
    const flowsAt = this.#flowsAt(picture, ends, probe.mark);
    mustEndInTime(picture, ends, probe, flowsAt);
    const stations = this.#stations(picture, ends, expected);
    const armed = new Set<Station>();
    const { timers } = this.#options;
    let armedMs = timers.now();
    const isFresh = (): boolean => timers.now() - armedMs < FRESH_MS;
    const arm = async (): Promise<void> => {
      armedMs = timers.now();
      await concurrently(AT_ONCE, stations.values(), async (station) => {
        armed.add(station);
        await addPassing(station.session, flowsAt(station.host.id));
      });
    };
    try {
      const delays = new Map<HostId, number>();
      await arm();
      await concurrently(AT_ONCE, stations.values(), async ({ host, session }) => {
        delays.set(host.id, await roundTripMs(session, timers));
      });
      if (!isFresh()) await arm();
      if (!isFresh())
        throw noProbe("the switches are slow to take the flows that catch a probe, which would be gone too soon");
      const { observations, sent } = await this.#send(picture, ends, probe, stations, delays, expected);
      const target = ends.destination.endpoint;
      const receiver =
        target === null || target.ofport === null
          ? null
          : { host: target.host, port: picturePortName(hostIn(picture, target.host), target.ofport) };
      const differs = isSameWay(asked.view, expected)
        ? []
        : ["the probe, a UDP datagram, meets other flows than the frame that was asked for; that one: without --live"];
      return liveView({ expected: { ...expected, request }, observations, sent, receiver, notes: differs });
    } finally {
      await concurrently(AT_ONCE, armed, ({ session, host }) => removePassing(session, flowsAt(host.id)));
    }
  }

  #flowsAt(picture: FabricPicture, { destination }: Ends, mark: TraceMark): (host: HostId) => readonly DesiredFlow[] {
    const flows = traceProbeFlows(mark);
    const target = destination.endpoint?.host;
    const isIsland = target !== undefined && (hostIn(picture, target)?.links.length ?? 0) > 0;
    const atTarget = isIsland ? [...flows, transitEnd(mark)] : flows;
    return (host) => (host === target ? atTarget : flows);
  }

  /** Every switch of the fabric: should the fabric change meanwhile, the probe is caught wherever it gets to. */
  #stations(picture: FabricPicture, ends: Ends, expected: TraceView): ReadonlyMap<HostId, Station> {
    const stations = new Map<HostId, Station>();
    const within = this.#options.traces.fabrics.find((fabric) => fabric.hosts.has(ends.source.host.id));
    for (const host of within?.hosts.values() ?? []) {
      const entry = this.#options.isServed(host) ? this.#options.switchOf(host) : null;
      if (entry?.session != null) stations.set(host.id, { host, entry, session: entry.session });
    }
    for (const { host } of expected.hops) {
      if (stations.has(host)) continue;
      throw noProbe(
        `${pictureHostName(picture, host)} is not connected by OpenFlow, or not served: a probe could not be caught there`,
      );
    }
    return stations;
  }

  async #send(
    picture: FabricPicture,
    ends: Ends,
    probe: TraceProbe,
    stations: ReadonlyMap<HostId, Station>,
    delays: ReadonlyMap<HostId, number>,
    expected: TraceView,
  ): Promise<{ observations: readonly Observation[]; sent: number }> {
    const { timers } = this.#options;
    const { source } = ends;
    const session = stations.get(source.host.id)?.session;
    const hostAt = new Map([...stations].map(([id, { entry }]) => [entry.dpid, id]));
    const chase: Chase = { probe, hostAt, heard: [], notify: () => undefined };
    const wanted = Math.max(1, expected.deliveries.length);
    const data = frameToBytes(probe.frame);
    const halfOf = (host: HostId): number => (delays.get(host) ?? 0) / 2;
    this.#chase = chase;
    try {
      // The first one finds caches empty: what it took is not what guests' frames take.
      let earlier: readonly Observation[] = [];
      for (let sent = 1; ; sent++) {
        chase.heard.length = 0;
        const sentAtMs = timers.now() + halfOf(source.host.id);
        session?.packetOut({ inPort: source.ofport, actions: [throughTables()], data });
        const ended = (): number => chase.heard.filter(({ packetIn }) => kindOf(packetIn) === "trace-end").length;
        const seen = (): number => chase.heard.length - ended();
        const isDropped = expected.deliveries.length === 0;
        await this.#until(chase, WAIT_MS, () => (isDropped ? seen() >= expected.hops.length : ended() >= wanted));
        await this.#until(chase, LINGER_MS, () => seen() >= expected.hops.length);
        const observations = chase.heard.map(({ host, packetIn, atMs }) => ({
          host,
          ...whereOf(hostIn(picture, host) ?? source.host, packetIn),
          afterUs: Math.round(Math.max(0, atMs - halfOf(host) - sentAtMs) * 1000),
        }));
        const isWhole = isDropped || ended() >= wanted;
        if (earlier.length > 0) return { sent: sent - 1, observations: isWhole ? observations : earlier };
        if (!isWhole && sent >= PROBES) return { sent, observations };
        if (isWhole) earlier = observations;
      }
    } finally {
      this.#chase = null;
    }
  }

  #until(chase: Chase, waitMs: number, isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.setTimer(waitMs, () => finish());
      const finish = (): void => {
        chase.notify = () => undefined;
        timer.cancel();
        resolve();
      };
      chase.notify = () => {
        if (isDone()) finish();
      };
      chase.notify();
    });
  }
}

function busy(): TraceError {
  const why = `${MAX_WAITING} live traces wait for the one that is under way`;
  return new TraceError("trace/busy", `${why}; try again when they are done, or without --live`, { retryable: true });
}

function noProbe(message: string): TraceError {
  return new TraceError("trace/no-probe", `${message}; without --live the flows alone are looked at`);
}

function hostIn(picture: FabricPicture, id: HostId): PictureHost | undefined {
  return picture.hosts.find((host) => host.id === id);
}

function kindOf({ cookie }: PacketIn): string | undefined {
  return decodeCookie(cookie)?.kind;
}

function numberIn({ match }: PacketIn, field: string): number | null {
  const tlv = match.find((one) => one.field === field);
  return tlv === undefined || tlv.field === "unknown" ? null : Number(tlv.value);
}

function whereOf(host: PictureHost, packetIn: PacketIn): Pick<Observation, "what" | "port"> {
  const isEnd = kindOf(packetIn) === "trace-end";
  const port = numberIn(packetIn, isEnd ? REGISTERS.outPort.field : "in_port");
  return { what: isEnd ? "end" : "seen", port: port === null ? null : picturePortName(host, port) };
}

/** By the model of the switch: with the flows that catch it, the probe must get out at no port of a guest. */
function mustEndInTime(
  picture: FabricPicture,
  { source }: Ends,
  { frame }: TraceProbe,
  flowsAt: (host: HostId) => readonly DesiredFlow[],
): void {
  const hosts = picture.hosts.map((host): PictureHost => {
    if (host.switch === null) return host;
    const more = flowsAt(host.id).map((flow) => ({
      text: formatFlow({ ...flow, hardTimeoutSec: 0 }),
      fact: decodeCookie(flow.cookie) ?? null,
    }));
    return { ...host, switch: { ...host.switch, flows: [...host.switch.flows, ...more] } };
  });
  const trace = traceFrame(pictured({ ...picture, hosts }).world, source.host.id, source.ofport, frame, {
    endsAtUnsupported: true,
    select: "all",
  });
  const [reached] = trace.deliveries;
  if (reached !== undefined) {
    const port = picturePortName(hostIn(picture, reached.host), reached.port);
    throw noProbe(
      `a probe would get out at ${pictureHostName(picture, reached.host)} port ${port}, where it can't be caught`,
    );
  }
  const unknown = trace.drops.find(({ reason }) => reason === "unsupported");
  if (unknown !== undefined) {
    throw noProbe(`where a probe would get to from ${pictureHostName(picture, unknown.host)} can't be foreseen`);
  }
}

/** Whether two frames met the same flows. */
function isSameWay(a: TraceView, b: TraceView): boolean {
  const wayOf = ({ hops }: TraceView): string =>
    JSON.stringify(
      hops.map(({ host, inPort, steps }) => [
        host,
        inPort,
        steps.map(({ table, cookie, match }) => [table, cookie, match]),
      ]),
    );
  return wayOf(a) === wayOf(b);
}
