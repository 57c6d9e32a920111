// Paths across islands, and the numbers of their switches.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type LinkEnd,
  MAX_SWITCH_NUMBER,
  numberSwitches,
  plainLink,
  planIslands,
} from "../../../src/model/plain-links.ts";

const link = (a: string, b: string, which = 0) =>
  plainLink({ dpid: a, ofport: 10 * which + b.charCodeAt(0) }, { dpid: b, ofport: 10 * which + a.charCodeAt(0) });

/** Up to eight switches with any links among them, two between the same pair included. */
const graphs = fc.array(
  fc.tuple(fc.constantFrom(..."abcdefgh"), fc.constantFrom(..."abcdefgh"), fc.integer({ min: 0, max: 1 })),
  { maxLength: 24 },
);

describe("islands", () => {
  it("are what hangs together, and a switch alone is one", () => {
    const islands = planIslands(["a", "b", "c", "d"], [link("a", "b"), link("d", "b")]);
    expect(islands.map((island) => island.members)).toEqual([["a", "b", "d"], ["c"]]);
    expect(islands[1]?.paths.get("c")).toEqual({ towards: new Map(), trees: new Map([["c", { from: null, on: [] }]]) });
  });

  it("do not depend on the order in which links are told", () => {
    fc.assert(
      fc.property(graphs, fc.integer(), (edges, seed) => {
        const links = edges.map(([a, b, which]) => link(a, b, which));
        const mixed = links.map((one, at) => [one, (at * 7919 + seed) % 31] as const).sort(([, x], [, y]) => x - y);
        expect(
          planIslands(
            "abcdefgh",
            mixed.map(([one]) => one),
          ),
        ).toEqual(planIslands("abcdefgh", links));
      }),
    );
  });

  it("have paths on which each switch expects frames by the very port by which they come", () => {
    fc.assert(
      fc.property(graphs, (edges) => {
        const links = edges.map(([a, b, which]) => link(a, b, which));
        const peer = new Map<string, LinkEnd>();
        for (const {
          ends: [a, b],
        } of links) {
          peer.set(`${a.dpid}/${a.ofport}`, b);
          peer.set(`${b.dpid}/${b.ofport}`, a);
        }
        for (const { members, paths } of planIslands("abcdefgh", links)) {
          for (const source of members) {
            for (const target of members) {
              let at = source;
              for (let steps = 0; at !== target; steps++) {
                expect(steps).toBeLessThan(members.length);
                const far: LinkEnd | undefined = peer.get(`${at}/${paths.get(at)?.towards.get(target)}`);
                expect(far).toBeDefined();
                const { dpid = "", ofport = 0 } = far ?? {};
                expect(paths.get(dpid)?.trees.get(source)?.from).toBe(ofport);
                expect(paths.get(at)?.trees.get(source)?.on).toContain(paths.get(at)?.towards.get(target));
                at = dpid;
              }
            }
            // A tree: each other switch is led to once.
            const on = members.flatMap((member) => paths.get(member)?.trees.get(source)?.on ?? []);
            expect(on).toHaveLength(members.length - 1);
          }
        }
      }),
    );
  });
});

describe("numbers of switches", () => {
  it("stay as they are held; of two that hold the same the first keeps it; nobody gets what is taken", () => {
    const held = new Map([
      ["c", 2],
      ["b", 2],
      ["a", 7],
    ]);
    expect([...numberSwitches(["d", "c", "b", "a"], held, [1, 3])]).toEqual([
      ["a", 7],
      ["b", 2],
      ["c", 4],
      ["d", 5],
    ]);
  });

  it("run out where a label has no more room", () => {
    const dpids = Array.from({ length: MAX_SWITCH_NUMBER + 2 }, (_, at) => String(at).padStart(4, "0"));
    expect(numberSwitches(dpids, new Map(), []).size).toBe(MAX_SWITCH_NUMBER);
  });
});
