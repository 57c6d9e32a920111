// Islands without sockets: a graph of switches and what is known of their guests -> flows on simulated switches.
import { islandInput, type LoneSwitch } from "../../src/discovery/island-facts.ts";
import type { PortRole } from "../../src/discovery/link-facts.ts";
import { cabledPorts, listeningPorts, loneHostId, loneSwitchFact } from "../../src/discovery/lone-switch.ts";
import { deriveFabric } from "../../src/model/fabric.ts";
import { endKey, type LinkEnd, numberSwitches, plainLink, planIslands } from "../../src/model/plain-links.ts";
import { MESH } from "../../src/model/topology.ts";
import { compileSwitch } from "../../src/pipeline/compile.ts";
import { readBack } from "../../src/pipeline/readback.ts";
import { installedFrom } from "../../src/reconcile/installed.ts";
import { planSwitch, type SwitchChange } from "../../src/reconcile/switch-plan.ts";
import {
  arpFrame,
  type Frame,
  rawFrame,
  type TracePort,
  type TunnelEnd,
  traceFrame,
  vlanTag,
  world,
} from "../../src/trace/index.ts";
import { SimulatedSwitch } from "./simulated-switch.ts";

/** Switches are numbered from 0. */
export type GraphEdge = readonly [number, number];

export interface Graph {
  readonly switches: number;
  readonly edges: readonly GraphEdge[];
}

/** Of a guest the controller knows nothing, or where it is, or where it was. */
export type Knowledge = readonly (number | null)[];

const PIPELINE = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100, loopProbes: true };
const VNI = 4095;
/** The guest's port; cables to switch n are at 10 + n. */
export const GUEST_PORT = 1;
const FIRST_CABLE = 10;

export function dpidOf(at: number): string {
  return (at + 1).toString(16).padStart(16, "0");
}

/** One guest for each switch. */
export function macOf(guest: number): string {
  return `02:00:00:00:00:${(guest + 1).toString(16).padStart(2, "0")}`;
}

export function endAt(here: number, there: number): LinkEnd {
  return { dpid: dpidOf(here), ofport: FIRST_CABLE + there };
}

function portsOf(at: number, count: number) {
  const numbers = [GUEST_PORT, ...Array.from({ length: count }, (_, other) => FIRST_CABLE + other)];
  return numbers
    .filter((portNo) => portNo !== FIRST_CABLE + at)
    .map((portNo) => ({
      portNo,
      hwAddr: `0e:00:00:00:${at.toString(16).padStart(2, "0")}:${portNo.toString(16).padStart(2, "0")}`,
      name: `p${portNo}`,
      config: 0,
      state: 0,
      curr: 0,
      advertised: 0,
      supported: 0,
      peer: 0,
      currSpeedKbps: 0,
      maxSpeedKbps: 0,
    }));
}

export class PlainSimulation {
  readonly count: number;
  /** Switches without a guest: they only pass frames on. */
  readonly guestless: ReadonlySet<number>;
  readonly #devices: readonly SimulatedSwitch[];

  constructor(count: number, guestless: Iterable<number> = []) {
    this.count = count;
    this.guestless = new Set(guestless);
    this.#devices = Array.from({ length: count }, () => new SimulatedSwitch());
  }

  /** What is to be changed on each switch, for a controller that sees this. A switch that it does not see has no place. */
  changes(
    graph: Graph,
    known: Knowledge,
    unseen: ReadonlySet<number> = new Set(),
  ): readonly (readonly SwitchChange[])[] {
    const edges = graph.edges.filter(([a, b]) => !unseen.has(a) && !unseen.has(b));
    const roles = new Map<string, PortRole>();
    const far = new Map<string, LinkEnd | null>();
    for (let at = 0; at < this.count; at++) {
      if (!this.guestless.has(at)) roles.set(endKey({ dpid: dpidOf(at), ofport: GUEST_PORT }), "guest");
    }
    for (const [a, b] of edges) {
      for (const [here, there] of [
        [endAt(a, b), endAt(b, a)],
        [endAt(b, a), endAt(a, b)],
      ] as const) {
        roles.set(endKey(here), "link");
        far.set(endKey(here), there);
      }
    }
    const switches = new Map<string, LoneSwitch>();
    for (let at = 0; at < this.count; at++) {
      if (unseen.has(at)) continue;
      const dpid = dpidOf(at);
      const ports = portsOf(at, this.count);
      const observed = known.flatMap((place, guest) =>
        place === at ? [{ vni: VNI, mac: macOf(guest), ofport: GUEST_PORT, ips: [], heard: 1 }] : [],
      );
      const nothing = { receivesOn: new Set<string>(), sendsBy: new Map(), relaysBy: new Map(), relaysTo: new Map() };
      switches.set(dpid, {
        dpid,
        host: loneSwitchFact(dpid, ports, null, { roles }),
        fact: { dpid, ownIndex: 0, maxMeter: 262_144, observed, ...nothing },
        listening: listeningPorts(ports),
        heldNumber: null,
      });
      if (cabledPorts(dpid, ports, () => true).length !== ports.length) throw new Error("a port is not up");
    }
    const all = Array.from({ length: this.count }, (_, at) => dpidOf(at));
    const numbers = numberSwitches(all, new Map(), []);
    const islands = planIslands(
      switches.keys(),
      edges.map(([a, b]) => plainLink(endAt(a, b), endAt(b, a))),
    );
    const changes: (readonly SwitchChange[])[] = this.#devices.map(() => []);
    for (const island of islands) {
      const { switches: members, ...input } = islandInput(island, switches, numbers, { far, problems: new Map() });
      const fabric = deriveFabric({
        ...input,
        fabricId: null,
        tunnelType: "geneve",
        networkSettings: [],
        remembered: [],
        holding: false,
        keepTunnel: () => false,
        bfd: { enabled: true, packetsPerSecond: 200 },
        topology: MESH,
      });
      for (const { dpid } of members) {
        const host = fabric.hosts.get(loneHostId(dpid));
        const at = Number.parseInt(dpid, 16) - 1;
        const device = this.#devices[at];
        if (host === undefined || device === undefined) throw new Error(`no switch ${dpid}`);
        const installed = installedFrom(device.flows, device.groups, device.meters);
        changes[at] = planSwitch(compileSwitch(fabric, host, PIPELINE), installed).changes;
      }
    }
    return changes;
  }

