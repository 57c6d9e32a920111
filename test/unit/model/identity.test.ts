import { describe, expect, it } from "vitest";
import type { HostFact } from "../../../src/model/facts.ts";
import { type Decisions, type IdentityInput, NO_DECISIONS, resolveIdentities } from "../../../src/model/identity.ts";
import { FABRIC, hostFact, stored, tunnelTo } from "./facts-for-tests.ts";

function resolve(hosts: readonly HostFact[], fields: Partial<IdentityInput> = {}) {
  return resolveIdentities({
    hosts,
    settings: new Map(),
    configuredFabricId: null,
    decisions: NO_DECISIONS,
    holding: false,
    indexesInFlows: new Set(),
    forgotten: new Set(),
    newFabricId: () => "made-up",
    ...fields,
  });
}

function indexes(outcome: ReturnType<typeof resolve>): Record<string, number | null> {
  return Object.fromEntries([...outcome.identities.values()].map(({ id, index }) => [id, index]));
}

describe("indexes", () => {
  it("are given in the order in which hosts come, and the fabric gets an id with the first", () => {
    const outcome = resolve([hostFact({ id: "b" }), hostFact({ id: "a" })]);
    expect(indexes(outcome)).toEqual({ b: 1, a: 2 });
    expect(outcome.fabricId).toBe("made-up");
  });

  it("stay what hosts have stored, and the fabric's id with them", () => {
    const outcome = resolve([hostFact({ id: "a", stored: stored("a", 7) }), hostFact({ id: "b" })]);
    expect(indexes(outcome)).toEqual({ a: 7, b: 1 });
    expect(outcome.fabricId).toBe(FABRIC);
  });

  it("of a host that is away are known from its peers' rows and given to nobody else", () => {
    const a = hostFact({ id: "a", stored: stored("a", 2), tunnels: [tunnelTo("gone", 1, "10.0.0.9")] });
    const outcome = resolve([a, hostFact({ id: "new" })]);
    expect(indexes(outcome)).toEqual({ a: 2, gone: 1, new: 3 });
    expect(outcome.identities.get("gone")?.tunnelIp).toBe("10.0.0.9");
  });

  it("are not given out while holding, as long as a host that peers name has not been read", () => {
    const a = hostFact({ id: "a", stored: stored("a", 2), tunnels: [tunnelTo("gone", 1, "10.0.0.9")] });
    const fresh = hostFact({ id: "new" });
    const held = resolve([a, fresh], { holding: true });
    expect(indexes(held)).toEqual({ a: 2, gone: 1, new: null });
    expect(held.identities.get("new")?.problems[0]?.code).toBe("host/holding");
    expect(indexes(resolve([a, fresh], { holding: false })).new).toBe(3);
  });

  it("are not given out while holding, as long as flows name an index that nobody has claimed", () => {
    const outcome = resolve([hostFact({ id: "new" })], { holding: true, indexesInFlows: new Set([1]) });
    expect(indexes(outcome).new).toBeNull();
  });

  it("in flows are looked for only where one is to be given out", () => {
    const asked: string[] = [];
    const [a, fresh] = [hostFact({ id: "a", stored: stored("a", 7) }), hostFact({ id: "new" })];
    const options = {
      settings: new Map(),
      configuredFabricId: null,
      decisions: NO_DECISIONS,
      newFabricId: () => "new",
    };
    for (const hosts of [[a], [a, fresh]]) {
      const outcome = resolveIdentities({
        ...options,
        ...{ hosts, holding: false, forgotten: new Set() },
        get indexesInFlows() {
          asked.push(hosts.map(({ id }) => id).join(" "));
          return new Set([1]);
        },
      });
      expect(indexes(outcome)).toEqual(hosts.length === 1 ? { a: 7 } : { a: 7, new: 2 });
    }
    expect(new Set(asked)).toEqual(new Set(["a new"]));
  });

  it("are given at once after a start when nothing tells of other hosts", () => {
    expect(indexes(resolve([hostFact({ id: "a" })], { holding: true })).a).toBe(1);
  });

  it("given in this run yield, while holding, to a host that had the index before", () => {
    const fresh = hostFact({ id: "fresh" });
    const first = resolve([fresh], { holding: true });
    expect(indexes(first).fresh).toBe(1);
    const old = hostFact({ id: "old", stored: stored("old", 1) });
    const second = resolve([fresh, old], { holding: true, decisions: first.decisions });
    expect(indexes(second)).toEqual({ old: 1, fresh: 2 });
    expect(second.fabricId).toBe(FABRIC);
  });

  it("given in this run yield to those of a fabric that comes back only after the time of holding", () => {
    const fresh = hostFact({ id: "a-fresh" });
    const first = resolve([fresh], { holding: true });
    const written = hostFact({ id: "a-fresh", stored: stored("a-fresh", 1, "made-up") });
    const old = hostFact({ id: "old", stored: stored("old", 1), tunnels: [tunnelTo("older", 2, "10.0.0.2")] });
    const second = resolve([written, old], { decisions: first.decisions });
    expect(second.fabricId).toBe(FABRIC);
    expect(indexes(second)).toEqual({ old: 1, older: 2, "a-fresh": 3 });
  });

  it("of a lone host from another fabric do not change a fabric that is some time old", () => {
    const first = resolve([hostFact({ id: "a" })], { holding: true });
    const stray = hostFact({ id: "stray", stored: stored("stray", 1) });
    const second = resolve([hostFact({ id: "a" }), stray], { decisions: first.decisions });
    expect(second.fabricId).toBe("made-up");
    expect(indexes(second)).toEqual({ a: 1, stray: 2 });
  });

  it("that two hosts have stored stay with the one that more peers name", () => {
    const a = hostFact({ id: "a", stored: stored("a", 1) });
    const b = hostFact({ id: "b", stored: stored("b", 1) });
    const c = hostFact({ id: "c", stored: stored("c", 2), tunnels: [tunnelTo("b", 1, "10.0.0.2")] });
    expect(indexes(resolve([a, b, c]))).toEqual({ b: 1, c: 2, a: 3 });
  });

  it("count as none when they were given to another host (a cloned disk) or in another fabric", () => {
    const a = hostFact({ id: "a", stored: stored("a", 1) });
    const clone = hostFact({ id: "clone", stored: stored("a", 1) });
    const foreign = hostFact({ id: "foreign", stored: stored("foreign", 1, "another") });
    expect(indexes(resolve([a, clone, foreign]))).toEqual({ a: 1, clone: 2, foreign: 3 });
  });

  it("can be configured, and then win", () => {
    const settings = new Map([["a", { index: 9, name: "alpha" }]]);
    const outcome = resolve([hostFact({ id: "b", stored: stored("b", 9) }), hostFact({ id: "a" })], { settings });
    expect(indexes(outcome)).toEqual({ b: 1, a: 9 });
    expect(outcome.identities.get("a")?.name).toBe("alpha");
  });

  it("do not change between two looks at the same hosts", () => {
    const hosts = [hostFact({ id: "b" }), hostFact({ id: "a" })];
    let decisions: Decisions = NO_DECISIONS;
    for (let round = 0; round < 3; round++) {
      const outcome = resolve([...hosts].reverse(), { decisions });
      decisions = outcome.decisions;
      expect(indexes(outcome)).toEqual({ a: 1, b: 2 });
    }
  });

  it("are for hosts that take part: one that waits for consent or was refused gets none", () => {
    const problem = { code: "x", message: "y", remedy: "z" };
    const waiting = hostFact({ id: "a", standing: { kind: "waiting", problem } });
    expect(indexes(resolve([waiting]))).toEqual({ a: null });
    expect(resolve([waiting]).fabricId).toBeNull();
  });

  it("are free again once a host is forgotten", () => {
    const a = hostFact({ id: "a", stored: stored("a", 2), tunnels: [tunnelTo("gone", 1, "10.0.0.9")] });
    const outcome = resolve([a, hostFact({ id: "new" })], { forgotten: new Set(["gone"]) });
    expect(indexes(outcome)).toEqual({ a: 2, new: 1 });
  });
});

