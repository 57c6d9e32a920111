// Paths, hosts and hubs that fail and come back, one after the other and many at once: who still hears whom, in every state.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { areLinked, MESH, mayRelay, type Topology } from "../../src/model/topology.ts";
import { ipv4Frame, renderTrace, type Trace, traceFrame, type World } from "../../src/trace/index.ts";
import { chooser, expectSafe, order, settled } from "./fabric-expectations.ts";
import type { FabricSimulation, SimulationEvent } from "./fabric-simulation.ts";
import { type FabricSpec, hostId } from "./fabric-spec.ts";
import { type Failures, failuresOf, NO_FAILURES } from "./failures.ts";
import { runs, TIMEOUT } from "./runs.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const PORT = 1;
const arrow = (from: string, to: string): string => `${from} > ${to}`;
const macOf = (at: number): string => `02:00:00:00:01:0${at}`;
const MOST_HOSTS = 7;

/** A guest on each host, in one network: what is tried here are the paths between hosts. */
function fabric(hosts: number, topology: Topology): FabricSpec {
  const ports = (at: number) => [
    {
      ofport: PORT,
      tag: null,
      trunks: [],
      vlanMode: null,
      networkName: null,
      guests: [{ mac: macOf(at), way: 0, known: "declared" as const, ips: [] }],
    },
  ];
  const list = Array.from({ length: hosts }, (_, at) => ({ ports: ports(at) }));
  const flowBased = { mode: "never", above: 200 } as const;
  return { hosts: list, tunnelType: "geneve", topology, flowBased, settings: [] };
}

const topologies: fc.Arbitrary<Topology> = fc.oneof(
  fc.constant(MESH),
  fc.record({
    kind: fc.constant("hubs" as const),
    hubs: fc.integer({ min: 1, max: 3 }).map((count) => [0, 1, 2].slice(0, count).map(hostId)),
    direct: fc.constantFrom([], [[hostId(3), hostId(4)] as const]),
  }),
);
const fabrics = fc
  .tuple(fc.integer({ min: 3, max: MOST_HOSTS }), topologies)
  .map(([n, topology]) => fabric(n, topology));

interface Breakage {
  readonly cut: readonly { readonly from: number; readonly to: number; readonly oneWay: boolean }[];
  readonly dead: readonly number[];
}

/** Most fail both ways; a fabric with one that does not owes less. */
const oneWay = fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0);
const breakage: fc.Arbitrary<Breakage> = fc.record({
  cut: fc.array(fc.record({ from: fc.nat(MOST_HOSTS - 1), to: fc.nat(MOST_HOSTS - 1), oneWay }), {
    maxLength: 8,
  }),
  dead: fc.subarray([0, 1, 2, 3, 4], { maxLength: 2 }),
});

function failuresIn(spec: FabricSpec, { cut, dead }: Breakage): Failures {
  const id = (at: number): string => hostId(at % spec.hosts.length);
  const directions = cut.flatMap(({ from, to, oneWay }) =>
    oneWay ? [[id(from), id(to)] as const] : [[id(from), id(to)] as const, [id(to), id(from)] as const],
  );
  return failuresOf(directions, dead.map(id));
}

/** Two paths or more of one host: what a switch alone cannot find its way round. */
const doubleCut: fc.Arbitrary<Breakage> = fc
  .tuple(fc.nat(3), fc.array(fc.record({ to: fc.nat(4), oneWay }), { minLength: 2, maxLength: 4 }))
  .map(([from, list]) => ({ cut: list.map((one) => ({ from, ...one })), dead: [] }));
const smallMeshes = fc.integer({ min: 4, max: 5 }).map((hosts) => fabric(hosts, MESH));

const idsOf = (spec: FabricSpec): readonly string[] => spec.hosts.map((_, at) => hostId(at));

/** Whether a tunnel, or two by a host that may pass frames on, lead from one host to the other and back. */
function haveAPath(spec: FabricSpec, failures: Failures, a: string, b: string): boolean {
  const named = (id: string) => ({ id, name: id });
  const joined = (x: string, y: string): boolean => areLinked(spec.topology, named(x), named(y)) && failures.sees(x, y);
  const relays = idsOf(spec).filter((id) => id !== a && id !== b && mayRelay(spec.topology, named(id)));
  return joined(a, b) || relays.some((relay) => joined(a, relay) && joined(relay, b));
}

function send(world: World, from: string, destination: string): Trace {
  const source = "02:00:00:00:00:ff";
  const ip = { source: "10.0.0.1", destination: "10.0.0.2" };
  const trace = traceFrame(world, from, PORT, ipv4Frame({ source, destination, ip }));
  expectSafe(trace);
  return trace;
}

/** Host to host: who gets whose broadcasts. Frames for one host leave by the same groups. */
function heardFrom(spec: FabricSpec, failures: Failures, world: World): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const from of idsOf(spec).filter(failures.isAlive))
    for (const { host } of send(world, from, BROADCAST).deliveries) pairs.add(arrow(from, host));
  return pairs;
}

function expectReached(
  spec: FabricSpec,
  failures: Failures,
  world: World,
  isOwed: (a: string, b: string) => boolean,
): void {
  const alive = idsOf(spec).filter(failures.isAlive);
  for (const from of alive) {
    const broadcast = send(world, from, BROADCAST);
    for (const to of alive) {
      if (to === from) continue;
      const unicast = send(world, from, macOf(idsOf(spec).indexOf(to)));
      for (const { host } of unicast.deliveries) expect(host, renderTrace(unicast)).toBe(to);
      for (const trace of isOwed(from, to) ? [broadcast, unicast] : []) {
        if (!trace.deliveries.some(({ host }) => host === to))
          throw new Error(`${from} does not reach ${to}\n${renderTrace(trace)}`);
      }
    }
  }
}

