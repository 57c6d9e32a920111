// Islands of every shape: whatever is known, lost or half done, no frame is seen twice; and when all is done, each arrives.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TABLES } from "../../src/pipeline/registry.ts";
import {
  broadcastFrom,
  connected,
  connectedGraphs,
  endAt,
  type Graph,
  type GraphEdge,
  GUEST_PORT,
  type Knowledge,
  PlainSimulation,
  reach,
  unicast,
} from "./plain-simulation.ts";
import { runs, TIMEOUT } from "./runs.ts";

const ALL = [1, 2, 3, 4, 5].flatMap((count) => connectedGraphs(count));

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function atHome(count: number): Knowledge {
  return range(count);
}

function installed(
  graph: Graph,
  known: Knowledge = atHome(graph.switches),
  guestless: readonly number[] = [],
): PlainSimulation {
  const simulation = new PlainSimulation(graph.switches, guestless);
  simulation.changes(graph, known).forEach((changes, at) => {
    simulation.apply(at, changes);
  });
  return simulation;
}

/** Nothing circulates, and no guest sees a frame twice, its own among them. */
function expectNoneTwice(simulation: PlainSimulation, cables: readonly GraphEdge[], vlan: number | null = null): void {
  for (const from of range(simulation.count)) {
    const frames = [broadcastFrom(from), ...range(simulation.count).map((to) => unicast(from, to, vlan))];
    for (const frame of frames) {
      const { trace, copies } = simulation.send(from, frame, cables);
      expect(trace.circulates).toBe(false);
      expect(trace.ambiguous).toBe(false);
      expect(copies.get(from) ?? 0).toBe(0);
      expect([...copies.values()].filter((count) => count > 1)).toEqual([]);
    }
  }
}

/** Broadcasts exactly once everywhere; known unicast by a shortest path to its one place; the rest like broadcasts. */
function expectAllArrive(
  simulation: PlainSimulation,
  { edges }: Graph,
  known: Knowledge,
  gone: ReadonlySet<number> = new Set(),
): void {
  const { guestless } = simulation;
  for (const from of range(simulation.count).filter((at) => !gone.has(at) && !guestless.has(at))) {
    const far = reach(from, edges, gone);
    const others = [...far.keys()].filter((at) => at !== from && !guestless.has(at)).sort((a, b) => a - b);
    const flooded = (copies: ReadonlyMap<number, number>): void =>
      expect([...copies].sort(([a], [b]) => a - b)).toEqual(others.map((at) => [at, 1]));
    const broadcast = simulation.send(from, broadcastFrom(from), edges);
    flooded(broadcast.copies);
    expect(broadcast.trace.tunnelCrossings).toBe(far.size - 1);
    flooded(simulation.send(from, unicast(from, (from + 1) % simulation.count, 7), edges).copies);
    for (const to of others) {
      const { trace, copies } = simulation.send(from, unicast(from, to), edges);
      if (known[to] === null) flooded(copies);
      else {
        expect([...copies]).toEqual([[to, 1]]);
        expect(trace.tunnelCrossings).toBe(far.get(to));
      }
    }
  }
}

/** A connected graph of up to eight switches. */
const anyGraph: fc.Arbitrary<Graph> = fc.integer({ min: 2, max: 8 }).chain((switches) => {
  const pairs = range(switches).flatMap((a) => range(switches).flatMap((b): GraphEdge[] => (a < b ? [[a, b]] : [])));
  const tree = fc.tuple(...range(switches - 1).map((at) => fc.integer({ min: 0, max: at })));
  return fc.tuple(tree, fc.subarray(pairs)).map(([parents, more]) => {
    const edges = parents.map((parent, at): GraphEdge => [parent, at + 1]);
    const has = new Set(edges.map(String));
    return { switches, edges: [...edges, ...more.filter((edge) => !has.has(String(edge)))] };
  });
});