describe("indexes beyond those that tunnels for each pair have numbers for", () => {
  const far = hostFact({ id: "far", stored: stored("far", 5000), tunnels: [tunnelTo("away", 6000, "10.0.0.9")] });

  it("count where they may be, of hosts that are there and of those that are away", () => {
    expect(indexes(resolve([far], { maxIndex: 65_535 }))).toEqual({ far: 5000, away: 6000 });
  });

  it("count as none elsewhere", () => {
    expect(indexes(resolve([far]))).toEqual({ far: 1, away: null });
  });
});

describe("tunnel IPs", () => {
  it("of a host that is away go to one that is there and has them now", () => {
    const there = hostFact({
      id: "b",
      stored: stored("b", 2),
      tunnelIp: "10.0.0.1",
      tunnels: [tunnelTo("a", 1, "10.0.0.1")],
    });
    const unread = resolve([there]);
    expect(unread.identities.get("b")?.tunnelIp).toBe("10.0.0.1");
    expect(unread.identities.get("a")?.tunnelIp).toBeNull();
    const left = hostFact({ id: "a", stored: stored("a", 1), tunnelIp: "10.0.0.1" });
    const away = resolve([left, there], { away: new Set(["a"]) });
    expect(away.identities.get("b")?.tunnelIp).toBe("10.0.0.1");
    expect([...away.identities.keys()]).toEqual(["a", "b"]);
  });

  it("that two hosts claim stay with the lower index, and the other host is told", () => {
    const outcome = resolve([hostFact({ id: "a", tunnelIp: "10.0.0.1" }), hostFact({ id: "b", tunnelIp: "10.0.0.1" })]);
    expect(outcome.identities.get("a")?.tunnelIp).toBe("10.0.0.1");
    expect(outcome.identities.get("b")?.tunnelIp).toBeNull();
    const [problem] = outcome.identities.get("b")?.problems ?? [];
    expect(problem?.code).toBe("host/tunnel-ip-taken");
    expect(problem?.message).toContain("a keeps it");
    expect(problem?.remedy).toContain("weft-tunnel-ip");
  });
});

