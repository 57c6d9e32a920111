import { describe, expect, it } from "vitest";
import type { HostFact } from "../../../src/model/facts.ts";
import { isFlowBased, maxIndexFor, standsFlowBased } from "../../../src/model/flow-based.ts";
import { type IdentityInput, NO_DECISIONS, resolveIdentities } from "../../../src/model/identity.ts";
import { sharedTunnelPort } from "../../../src/model/tunnel-types.ts";
import { derive, FABRIC, hostFact, stored, switchFact, tunnelTo } from "./facts-for-tests.ts";

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

const ipOf = (index: number): string => `10.0.${index >> 8}.${index & 255}`;

/** A member with tunnels to those, by id and index. */
function member(id: string, index: number, peers: readonly (readonly [string, number])[]): HostFact {
  return hostFact({
    id,
    stored: stored(id, index),
    tunnelIp: ipOf(index),
    tunnels: peers.map(([peer, at]) => tunnelTo(peer, at, ipOf(at))),
  });
}

/** Made up: the host names so many that do not exist, from that index on. */
const fakes = (count: number, from: number): [string, number][] =>
  Array.from({ length: count }, (_, at) => [`fake-${at}`, from + at]);

const MESH = [["a", 1] as const, ["b", 2] as const, ["m", 3] as const];
const mesh = (hostile: readonly (readonly [string, number])[]): HostFact[] =>
  MESH.map(([id, index]) =>
    member(id, index, [...MESH.filter(([other]) => other !== id), ...(id === "m" ? hostile : [])]),
  );

describe("hosts that one member makes up", () => {
  it("do not make the fabric flow-based, however many they are, whatever their indexes, and with shared ports of its own", () => {
    const hosts = mesh(fakes(300, 4000));
    const [a, b, m] = hosts;
    if (a === undefined || b === undefined || m === undefined) throw new Error("three hosts");
    const tunnels = m.tunnels.map((row) => ({ ...row, shared: true, ofport: sharedTunnelPort("geneve") }));
    const far = { ...m, tunnels, stored: stored("m", 5000) };
    const facts = [a, b, far];
    const settings = { mode: "auto", above: 200 } as const;
    expect(derive(facts, {}, { flowBased: settings }).flowBased).toBe(false);
    expect(standsFlowBased(facts)).toBe(false);
    const maxIndex = maxIndexFor(settings, false, () => standsFlowBased(facts));
    expect(resolve(facts, { maxIndex }).identities.get("m")?.index).not.toBe(5000);
  });

  it("do not hold a flow-based fabric of many back from being one: those that come and go are counted by what was read", () => {
    const facts = { indexes: Array.from({ length: 201 }, (_, at) => at + 1), complete: false, standing: () => false };
    expect(isFlowBased({ mode: "auto", above: 200 }, facts)).toBe(true);
  });

  it("keep their indexes while there are others, and give way to who comes when there are none", () => {
    const few = resolve([...mesh(fakes(10, 4)), hostFact({ id: "new" })]);
    expect(few.identities.get("new")?.index).toBe(14);
    const all = resolve([...mesh(fakes(4091, 4)), hostFact({ id: "new" }), hostFact({ id: "next" })]);
    expect(all.identities.get("new")?.index).toBe(4094);
    expect(all.identities.get("next")?.index).toBe(4093);
    expect(all.identities.get("fake-0")?.index).toBe(4);
    expect(all.identities.get("fake-4090")?.index).toBeNull();
    expect(all.identities.get("m")?.problems).toMatchObject([{ code: "host/names-unknown" }]);
  });

  it("give way before those that flows alone name do not, nor those that two hosts name", () => {
    const inFlows = new Set(Array.from({ length: 4091 }, (_, at) => at + 4));
    expect(
      resolve([...mesh([]), hostFact({ id: "new" })], { indexesInFlows: inFlows }).identities.get("new")?.index,
    ).toBe(4);
    const named = fakes(4091, 4);
    const both = MESH.map(([id, index]) => member(id, index, [...MESH.filter(([other]) => other !== id), ...named]));
    const outcome = resolve([...both, hostFact({ id: "new" })]);
    expect(outcome.identities.get("new")?.problems).toMatchObject([{ code: "host/no-index" }]);
  });

  it("are no more than there may be hosts, and those that others name as well come first", () => {
    const hosts = mesh([...fakes(50, 100), ["away", 4]]);
    const [a] = hosts;
    const named = { ...a, tunnels: [...(a?.tunnels ?? []), tunnelTo("away", 4, ipOf(4))] } as HostFact;
    const outcome = resolve([...hosts.slice(1), named], { maxAbsent: 5 });
    expect(outcome.identities.size).toBe(3 + 5);
    expect(outcome.identities.get("away")?.index).toBe(4);
  });

  it("get no tunnels from others, no way and no place among the relays, and what the one holds of them stays", () => {
    const switches = {
      a: switchFact(),
      b: switchFact(),
      m: switchFact({ sendsBy: new Map([[9, { port: 0xa009, toward: null }]]) }),
    };
    const without = derive(mesh([]), switches);
    const fabric = derive(mesh([["fake", 9], ...fakes(40, 20)]), switches);
    for (const id of ["a", "b"]) {
      expect(fabric.hosts.get(id)?.wantedTunnels).toEqual(without.hosts.get(id)?.wantedTunnels);
      expect(fabric.hosts.get(id)?.ways).toEqual(without.hosts.get(id)?.ways);
    }
    expect(fabric.hosts.get("m")?.wantedTunnels.map((one) => one.peerId)).toContain("fake");
    expect(fabric.hosts.get("m")?.ways.has(9)).toBe(true);
    expect(fabric.relays.plan.get(1)?.get(2)).toEqual([3]);
  });

  it("take neither the index nor the tunnel IP of a host that is there, also while they are pinned", () => {
    const a = member("a", 2, []);
    const m = hostFact({
      id: "m",
      stored: stored("m", 3),
      tunnelIp: ipOf(3),
      tunnels: [tunnelTo("fake", 2, ipOf(2)), tunnelTo("fake-2", 1, ipOf(2)), tunnelTo("a", 2, ipOf(2))],
    });
    const outcome = resolve([m, a], { pinTunnelIps: true });
    expect(outcome.identities.get("a")).toMatchObject({ index: 2, tunnelIp: ipOf(2), problems: [] });
    expect(outcome.identities.get("fake")).toMatchObject({ index: null });
  });
});

