import { describe, expect, it } from "vitest";
import type { Fabric } from "../../../src/model/fabric.ts";
import type { HostFact, SwitchFact, TunnelRowFact } from "../../../src/model/facts.ts";
import { flowBasedProblem, isFlowBased, maxIndexFor } from "../../../src/model/flow-based.ts";
import { kindText, laneKey, type TunnelKind } from "../../../src/model/lanes.ts";
import type { Topology } from "../../../src/model/topology.ts";
import { sharedTunnelPort, tunnelPort } from "../../../src/model/tunnel-types.ts";
import { derive, hostFact, own, receiving, stored, switchFact, tunnelTo } from "./facts-for-tests.ts";

const ALWAYS = { flowBased: { mode: "always", above: 200 } } as const;
const NEVER = { flowBased: { mode: "never", above: 200 } } as const;
const INDEX = { a: 1, b: 2, c: 3 } as const;
type Name = keyof typeof INDEX;

const ipOf = (name: Name): string => `10.0.0.${INDEX[name]}`;
const port = (name: Name): number => tunnelPort("geneve", INDEX[name]);
const SHARED = sharedTunnelPort("geneve");
const share = (name: Name) => ({ port: SHARED, toward: ipOf(name) });
const others = (self: Name): Name[] => (["a", "b", "c"] as const).filter((name) => name !== self);

const ownRows = (self: Name): TunnelRowFact[] =>
  others(self).map((peer) => tunnelTo(peer, INDEX[peer], ipOf(peer), { bfd: { kind: "off" } }));
const shares = (self: Name): TunnelRowFact[] =>
  others(self).map((peer) =>
    tunnelTo(peer, INDEX[peer], ipOf(peer), {
      ...{ name: "geneve-flow", shared: true, ofport: SHARED, bfd: { kind: "off" } },
    }),
  );

function host(id: Name, tunnels: readonly TunnelRowFact[], fields: Partial<HostFact> = {}): HostFact {
  return hostFact({ id, stored: stored(id, INDEX[id]), tunnelIp: ipOf(id), tunnels, ...fields });
}

/** Sends to all others by these, and takes in what comes by those. */
function using(
  self: Name,
  laneTo: (peer: Name) => ReturnType<typeof own>,
  received: readonly string[] = [],
): SwitchFact {
  return switchFact({
    sendsBy: new Map(others(self).map((peer) => [INDEX[peer], laneTo(peer)])),
    receivesOn: new Set(received),
  });
}

function wanted(fabric: Fabric, id: Name): string[] {
  return (fabric.hosts.get(id)?.wantedTunnels ?? []).map(
    ({ type, shared, peerIndex }) => `${type}${shared ? "-flow " : ""}${peerIndex}`,
  );
}

const directOf = (fabric: Fabric, from: Name, to: Name) => fabric.hosts.get(from)?.ways.get(INDEX[to])?.direct;

describe("flow-based tunnels", () => {
  it("may name very many hosts that nobody has seen: ways lead to them, and none are worked out from them", () => {
    const fabric = derive([host("a", shares("a"))], { a: using("a", share) }, ALWAYS);
    expect(directOf(fabric, "a", "b")).toEqual(share("b"));
    expect(fabric.hosts.get("b")).toMatchObject({ index: 2, ways: new Map(), entrances: [], wantedTunnels: [] });
  });

  it("are a matter of the number of hosts, with some room between there and back", () => {
    const auto = { mode: "auto", above: 10 } as const;
    const facts = (count: number, stands: boolean, complete = true) => ({
      indexes: Array.from({ length: count }, (_, at) => at + 1),
      complete,
      standing: () => stands,
    });
    expect(isFlowBased(auto, facts(10, false))).toBe(false);
    expect(isFlowBased(auto, facts(11, false))).toBe(true);
    expect(isFlowBased(auto, facts(10, true))).toBe(true);
    expect(isFlowBased(auto, facts(9, true))).toBe(true);
    expect(isFlowBased(auto, facts(8, true))).toBe(false);
    // There may be more of them.
    expect(isFlowBased(auto, facts(2, true, false))).toBe(true);
    expect(isFlowBased(auto, facts(2, false, false))).toBe(false);
    expect(isFlowBased(auto, { ...facts(1, false), indexes: [1, 4095] })).toBe(true);
    expect(isFlowBased({ mode: "never", above: 1 }, facts(5, true))).toBe(false);
    expect(isFlowBased({ mode: "always", above: 10 }, facts(1, false))).toBe(true);
  });

  it("allow for more indexes, where nobody is reached by a relay alone", () => {
    expect(maxIndexFor({ mode: "auto" }, false, () => true)).toBe(65_535);
    expect(maxIndexFor({ mode: "auto" }, false, () => false)).toBe(4094);
    expect(maxIndexFor({ mode: "always" }, false, () => false)).toBe(65_535);
    expect(maxIndexFor({ mode: "always" }, true, () => true)).toBe(4094);
    expect(maxIndexFor({ mode: "never" }, false, () => true)).toBe(4094);
  });

  it("are told to have no healing, where healing was asked for", () => {
    expect(flowBasedProblem(300, { healing: true })?.message).toContain("300 hosts");
    expect(flowBasedProblem(300, { healing: false })).toBeNull();
  });

  it("send each peer's frames to its address by one port, take in what comes from there, and have no relays", () => {
    const fabric = derive([host("a", []), host("b", []), host("c", [])], {}, ALWAYS);
    expect(wanted(fabric, "a")).toEqual(["geneve-flow 2", "geneve-flow 3"]);
    expect(fabric.hosts.get("a")?.ways.get(2)).toEqual({ direct: share("b"), relays: [] });
    expect(fabric.hosts.get("a")?.entrances).toEqual([
      { lane: share("b"), index: 2 },
      { lane: share("c"), index: 3 },
    ]);
  });

  it("lead spokes to each other by the hub's address", () => {
    const topology: Topology = { kind: "hubs", hubs: ["c"], direct: [] };
    const fabric = derive(
      [host("a", shares("a")), host("b", shares("b")), host("c", shares("c"))],
      {},
      { ...ALWAYS, topology },
    );
    expect(fabric.hosts.get("a")?.ways.get(2)).toEqual({ direct: null, relays: [share("c")] });
    expect(fabric.hosts.get("c")?.relaying.get(1)).toEqual(share("a"));
  });

  it("follow a peer to another address at once", () => {
    const moved = host("b", shares("b"), { tunnelIp: "10.0.0.99" });
    const fabric = derive(
      [host("a", shares("a")), moved, host("c", shares("c"))],
      { a: using("a", share), b: using("b", share), c: using("c", share) },
      ALWAYS,
    );
    const now = { port: SHARED, toward: "10.0.0.99" };
    expect(directOf(fabric, "a", "b")).toEqual(now);
    expect(fabric.hosts.get("a")?.entrances).toContainEqual({ lane: now, index: 2 });
    expect(fabric.hosts.get("a")?.entrances).not.toContainEqual({ lane: share("b"), index: 2 });
    expect(directOf(fabric, "a", "c")).toEqual(share("c"));
  });
});

