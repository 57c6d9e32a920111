import { describe, expect, it } from "vitest";
import type { Fabric } from "../../../src/model/fabric.ts";
import type { HostFact, TunnelRowFact } from "../../../src/model/facts.ts";
import type { Topology } from "../../../src/model/topology.ts";
import { tunnelName, tunnelPort } from "../../../src/model/tunnel-types.ts";
import { derive, hostFact, own, receiving, stored, switchFact, tunnelTo } from "./facts-for-tests.ts";

const HUB_C: Topology = { kind: "hubs", hubs: ["c"], direct: [] };
const INDEX = { a: 1, b: 2, c: 3 } as const;
type Name = keyof typeof INDEX;

function rows(self: Name, fields: Partial<TunnelRowFact> = {}, peers: readonly Name[] = ["a", "b", "c"]) {
  return peers
    .filter((peer) => peer !== self)
    .map((peer) => tunnelTo(peer, INDEX[peer], `10.0.0.${INDEX[peer]}`, fields));
}

function host(id: Name, fields: Partial<HostFact> = {}): HostFact {
  const index = INDEX[id];
  return hostFact({ id, stored: stored(id, index), tunnelIp: `10.0.0.${index}`, tunnels: rows(id), ...fields });
}

function way(fabric: Fabric, from: Name, to: Name) {
  return fabric.hosts.get(from)?.ways.get(INDEX[to]);
}

function types(fabric: Fabric, from: Name): string[] {
  return (fabric.hosts.get(from)?.wantedTunnels ?? []).map((tunnel) => `${tunnel.type}${tunnel.peerIndex}`);
}

const port = (name: Name): number => tunnelPort("geneve", INDEX[name]);
const lane = (name: Name) => own(port(name));

describe("ways", () => {
  it("of a mesh are the direct tunnel, then the others as relays", () => {
    const fabric = derive([host("a"), host("b"), host("c")]);
    expect(way(fabric, "a", "b")).toEqual({ direct: lane("b"), relays: [lane("c")] });
  });

  it("of a new spoke go by the hub, and only hubs have tunnels to all", () => {
    const spokes = [host("a", { tunnels: [] }), host("b", { tunnels: [] }), host("c", { tunnels: [] })];
    const fabric = derive(spokes, {}, { topology: HUB_C });
    expect(way(fabric, "a", "b")).toEqual({ direct: null, relays: [lane("c")] });
    expect(way(fabric, "a", "c")).toEqual({ direct: lane("c"), relays: [] });
    expect(types(fabric, "a")).toEqual(["geneve3"]);
    expect(types(fabric, "c")).toEqual(["geneve1", "geneve2"]);
  });

  it("stay direct when hubs come, until the hub passes frames on; then the tunnel stays until neither end uses it", () => {
    const hosts = [host("a"), host("b"), host("c")];
    const direct = (peer: Name) =>
      switchFact({ sendsBy: new Map([[INDEX[peer], lane(peer)]]), receivesOn: receiving(port("c")) });
    const early = derive(hosts, { a: direct("b"), b: direct("a"), c: switchFact() }, { topology: HUB_C });
    expect(way(early, "a", "b")?.direct).toEqual(lane("b"));
    const hub = switchFact({
      receivesOn: receiving(port("a"), port("b")),
      relaysTo: new Map([
        [1, lane("a")],
        [2, lane("b")],
      ]),
    });
    const ready = derive(hosts, { a: direct("b"), b: direct("a"), c: hub }, { topology: HUB_C });
    expect(way(ready, "a", "b")).toEqual({ direct: null, relays: [lane("c")] });
    expect(types(ready, "a")).toEqual(["geneve2", "geneve3"]);
    const byHub = (peer: Name) =>
      switchFact({ relaysBy: new Map([[INDEX[peer], [lane("c")]]]), receivesOn: receiving(port("c")) });
    const half = derive(hosts, { a: byHub("b"), b: direct("a"), c: hub }, { topology: HUB_C });
    expect(types(half, "a")).toEqual(["geneve2", "geneve3"]);
    const moved = derive(hosts, { a: byHub("b"), b: byHub("a"), c: hub }, { topology: HUB_C });
    expect(types(moved, "a")).toEqual(["geneve3"]);
  });

  it("go on by the old relay until the direct tunnel stands at both ends", () => {
    const byHub = switchFact({ relaysBy: new Map([[INDEX.b, [lane("c")]]]) });
    const before = [
      host("a", { tunnels: rows("a", {}, ["c"]) }),
      host("b", { tunnels: rows("b", {}, ["c"]) }),
      host("c"),
    ];
    expect(way(derive(before, { a: byHub }), "a", "b")?.direct).toBeNull();
    const made = [host("a"), host("b"), host("c")];
    expect(way(derive(made, { a: byHub, b: switchFact() }), "a", "b")?.direct).toBeNull();
    const ready = { a: byHub, b: switchFact({ receivesOn: receiving(port("a")) }) };
    expect(way(derive(made, ready), "a", "b")?.direct).toEqual(lane("b"));
  });

  it("keep the tunnels of an old hub while somebody still sends by it", () => {
    const hosts = [host("a"), host("b"), host("c")];
    const noHub: Topology = { kind: "hubs", hubs: ["b"], direct: [] };
    const usesC = switchFact({ relaysBy: new Map([[INDEX.b, [lane("c")]]]), sendsBy: new Map([[INDEX.c, lane("c")]]) });
    const c = switchFact({ relaysBy: new Map([[INDEX.a, [lane("b")]]]), sendsBy: new Map([[INDEX.b, lane("b")]]) });
    const fabric = derive(hosts, { a: usesC, b: switchFact(), c }, { topology: noHub });
    expect(fabric.hosts.get("c")?.relaying.get(INDEX.b)).toEqual(lane("b"));
    expect(fabric.hosts.get("c")?.relaying.get(INDEX.a)).toEqual(lane("a"));
  });
});

describe("the type of a pair's tunnel", () => {
  it("is the fabric's where both ends take it, else one that both take", () => {
    const vxlanOnly = host("b", { tunnels: [], tunnelTypes: ["vxlan"] });
    const any = derive([host("a", { tunnels: [] }), vxlanOnly, host("c", { tunnels: [] })]);
    expect(types(any, "a")).toEqual(["vxlan2", "geneve3"]);
    expect(types(any, "b")).toEqual(["vxlan1", "vxlan3"]);
    expect(way(any, "a", "b")?.direct).toEqual(own(tunnelPort("vxlan", 2)));
  });

  it("is none where the ends have none in common, and then the pair goes by relays", () => {
    const fabric = derive([
      host("a", { tunnels: [], tunnelTypes: ["gre"] }),
      host("b", { tunnels: [], tunnelTypes: ["vxlan"] }),
      host("c", { tunnels: [] }),
    ]);
    expect(types(fabric, "a")).toEqual(["gre3"]);
    expect(way(fabric, "a", "b")).toEqual({ direct: null, relays: [own(tunnelPort("gre", 3))] });
    expect(tunnelName("gre", 3)).toBe("gre3");
  });
});