  /** @param upTo so many of the changes, as a switch without bundles has them for a moment; all unless given. */
  apply(at: number, changes: readonly SwitchChange[], upTo = changes.length): void {
    this.#devices[at]?.apply(changes.slice(0, upTo));
  }

  /** What a controller that starts with nothing learns of a switch. */
  readBack(at: number) {
    const device = this.#devices[at];
    return readBack(device?.flows ?? [], device?.groups ?? []).plain;
  }

  /** Sends a frame from the guest at a switch, over cables as they are. */
  send(from: number, frame: Frame, cables: readonly GraphEdge[]) {
    const ends = cables.flatMap(([a, b]): TunnelEnd[] =>
      [
        [a, b],
        [b, a],
      ].map(([here = 0, there = 0]) => ({
        host: String(here),
        port: FIRST_CABLE + there,
        peerHost: String(there),
        peerPort: FIRST_CABLE + here,
        up: true,
      })),
    );
    const cabled = new Set(ends.map((end) => `${end.host} ${end.port}`));
    const switches = new Map(
      this.#devices.map((device, at) => {
        const live = portsOf(at, this.count).map(({ portNo }): [number, TracePort] => [portNo, { live: true }]);
        return [String(at), device.model(new Map(live))] as const;
      }),
    );
    const trace = traceFrame(world(switches, ends), String(from), GUEST_PORT, frame, { maxCrossings: 64 });
    const copies = new Map<number, number>();
    for (const { host, port } of trace.deliveries) {
      // What leaves by a cable that nobody is at is lost.
      if (port !== GUEST_PORT && !cabled.has(`${host} ${port}`)) continue;
      copies.set(Number(host), (copies.get(Number(host)) ?? 0) + 1);
    }
    return { trace, copies };
  }
}

export function broadcastFrom(guest: number): Frame {
  return arpFrame({
    source: macOf(guest),
    destination: "ff:ff:ff:ff:ff:ff",
    operation: 1,
    senderIp: `10.0.0.${guest + 1}`,
    targetIp: "10.0.0.250",
  });
}

/** @param vlan of a guest that tags its frames; null for one that does not. */
export function unicast(from: number, to: number, vlan: number | null = null): Frame {
  const vlans = vlan === null ? [] : [vlanTag(vlan, { priority: 3 })];
  return rawFrame({ source: macOf(from), destination: macOf(to), vlans, etherType: 0x88b6 });
}

export function connected({ switches, edges }: Graph, gone: ReadonlySet<number> = new Set()): boolean {
  const rest = Array.from({ length: switches }, (_, at) => at).filter((at) => !gone.has(at));
  const [first] = rest;
  return first !== undefined && reach(first, edges, gone).size === rest.length;
}

/** Switch -> how many cables away. */
export function reach(
  from: number,
  edges: readonly GraphEdge[],
  gone: ReadonlySet<number> = new Set(),
): ReadonlyMap<number, number> {
  const far = new Map([[from, 0]]);
  for (const [at, steps] of far) {
    for (const [a, b] of edges) {
      const next = a === at ? b : b === at ? a : null;
      if (next !== null && !gone.has(next) && !far.has(next)) far.set(next, steps + 1);
    }
  }
  return far;
}

function pairs(count: number): GraphEdge[] {
  return Array.from({ length: count }, (_, a) =>
    Array.from({ length: count - a - 1 }, (_, b): GraphEdge => [a, a + b + 1]),
  ).flat();
}

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first, at) =>
    permutations(items.filter((_, other) => other !== at)).map((rest) => [first, ...rest]),
  );
}

/** Every connected graph of so many switches, each shape once. */
export function connectedGraphs(count: number): readonly Graph[] {
  const all = pairs(count);
  const shapes = new Map<string, Graph>();
  const orders = permutations(Array.from({ length: count }, (_, at) => at));
  const bit = new Map(all.map(([a, b], at) => [`${a} ${b}`, 1 << at]));
  const seen = new Set<number>();
  for (let bits = 0; bits < 1 << all.length; bits++) {
    const graph: Graph = { switches: count, edges: all.filter((_, at) => (bits & (1 << at)) !== 0) };
    if (seen.has(bits) || !connected(graph)) continue;
    for (const order of orders) {
      const moved = graph.edges.reduce((sum, [a, b]) => {
        const [x = 0, y = 0] = [order[a], order[b]];
        return sum | (bit.get(x < y ? `${x} ${y}` : `${y} ${x}`) ?? 0);
      }, 0);
      seen.add(moved);
    }
    shapes.set(String(bits), graph);
  }
  return [...shapes.values()];
}