describe("a fabric that becomes flow-based", () => {
  const both = (self: Name) => host(self, [...ownRows(self), ...shares(self)]);
  const lane = (peer: Name) => own(port(peer));

  it("sends by the old tunnels until the far end takes in what comes by the new ones, and keeps them until both have moved", () => {
    const all = [both("a"), both("b"), both("c")];
    const early = derive(all, { a: using("a", lane), b: using("b", lane) }, ALWAYS);
    expect(directOf(early, "a", "b")).toEqual(lane("b"));
    const ready = derive(all, { a: using("a", lane), b: using("b", lane, [laneKey(share("a"))]) }, ALWAYS);
    expect(directOf(ready, "a", "b")).toEqual(share("b"));
    expect(wanted(ready, "a")).toContain("geneve2");
    const half = derive(all, { a: using("a", share), b: using("b", lane) }, ALWAYS);
    expect(wanted(half, "a")).toContain("geneve2");
    const moved = derive(all, { a: using("a", share), b: using("b", share), c: using("c", share) }, ALWAYS);
    expect(wanted(moved, "a")).toEqual(["geneve-flow 2", "geneve-flow 3"]);
  });

  it("gives the old tunnels another while, if so told", () => {
    const all = [both("a"), both("b"), both("c")];
    const kinds: string[] = [];
    const keepTunnel = (from: string, to: string, kind: TunnelKind | "foreign"): boolean => {
      kinds.push(`${from}-${to} ${kindText(kind)}`);
      return true;
    };
    const facts = { a: using("a", share), b: using("b", share), c: using("c", share) };
    expect(wanted(derive(all, facts, { ...ALWAYS, keepTunnel }), "a")).toContain("geneve2");
    expect(kinds).toContain("a-b geneve");
  });
});

describe("a fabric that goes back to tunnels for each pair", () => {
  const all = ["a", "b", "c"] as const;
  const now = all.map((name) => host(name, shares(name)));

  it("expects what comes by a new tunnel before the tunnel is made: it takes over from the shared port at once", () => {
    const facts = { a: using("a", share), b: using("b", share), c: using("c", share) };
    const early = derive(now, facts, NEVER);
    expect(wanted(early, "a")).toEqual(["geneve-flow 2", "geneve-flow 3"]);
    expect(early.hosts.get("a")?.entrances).toContainEqual({ lane: own(port("b")), index: 2 });
    expect(directOf(early, "a", "b")).toEqual(share("b"));
    const expecting = { ...facts, a: { ...facts.a, receivesOn: receiving(port("b")) } };
    expect(wanted(derive(now, expecting, NEVER), "a")).toEqual(["geneve2", "geneve-flow 2", "geneve-flow 3"]);
  });

  it("makes them at once where nothing stands", () => {
    expect(
      wanted(
        derive(
          all.map((name) => host(name, [])),
          {},
          NEVER,
        ),
        "a",
      ),
    ).toEqual(["geneve2", "geneve3"]);
  });
});
