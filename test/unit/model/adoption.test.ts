// Adoption of a hand-made triangle: who goes when, what is still heard, what goes; and that no flow leads into a foreign tunnel.
import { describe, expect, it } from "vitest";
import type { FabricInput } from "../../../src/model/fabric.ts";
import type { AdoptionStage, ForeignTunnelFact, HostFact, SwitchFact } from "../../../src/model/facts.ts";
import { relaysInUse } from "../../../src/model/relays-in-use.ts";
import { tunnelPort } from "../../../src/model/tunnel-types.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import { decodeCookie } from "../../../src/pipeline/registry.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo, vlan } from "./facts-for-tests.ts";

const INDEX = { a: 1, b: 2, c: 3 } as const;
type Name = keyof typeof INDEX;
const NAMES: readonly Name[] = ["a", "b", "c"];
const others = (own: Name): readonly Name[] => NAMES.filter((name) => name !== own);
const ip = (name: Name): string => `10.0.0.${INDEX[name]}`;
const FOREIGN_PORT = 100;

function foreign(to: Name): ForeignTunnelFact {
  return { name: `gre-${to}`, type: "gre", ofport: FOREIGN_PORT + INDEX[to], remoteIp: ip(to), vlan: vlan(null) };
}

function host(id: Name, stage: AdoptionStage | null, fields: Partial<HostFact> = {}): HostFact {
  return hostFact({
    id,
    stored: stored(id, INDEX[id]),
    tunnelIp: ip(id),
    bridgeName: "br0",
    ports: [portFact({ name: "tap0", ofport: 1 }), portFact({ name: "tap1", ofport: 2, vlan: vlan(10) })],
    tunnels: others(id).map((peer) => tunnelTo(peer, INDEX[peer], ip(peer))),
    foreignTunnels: others(id).map(foreign),
    adoption: stage === null ? null : { stage, now: false, rootDistance: null },
    ...fields,
  });
}

const NOT_YET: Partial<HostFact> = {
  standing: { kind: "waiting", problem: { code: "host/foreign-mesh", message: "", remedy: "" } },
  stored: null,
  tunnels: [],
};

const receiving = (id: Name): SwitchFact =>
  switchFact({ receivesOn: new Set(others(id).map((peer) => String(tunnelPort("geneve", INDEX[peer])))) });
const taken = (id: Name): SwitchFact => ({
  ...receiving(id),
  ownIndex: INDEX[id],
  sendsBy: new Map(others(id).map((peer) => [INDEX[peer], { port: tunnelPort("geneve", INDEX[peer]), toward: null }])),
});

function mesh(
  stages: Readonly<Record<Name, AdoptionStage | null>>,
  fields: Partial<Record<Name, Partial<HostFact>>> = {},
  input: Partial<FabricInput> = {},
) {
  const hosts = NAMES.map((name) => host(name, stages[name], fields[name]));
  const switches = Object.fromEntries(
    NAMES.map((name) => [name, stages[name] === "prepare" || stages[name] === null ? receiving(name) : taken(name)]),
  );
  return derive(hosts, switches, input);
}

const next = (fabric: ReturnType<typeof derive>) =>
  NAMES.map((name) => fabric.hosts.get(name)?.adoption?.stage ?? null);