describe("one host's voice", () => {
  it("is one, however many rows it has", () => {
    const loud = hostFact({
      id: "m",
      stored: stored("m", 9),
      tunnels: Array.from({ length: 20 }, (_, at) => tunnelTo("gone", 7, "203.0.113.1", { name: `x${at}` })),
    });
    const peers = [member("a", 1, [["gone", 5]]), member("b", 2, [["gone", 5]])];
    expect(resolve([loud, ...peers]).identities.get("gone")).toMatchObject({ index: 5, tunnelIp: ipOf(5) });
  });

  it("does not name the fabric when others come back with another name, and nobody gets a number before that is clear", () => {
    const m = hostFact({ id: "m", stored: stored("m", 1, "evil") });
    const alone = resolve([m], { holding: true });
    expect(alone.fabricId).toBe("evil");
    const a = member("a", 1, [["b", 2]]);
    const two = resolve([m, a], { holding: true, decisions: alone.decisions });
    expect(two.identities.get("a")?.index).toBeNull();
    const three = resolve([m, a, member("b", 2, [["a", 1]])], { holding: true, decisions: two.decisions });
    expect(three.fabricId).toBe(FABRIC);
    expect([...three.identities.values()].map(({ id, index }) => [id, index])).toEqual([
      ["a", 1],
      ["b", 2],
      ["m", null],
    ]);
  });

  it("is enough for a host that is away to keep all it has: one hub may be all that names it", () => {
    const topology = { kind: "hubs", hubs: ["hub"], direct: [] } as const;
    const hub = member("hub", 1, [
      ["s1", 2],
      ["s2", 3],
    ]);
    const fabric = derive(
      [hub, member("s1", 2, [["hub", 1]])],
      { s1: switchFact({ relaysBy: new Map([[3, [{ port: 0xa001, toward: null }]]]) }), hub: switchFact() },
      { topology },
    );
    expect(fabric.hosts.get("s2")?.index).toBe(3);
    expect(fabric.hosts.get("hub")?.wantedTunnels.map((one) => one.peerId)).toEqual(["s1", "s2"]);
    expect(fabric.hosts.get("s1")?.ways.get(3)?.relays).toEqual([{ port: 0xa001, toward: null }]);
  });
});