describe("islands of plain links", () => {
  test("the shapes that are tried are all there are", () => {
    expect([1, 2, 3, 4, 5].map((count) => connectedGraphs(count).length)).toEqual([1, 1, 2, 6, 21]);
  });

  test("in every shape of up to five switches every frame arrives, once, by a shortest path", TIMEOUT, () => {
    for (const graph of ALL) {
      const known = atHome(graph.switches);
      expectAllArrive(installed(graph), graph, known);
      const silent = known.map((at) => (at === 0 ? null : at));
      expectAllArrive(installed(graph, silent), graph, silent);
      // Each switch in turn has no guest.
      for (const at of range(graph.switches)) {
        const others = known.map((place) => (place === at ? null : place));
        expectAllArrive(installed(graph, others, [at]), graph, others);
      }
    }
  });

  test(
    "a link that is lost and found, in every shape of up to four: no mixture of old and new lets a frame be seen twice",
    TIMEOUT,
    () => {
      for (const graph of ALL.filter(({ switches }) => switches > 1 && switches < 5)) {
        for (const lost of graph.edges) {
          const rest: Graph = { ...graph, edges: graph.edges.filter((edge) => edge !== lost) };
          for (const [before, after] of [
            [graph, rest],
            [rest, graph],
          ] as const) {
            const fresh = new PlainSimulation(graph.switches).changes(before, atHome(graph.switches));
            const changes = installed(before).changes(after, atHome(graph.switches));
            for (let mixture = 0; mixture < 1 << graph.switches; mixture++) {
              const simulation = new PlainSimulation(graph.switches);
              for (const at of range(graph.switches)) {
                simulation.apply(at, fresh[at] ?? []);
                if ((mixture & (1 << at)) !== 0) simulation.apply(at, changes[at] ?? []);
              }
              // The cable itself may still pass frames, or pass them again already.
              expectNoneTwice(simulation, graph.edges);
            }
          }
        }
      }
    },
  );

  test(
    "any change of links, switches and what is known of guests, half done in any way: no frame is seen twice; done, all arrive",
    TIMEOUT,
    () => {
      fc.assert(
        fc.property(
          anyGraph,
          fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 80, maxLength: 80 }),
          (graph, chances) => {
            let at = 0;
            const chance = (): number => chances[at++ % chances.length] ?? 0;
            const count = graph.switches;
            const guests = (): Knowledge =>
              range(count).map((guest) =>
                chance() < 0.6 ? guest : chance() < 0.5 ? null : Math.floor(chance() * count) % count,
              );
            const simulation = new PlainSimulation(count);
            simulation.changes(graph, guests()).forEach((changes, device) => {
              simulation.apply(device, changes);
            });
            const gone = new Set(range(count).filter(() => chance() < 0.1));
            const next: Graph = { switches: count, edges: graph.edges.filter(() => chance() < 0.75) };
            const known = guests();
            const changes = simulation.changes(next, known, gone);
            const done = range(count).filter(() => chance() < 0.5);
            for (const device of done) simulation.apply(device, changes[device] ?? []);
            expectNoneTwice(simulation, graph.edges, chance() < 0.3 ? 9 : null);
            // One of them has no bundles, and is in the middle of it.
            const half = range(count).find((device) => !done.includes(device) && !gone.has(device));
            if (half !== undefined) {
              const list = changes[half] ?? [];
              const upTo = Math.floor(chance() * list.length);
              simulation.apply(half, list, upTo);
              expectNoneTwice(simulation, graph.edges);
              simulation.apply(half, list.slice(upTo));
            }
            for (const device of range(count))
              if (device !== half && !done.includes(device)) simulation.apply(device, changes[device] ?? []);
            expectNoneTwice(simulation, graph.edges);
            const honest = known.map((place, guest) => (place === guest || place === null ? place : null));
            simulation.changes(next, honest, gone).forEach((list, device) => {
              simulation.apply(device, list);
            });
            expectAllArrive(
              simulation,
              next,
              honest.map((place, guest) => (gone.has(guest) ? null : place)),
              gone,
            );
          },
        ),
        runs(40),
      );
    },
  );

  test("a switch whose flows are those of a graph that never was still lets no frame be seen twice", TIMEOUT, () => {
    fc.assert(
      fc.property(fc.array(anyGraph, { minLength: 5, maxLength: 5 }), (graphs) => {
        // Each switch believes another graph.
        const count = Math.min(...graphs.map((graph) => graph.switches), 5);
        const simulation = new PlainSimulation(count);
        const cut = graphs.map(
          (graph): Graph => ({ switches: count, edges: graph.edges.filter(([a, b]) => a < count && b < count) }),
        );
        for (const at of range(count)) {
          const graph = cut[at];
          if (graph !== undefined) simulation.apply(at, simulation.changes(graph, atHome(count))[at] ?? []);
        }
        const everything = range(count).flatMap((a) =>
          range(count).flatMap((b): GraphEdge[] => (a < b ? [[a, b]] : [])),
        );
        expectNoneTwice(simulation, everything);
      }),
      runs(40),
    );
  });

  test("a controller that starts with nothing reads numbers, ports and links back, and then has nothing to write", () => {
    for (const graph of ALL) {
      const simulation = installed(graph);
      for (const at of range(graph.switches)) {
        const others = range(graph.switches).filter((other) => other !== at);
        const beside = graph.edges.flatMap(([a, b]) => (a === at ? [b] : b === at ? [a] : [])).sort((a, b) => a - b);
        const plain = simulation.readBack(at);
        expect(plain?.number).toBe(at + 1);
        expect([...(plain?.guests ?? [])]).toEqual([GUEST_PORT]);
        expect([...(plain?.links ?? [])].sort(([a], [b]) => a - b)).toEqual(
          beside.map((other) => [endAt(at, other).ofport, endAt(other, at)]),
        );
        expect([...(plain?.others ?? [])].sort()).toEqual(others.map((other) => other + 1));
      }
      expect(simulation.changes(graph, atHome(graph.switches)).flat()).toEqual([]);
    }
  });

  test("where a switch has no bundles, what is taken in by another port is taken away before anything is added", () => {
    const square: Graph = {
      switches: 4,
      edges: [
        [0, 1],
        [1, 2],
        [2, 3],
        [0, 3],
      ],
    };
    const simulation = installed(square);
    const cut: Graph = { ...square, edges: square.edges.slice(1) };
    const changes = simulation.changes(cut, atHome(4)).flat();
    const kinds = changes.map((change) =>
      change.kind === "flow_mod" && change.tableId === TABLES.arrive.id ? change.command : "other",
    );
    expect(kinds).toContain("delete_strict");
    for (const list of simulation.changes(cut, atHome(4))) {
      const last = list.findLastIndex(
        (one) => one.kind === "flow_mod" && one.tableId === TABLES.arrive.id && one.command === "delete_strict",
      );
      const firstAdd = list.findIndex((one) => one.kind === "flow_mod" && one.command !== "delete_strict");
      if (last >= 0 && firstAdd >= 0) expect(last).toBeLessThan(firstAdd);
    }
  });

  test("connectedness is what it is", () => {
    expect(connected({ switches: 3, edges: [[0, 1]] })).toBe(false);
    expect(connected({ switches: 3, edges: [[0, 1]] }, new Set([2]))).toBe(true);
  });
});