describe("hosts of a hand-made mesh", () => {
  it("go on as before until all of them are adopted, and say whom they wait for", () => {
    const fabric = mesh({ a: "prepare", b: "prepare", c: null }, { c: NOT_YET });
    expect(next(fabric)).toEqual(["prepare", "prepare", null]);
    expect(fabric.hosts.get("a")?.problems).toEqual([
      expect.objectContaining({
        code: "adopt/waiting",
        message: expect.stringContaining("host c, to which it has hand-made tunnels, is not adopted"),
        remedy: expect.stringContaining("weft adopt c"),
      }),
    ]);
  });

  it("go on as before while a tunnel leads to a host that nobody knows", () => {
    const odd = { ...foreign("b"), name: "gre9", remoteIp: "192.0.2.9" };
    const fabric = mesh({ a: "prepare", b: "prepare", c: "prepare" }, { a: { foreignTunnels: [odd] } });
    expect(next(fabric)[0]).toBe("prepare");
    expect(fabric.hosts.get("a")?.problems[0]?.message).toContain("gre9 leads to 192.0.2.9");
  });

  it("go on as before while one of Weft's tunnels does not carry", () => {
    const down = others("b").map((peer) => tunnelTo(peer, INDEX[peer], ip(peer), { bfd: { kind: "starting" } }));
    const fabric = mesh({ a: "prepare", b: "prepare", c: "prepare" }, { b: { tunnels: down } });
    expect(next(fabric)).toEqual(["prepare", "prepare", "prepare"]);
    expect(fabric.hosts.get("c")?.problems[0]?.message).toContain("the new tunnel from b to a does not carry yet");
  });

  it("are taken in turns, the root of the spanning tree last", () => {
    const at = (rootDistance: number): Partial<HostFact> => ({
      adoption: { stage: "prepare", now: false, rootDistance },
    });
    const tree = { a: at(0), b: at(2), c: at(5) };
    expect(next(mesh({ a: "prepare", b: "prepare", c: "prepare" }, tree))).toEqual(["prepare", "prepare", "take"]);
    expect(next(mesh({ a: "prepare", b: "prepare", c: "take" }, { a: at(0), b: at(2) }))).toEqual([
      "prepare",
      "take",
      "take",
    ]);
  });

  it("go together where there is no order between them", () => {
    expect(next(mesh({ a: "prepare", b: "prepare", c: "prepare" }))).toEqual(["take", "take", "take"]);
  });

  it("wait until one whose turn is before theirs forwards", () => {
    const leaf: Partial<HostFact> = { adoption: { stage: "take", now: false, rootDistance: 5 } };
    const hosts = [host("a", "take", leaf), host("b", "prepare"), host("c", "prepare")];
    const fabric = derive(hosts, { a: receiving("a"), b: receiving("b"), c: receiving("c") });
    expect(next(fabric)).toEqual(["take", "prepare", "prepare"]);
    const after = derive(hosts, { a: taken("a"), b: receiving("b"), c: receiving("c") });
    expect(next(after)).toEqual(["take", "take", "take"]);
  });

  it("hear old tunnels until their far ends are taken, and let them go all at once, after a while", () => {
    const between = mesh({ a: "take", b: "take", c: "prepare" });
    expect(between.hosts.get("a")?.adoption).toMatchObject({ stage: "take", drops: [] });
    expect(between.hosts.get("a")?.adoption?.hears.map((tunnel) => tunnel.name)).toEqual(["gre-b", "gre-c"]);
    const all = { a: "take", b: "take", c: "take" } as const;
    expect(next(mesh(all, {}, { keepTunnel: () => true }))).toEqual(["take", "take", "take"]);
    const over = mesh(all);
    expect(next(over)).toEqual(["done", "done", "done"]);
    expect(over.hosts.get("a")?.adoption?.drops).toEqual(["gre-b", "gre-c"]);
  });

  it("stay as they are while others have not been read since a restart", () => {
    const fabric = derive([host("a", "take")], { a: receiving("a") });
    expect(fabric.hosts.get("a")?.adoption).toMatchObject({ stage: "take", forwards: false, drops: [] });
    expect(fabric.hosts.get("a")?.adoption?.hears).toHaveLength(2);
    const before = derive([host("a", "take")], { a: taken("a") });
    expect(before.hosts.get("a")?.adoption).toMatchObject({ stage: "take", forwards: true, drops: [] });
  });

  it("are taken at once where that is asked for", () => {
    const now: Partial<HostFact> = { adoption: { stage: "prepare", now: true, rootDistance: null } };
    expect(next(mesh({ a: "prepare", b: null, c: null }, { a: now, b: NOT_YET, c: NOT_YET }))[0]).toBe("take");
  });

  it("say who does not hear whom while only some are taken", () => {
    const half = mesh({ a: "take", b: null, c: null }, { b: NOT_YET, c: NOT_YET });
    expect(half.hosts.get("a")?.adoption).toMatchObject({ stage: "take", hears: [], drops: [] });
    expect(half.hosts.get("a")?.problems.map((one) => [one.code, one.remedy])).toEqual([
      ["adopt/half", "weft adopt b; or back: weft release a"],
      ["adopt/half", "weft adopt c; or back: weft release a"],
    ]);
  });

  it("have tunnels of another type beside hand-made ones of the fabric's own, and of that type when those are gone", () => {
    const types = (stages: Parameters<typeof mesh>[0], fields: Parameters<typeof mesh>[1] = {}) =>
      mesh(stages, fields, { tunnelType: "gre" })
        .hosts.get("a")
        ?.wantedTunnels.map((one) => `${one.type}${one.peerIndex}`);
    expect(types({ a: "prepare", b: "prepare", c: "prepare" })).toEqual(["geneve2", "geneve3"]);
    const none = { foreignTunnels: [] };
    const done = { a: none, b: none, c: none };
    expect(types({ a: "done", b: "done", c: "done" }, done)).toEqual(["geneve2", "gre2", "geneve3", "gre3"]);
  });
});

