import { describe, expect, it } from "vitest";
import { bfdColumn, bfdIntervalMs } from "../../../src/model/bfd.ts";
import { downPairs, planRelays, RELAYS_PER_PAIR, type RelayHost, relayPlanKey } from "../../../src/model/relays.ts";
import { MESH, type Topology } from "../../../src/model/topology.ts";
import { tunnelTo } from "./facts-for-tests.ts";

function hosts(count: number, down: readonly (readonly [number, number])[] = []): RelayHost[] {
  return Array.from({ length: count }, (_, at) => {
    const index = at + 1;
    const broken = down.filter(([from]) => from === index);
    const tunnels = broken.map(([, to]) => tunnelTo(`h${to}`, to, "10.0.0.9", { bfd: { kind: "down", why: "x" } }));
    return { id: `h${index}`, name: `h${index}`, index, tunnels, vouched: true, read: true, unread: [] };
  });
}

function relays(list: readonly RelayHost[], from: number, to: number, topology: Topology = MESH): readonly number[] {
  return planRelays(list, topology, true).get(from)?.get(to) ?? [];
}

describe("pairs of hosts", () => {
  it("are told apart up to the largest index", () => {
    const down = { kind: "down", why: "x" } as const;
    const one = (index: number, to: number): RelayHost => {
      const tunnels = [tunnelTo(`h${to}`, to, "10.0.0.9", { bfd: down })];
      return { id: `h${index}`, name: `h${index}`, index, tunnels, vouched: true, read: true, unread: [] };
    };
    expect(downPairs([one(2, 3), one(1, 4099), one(65_534, 65_535)]).size).toBe(3);
  });
});

describe("relays", () => {
  it("are other hosts, several for each pair, the same seen from both ends", () => {
    const list = hosts(8);
    for (let a = 1; a <= 8; a++) {
      for (let b = 1; b <= 8; b++) {
        if (a === b) continue;
        const found = relays(list, a, b);
        expect(found).toHaveLength(RELAYS_PER_PAIR);
        expect(new Set([a, b, ...found]).size).toBe(RELAYS_PER_PAIR + 2);
        expect(found).toEqual(relays(list, b, a));
      }
    }
  });

  it("are as many as there are in a small fabric", () => {
    expect(relays(hosts(2), 1, 2)).toEqual([]);
    expect(relays(hosts(3), 1, 2)).toEqual([3]);
  });

  it("spread: no host is the first choice of much more than its share of pairs", () => {
    const firsts = new Map<number, number>();
    for (const [, peers] of planRelays(hosts(40), MESH, true)) {
      for (const [, [first]] of peers) if (first !== undefined) firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    const share = (40 * 39) / 40;
    expect(Math.max(...firsts.values())).toBeLessThan(2 * share);
    expect(firsts.size).toBe(40);
  });

  it("change for few pairs when a host joins", () => {
    const [before, after] = [planRelays(hosts(40), MESH, true), planRelays(hosts(41), MESH, true)];
    let changed = 0;
    for (const [from, peers] of before) {
      for (const [to, list] of peers) if (String(after.get(from)?.get(to)) !== String(list)) changed++;
    }
    expect(changed).toBeGreaterThan(0);
    expect(changed / (40 * 39)).toBeLessThan(0.35);
  });

  it("with a leg that either end sees down come last", () => {
    const [first] = relays(hosts(4), 1, 2);
    expect(first).toBeDefined();
    for (const broken of [
      [1, first],
      [first, 1],
      [2, first],
      [first, 2],
    ] as [number, number][]) {
      expect(relays(hosts(4, [broken]), 1, 2).at(-1)).toBe(first);
    }
  });

  it("are hubs alone where there are hubs", () => {
    const topology: Topology = { kind: "hubs", hubs: ["h1", "h2"], direct: [] };
    expect([...relays(hosts(6), 3, 4, topology)].sort()).toEqual([1, 2]);
    expect(relays(hosts(6), 1, 4, topology)).toEqual([2]);
  });

  it("spread over the hubs, whichever two of a fabric they are", () => {
    for (let other = 2; other <= 20; other++) {
      const topology: Topology = { kind: "hubs", hubs: ["h1", `h${other}`], direct: [] };
      const plan = planRelays(hosts(20), topology, false);
      const firsts = [...plan.values()].flatMap((peers) => [...peers.values()].map(([first]) => first));
      const share = firsts.filter((first) => first === other).length / firsts.length;
      expect(share).toBeGreaterThan(0.25);
      expect(share).toBeLessThan(0.75);
    }
  });

  it("are for pairs without a tunnel alone where nothing tells that a tunnel is down", () => {
    const topology: Topology = { kind: "hubs", hubs: ["h1", "h2"], direct: [["h3", "h4"]] };
    const plan = planRelays(hosts(5), topology, false);
    expect(plan.get(1)?.get(3)).toBeUndefined();
    expect(plan.get(3)?.get(4)).toBeUndefined();
    expect(plan.get(3)?.get(5)).toHaveLength(2);
  });

  it("need not be planned again while neither hosts nor what is down change", () => {
    expect(relayPlanKey(hosts(4))).toBe(relayPlanKey([...hosts(4)].reverse()));
    expect(relayPlanKey(hosts(4, [[1, 2]]))).toBe(relayPlanKey(hosts(4, [[2, 1]])));
    expect(relayPlanKey(hosts(4))).not.toBe(relayPlanKey(hosts(5)));
    expect(relayPlanKey(hosts(4))).not.toBe(relayPlanKey(hosts(4, [[1, 2]])));
  });
});

describe("BFD", () => {
  it("goes as often as the budget of a host allows, in steps", () => {
    expect(bfdIntervalMs(3, 200)).toBe(100);
    expect(bfdIntervalMs(20, 200)).toBe(100);
    expect(bfdIntervalMs(21, 200)).toBe(200);
    expect(bfdIntervalMs(500, 200)).toBe(3000);
    expect(bfdIntervalMs(4000, 200)).toBe(10_000);
    for (const tunnels of [1, 7, 50, 499])
      expect((tunnels * 1000) / bfdIntervalMs(tunnels, 200)).toBeLessThanOrEqual(200);
  });

  it("takes no key that a guest could have, and is off by an empty column", () => {
    expect(bfdColumn({ enabled: true, packetsPerSecond: 200 }, 3).get("check_tnl_key")).toBe("true");
    expect(bfdColumn({ enabled: false, packetsPerSecond: 200 }, 3).size).toBe(0);
  });
});