describe("a tunnel IP that two hosts have", () => {
  const ips = (outcome: ReturnType<typeof resolve>): Record<string, string | null> =>
    Object.fromEntries([...outcome.identities.values()].map(({ id, tunnelIp }) => [id, tunnelIp]));

  it("stays with the one that had it in this run, whatever its index", () => {
    const low = hostFact({ id: "low", stored: stored("low", 1), tunnelIp: "192.0.2.1" });
    const high = hostFact({ id: "high", stored: stored("high", 2), tunnelIp: "192.0.2.2" });
    const before = resolve([low, high]);
    const after = resolve([{ ...low, tunnelIp: "192.0.2.2" }, high], { decisions: before.decisions });
    expect(ips(after)).toEqual({ low: null, high: "192.0.2.2" });
    expect(after.identities.get("low")?.problems[0]?.code).toBe("host/tunnel-ip-taken");
    expect([...after.identities.keys()]).toEqual(["low", "high"]);
  });

  it("stays after a restart with the one that peers know by it", () => {
    const peer = hostFact({
      id: "peer",
      stored: stored("peer", 3),
      tunnelIp: "192.0.2.3",
      tunnels: [tunnelTo("high", 2, "192.0.2.2")],
    });
    const low = hostFact({ id: "low", stored: stored("low", 1), tunnelIp: "192.0.2.2" });
    const high = hostFact({ id: "high", stored: stored("high", 2), tunnelIp: "192.0.2.2" });
    expect(ips(resolve([low, peer, high]))).toMatchObject({ low: null, high: "192.0.2.2" });
  });
});

describe("a tunnel IP that is pinned", () => {
  const peers = (...known: readonly string[]) =>
    known.map((ip, at) =>
      hostFact({
        id: `p${at}`,
        stored: stored(`p${at}`, at + 2),
        tunnelIp: `192.0.2.${at + 20}`,
        tunnels: [tunnelTo("a", 1, ip)],
      }),
    );
  const a = hostFact({ id: "a", stored: stored("a", 1), tunnelIp: "192.0.2.9" });
  const ipOf = (outcome: ReturnType<typeof resolve>): string | null | undefined =>
    outcome.identities.get("a")?.tunnelIp;

  it("is the one by which peers know the host; without a pin the host is followed", () => {
    const hosts = [...peers("192.0.2.1", "192.0.2.1"), a];
    const pinned = resolve(hosts, { pinTunnelIps: true });
    expect(ipOf(pinned)).toBe("192.0.2.1");
    expect(pinned.identities.get("a")?.problems).toMatchObject([
      { code: "host/tunnel-ip-pinned", remedy: expect.stringContaining("weft hosts approve a") },
    ]);
    expect(ipOf(resolve(hosts))).toBe("192.0.2.9");
  });

  it("is not moved by one peer that says something else, nor by one that the host agrees with alone", () => {
    expect(ipOf(resolve([...peers("203.0.113.1", "192.0.2.9", "192.0.2.9"), a], { pinTunnelIps: true }))).toBe(
      "192.0.2.9",
    );
    expect(ipOf(resolve([...peers("192.0.2.9", "192.0.2.1", "192.0.2.1"), a], { pinTunnelIps: true }))).toBe(
      "192.0.2.1",
    );
  });

  it("of a host without peers is what it was seen with, not while others may still come", () => {
    const before = resolve([{ ...a, tunnelIp: "192.0.2.1" }], { pinTunnelIps: true });
    const { decisions } = before;
    expect(ipOf(resolve([a], { pinTunnelIps: true, decisions }))).toBe("192.0.2.1");
    expect(ipOf(resolve([a], { pinTunnelIps: true, decisions, holding: true }))).toBe("192.0.2.9");
  });

  it("gives way to what was confirmed", () => {
    const decisions = { ...NO_DECISIONS, confirmedIps: new Map([["a", "192.0.2.9"]]) };
    const outcome = resolve([...peers("192.0.2.1"), a], { pinTunnelIps: true, decisions });
    expect(ipOf(outcome)).toBe("192.0.2.9");
    expect(outcome.identities.get("a")?.problems).toEqual([]);
    expect(outcome.decisions.confirmedIps).toBe(decisions.confirmedIps);
  });

  it("of a host that is away is the one that most peers have", () => {
    expect(ipOf(resolve(peers("203.0.113.1", "192.0.2.1", "192.0.2.1")))).toBe("192.0.2.1");
  });
});