describe("the switch of a host that is adopted", () => {
  const compiled = (stages: Parameters<typeof mesh>[0], name: Name) => {
    const fabric = mesh(stages, {}, { keepTunnel: () => true });
    const found = fabric.hosts.get(name);
    if (found === undefined) throw new Error(`no host ${name}`);
    return compileSwitch(fabric, found, { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 });
  };

  it.each([
    { a: "prepare", b: "prepare", c: "prepare" },
    { a: "take", b: "prepare", c: "prepare" },
    { a: "take", b: "take", c: "take" },
    { a: "done", b: "done", c: "done" },
  ] as const)("sends nothing into a hand-made tunnel: $a, $b, $c", (stages) => {
    const { flows, groups } = compiled(stages, "a");
    const text = JSON.stringify([[...flows.values()], [...groups.values()]], (_, value) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    for (const name of others("a")) expect(text).not.toContain(`"port":${FOREIGN_PORT + INDEX[name]}`);
  });

  it("leaves what comes by local ports to the bridge while it is prepared, and names its host", () => {
    const { flows, groups } = compiled({ a: "prepare", b: "prepare", c: "prepare" }, "a");
    const first = [...flows.values()].filter((flow) => flow.tableId === 0);
    expect(first.map((flow) => decodeCookie(flow.cookie)?.kind)).toEqual(["tunnel", "tunnel"]);
    const identity = [...flows.values()].filter((flow) => decodeCookie(flow.cookie)?.kind === "identity");
    expect(identity.map((flow) => flow.tableId)).toEqual([40]);
    const used = [...flows.values()].flatMap((flow) =>
      flow.instructions.flatMap((one) =>
        one.kind === "apply_actions" ? one.actions.flatMap((act) => (act.kind === "group" ? [act.groupId] : [])) : [],
      ),
    );
    for (const id of used) expect(groups.has(id)).toBe(true);
  });

  it("takes in what comes by hand-made tunnels for local ports alone, each VLAN as the network of its tag", () => {
    const { flows } = compiled({ a: "take", b: "prepare", c: "prepare" }, "a");
    const heard = [...flows.values()].filter((flow) => decodeCookie(flow.cookie)?.kind === "heard");
    expect(heard).toHaveLength(4);
    expect(new Set(heard.map((flow) => decodeCookie(flow.cookie)?.vni))).toEqual(new Set([4095, 10]));
    for (const flow of heard) expect(flow.instructions.at(-1)).toEqual({ kind: "goto_table", tableId: 40 });
  });
});

describe("relays in use", () => {
  const plain = (id: Name, down: readonly Name[] = []): HostFact =>
    hostFact({
      id,
      stored: stored(id, INDEX[id]),
      tunnelIp: ip(id),
      tunnels: others(id).map((peer) =>
        tunnelTo(peer, INDEX[peer], ip(peer), down.includes(peer) ? { bfd: { kind: "down", why: "gone" } } : {}),
      ),
    });

  it("are none while the direct tunnels are up", () => {
    expect(relaysInUse(derive([plain("a"), plain("b"), plain("c")]))).toEqual([]);
  });

  it("are those whose own tunnel is up, with what is wrong with the direct one", () => {
    const fabric = derive([plain("a", ["b"]), plain("b", ["a"]), plain("c")]);
    expect(relaysInUse(fabric)).toEqual([
      { from: "a", to: "b", by: "c", reason: "tunnel geneve2 is down, BFD: gone" },
      { from: "b", to: "a", by: "c", reason: "tunnel geneve1 is down, BFD: gone" },
    ]);
  });

  it("are none where no relay is up either: frames go by the last resort", () => {
    expect(
      relaysInUse(derive([plain("a", ["b", "c"]), plain("b"), plain("c")])).filter((one) => one.from === "a"),
    ).toEqual([]);
  });

  it("are the hubs of a fabric with hubs, since pairs have no tunnel", () => {
    const spoke = (id: Name) => ({ ...plain(id), tunnels: [tunnelTo("c", 3, ip("c"))] });
    const fabric = derive(
      [spoke("a"), spoke("b"), plain("c")],
      {},
      { topology: { kind: "hubs", hubs: ["c"], direct: [] } },
    );
    expect(relaysInUse(fabric)[0]).toEqual({
      ...{ from: "a", to: "b", by: "c" },
      reason: "the topology gives the pair no tunnel of its own",
    });
  });
});