/**
 * Throws at the first step that cuts off somebody who had a path and still has one. What passes where BFD
 * sees no path is owed to nobody: by a last resort, or in the good direction of a path that fails one way.
 */
function watch(spec: FabricSpec, failures: Failures, simulation: FabricSimulation): (event: SimulationEvent) => void {
  let before = heardFrom(spec, failures, simulation.world());
  const isOwed = (a: string, b: string): boolean => a !== b && !failures.oneWay && haveAPath(spec, failures, a, b);
  const owed = idsOf(spec).flatMap((a) => idsOf(spec).flatMap((b) => (isOwed(a, b) ? [arrow(a, b)] : [])));
  return ({ kind, host }) => {
    // Only these change what switches do.
    if (kind !== "switch") return;
    const now = heardFrom(spec, failures, simulation.world());
    const lost = owed.filter((pair) => before.has(pair) && !now.has(pair));
    if (lost.length > 0) throw new Error(`cut off by the update of ${host}: ${lost.join("; ")}`);
    before = now;
  };
}

/** A new controller comes while things are broken. One host is back, and served, before the others have been read at all. */
function expectRestartCutsNobodyOff(
  spec: FabricSpec,
  broken: Breakage,
  choices: readonly number[],
  first: number,
  patience: number,
): void {
  const failures = failuresIn(spec, broken);
  const simulation = settled(spec);
  simulation.fail(failures);
  simulation.settle(chooser([0]));
  simulation.restart();
  // It waits for hosts only so long.
  let count = 0;
  const look = watch(spec, failures, simulation);
  const step = (event: SimulationEvent): void => {
    if (++count === patience) simulation.holding = false;
    look(event);
  };
  const choose = chooser(choices);
  const firstHost = (events: readonly SimulationEvent[]): SimulationEvent =>
    events.find(({ host }) => host === hostId(first)) ?? choose(events);
  simulation.settle(firstHost, step);
  simulation.holding = false;
  simulation.settle(firstHost, step);
  expectReached(spec, failures, simulation.world(), (a, b) => haveAPath(spec, failures, a, b));
}

describe("a fabric in which paths and hosts fail", () => {
  it(
    "carries by the switches alone what a path of one tunnel is left for, and doubles and circulates nothing",
    TIMEOUT,
    () => {
      fc.assert(
        fc.property(fabrics, breakage, (spec, broken) => {
          const failures = failuresIn(spec, broken);
          const simulation = settled(spec);
          simulation.fail(failures);
          const isOwed = (a: string, b: string): boolean =>
            areLinked(spec.topology, { id: a, name: a }, { id: b, name: b }) && failures.sees(a, b);
          expectReached(spec, failures, simulation.world(), isOwed);
        }),
        runs(20),
      );
    },
  );

  it(
    "survives the loss of any one host or hub by the switches alone, where another can take its place",
    TIMEOUT,
    () => {
      fc.assert(
        fc.property(fabrics, fc.nat(MOST_HOSTS - 1), (spec, which) => {
          const failures = failuresIn(spec, { cut: [], dead: [which] });
          const simulation = settled(spec);
          simulation.fail(failures);
          expectReached(spec, failures, simulation.world(), (a, b) => haveAPath(spec, failures, a, b));
        }),
        runs(20),
      );
    },
  );

  it(
    "reaches every host to which a path of two tunnels is left, once the controller has heard, and loses nobody on the way",
    TIMEOUT,
    () => {
      const stages = fc.array(breakage, { minLength: 1, maxLength: 2 });
      fc.assert(
        fc.property(fabrics, stages, order, (spec, list, choices) => {
          const simulation = settled(spec);
          for (const failures of [...list.map((broken) => failuresIn(spec, broken)), NO_FAILURES]) {
            simulation.fail(failures);
            simulation.settle(chooser(choices), watch(spec, failures, simulation));
            expectReached(spec, failures, simulation.world(), (a, b) => haveAPath(spec, failures, a, b));
          }
        }),
        runs(20),
      );
    },
  );

  it("is as it was before, flow by flow and group by group, when all is whole again", TIMEOUT, () => {
    fc.assert(
      fc.property(fabrics, breakage, order, (spec, broken, choices) => {
        const simulation = settled(spec);
        const before = simulation.installed();
        simulation.fail(failuresIn(spec, broken));
        simulation.settle(chooser(choices));
        simulation.fail(NO_FAILURES);
        simulation.settle(chooser(choices));
        expect(simulation.installed()).toEqual(before);
      }),
      runs(20),
    );
  });

  it(
    "is left as it is by a controller that starts with nothing while things are broken, hosts read in any order",
    TIMEOUT,
    () => {
      fc.assert(
        fc.property(
          fc.oneof(fabrics, smallMeshes),
          fc.oneof(breakage, doubleCut),
          order,
          fc.nat(4),
          fc.nat(60),
          expectRestartCutsNobodyOff,
        ),
        runs(25),
      );
    },
  );

  it(
    "is left as it is by a new controller after two cuts of one host of four, whichever host is read first",
    TIMEOUT,
    () => {
      const spec = fabric(4, MESH);
      for (const from of [0, 2]) {
        const others = [0, 1, 2, 3].filter((host) => host !== from);
        for (const spared of others) {
          const cut = others.filter((to) => to !== spared).map((to) => ({ from, to, oneWay: false }));
          // The others are read later than anybody waits for.
          for (const first of [0, 1, 2, 3]) expectRestartCutsNobodyOff(spec, { cut, dead: [] }, [0], first, 1);
        }
      }
    },
  );
});
