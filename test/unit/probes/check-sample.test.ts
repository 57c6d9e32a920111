import { describe, expect, it } from "vitest";
import { MOST_PATHS, type Samplable, sampled } from "../../../src/probes/check-sample.ts";

function mesh(count: number, kind: "tunnel" | "network" = "tunnel", vni: number | null = null): readonly Samplable[] {
  const hosts = Array.from({ length: count }, (_, at) => `h${at}`);
  return hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => ({ kind, from, to, vni })));
}

const endsOf = (some: readonly Samplable[]) => [
  new Set(some.map(({ from }) => from)).size,
  new Set(some.map(({ to }) => to)).size,
];

describe("the paths that are checked", () => {
  it("are all, up to the bound", () => {
    const all = mesh(64);
    expect(sampled(all, 1, MOST_PATHS)).toEqual({ chosen: all, possible: 64 * 63, seed: null });
  });

  it("are beyond it so many as the bound says, both directions of a pair, and every host in them", () => {
    const { chosen, possible, seed } = sampled(mesh(300), 7, MOST_PATHS);
    expect({ count: chosen.length, possible, seed }).toEqual({ count: MOST_PATHS, possible: 300 * 299, seed: 7 });
    expect(endsOf(chosen)).toEqual([300, 300]);
    const ways = new Set(chosen.map(({ from, to }) => `${from} ${to}`));
    expect(chosen.filter(({ from, to }) => !ways.has(`${to} ${from}`))).toEqual([]);
  });

  it("are more than the bound says where every host's part takes more", () => {
    const { chosen } = sampled(mesh(300), 7, 100);
    expect(endsOf(chosen)).toEqual([300, 300]);
    // A pair of two new hosts, or of one: never more than both directions for each host.
    expect(chosen.length).toBeLessThan(2 * 300);
    const networks = [10, 20, 30].flatMap((vni) => mesh(40, "network", vni));
    const some = sampled(networks, 9, 30).chosen;
    expect(endsOf(some)).toEqual([40, 40]);
    expect(some.length).toBeLessThan(2 * 40);
  });

  it("are the same with the same seed, and others with another", () => {
    const all = mesh(20);
    const of = (seed: number) => sampled(all, seed, 60).chosen;
    expect(of(3)).toEqual(of(3));
    expect(of(4)).not.toEqual(of(3));
    const everything = new Set(Array.from({ length: 80 }, (_, seed) => of(seed)).flat());
    expect(everything.size).toBe(all.length);
  });

  it("cover a star, whose spokes have one path each, before they choose among the rest", () => {
    const spokes = Array.from({ length: 99 }, (_, at) => `s${at}`);
    const both = (a: string, b: string): Samplable[] => [
      { kind: "tunnel", from: a, to: b, vni: null },
      { kind: "tunnel", from: b, to: a, vni: null },
    ];
    const all = [...mesh(100), ...spokes.flatMap((spoke) => both("h0", spoke))];
    expect(endsOf(sampled(all, 5, 400).chosen)).toEqual([199, 199]);
  });

  it("give every network its share, leave out no cable, and keep the order given", () => {
    const cables: Samplable[] = Array.from({ length: 50 }, (_, at) => ({
      ...{ kind: "link", from: `p${at}`, to: `p${at + 1}`, vni: null },
    }));
    const networks = [10, 20, 30].flatMap((vni) => mesh(30, "network", vni));
    const { chosen } = sampled([...networks, ...cables], 9, 300);
    expect(chosen.filter(({ kind }) => kind === "link")).toEqual(cables);
    for (const vni of [10, 20, 30]) {
      const own = chosen.filter((one) => one.vni === vni);
      expect([own.length, ...endsOf(own)]).toEqual([100, 30, 30]);
    }
    expect(chosen).toEqual([...networks, ...cables].filter((one) => chosen.includes(one)));
  });
});
