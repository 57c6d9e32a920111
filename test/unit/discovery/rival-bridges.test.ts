import { describe, expect, it } from "vitest";
import { bindSwitches } from "../../../src/discovery/bindings.ts";
import { rivalBridges } from "../../../src/discovery/rival-bridges.ts";
import { hostFact, stored } from "../model/facts-for-tests.ts";

const DPID = "00000000000000aa";

function claimant(id: string, index: number) {
  const fact = hostFact({ id, stored: stored(id, index), dpid: DPID, bridgeName: "br-int" });
  const identity = { id, name: id, index, tunnelIp: null, problems: [], vouched: true };
  return { fact, identity };
}

const [a, b] = [claimant("a", 1), claimant("b", 2)];
const identities = new Map([a, b].map(({ identity }) => [identity.id, identity]));

interface Shown {
  readonly before?: string;
  readonly from?: readonly string[];
  readonly provenFor?: string;
}

function bound(ownIndex: number | null, { before, from = [], provenFor }: Shown = {}): string | undefined {
  const seen = { dpid: DPID, readback: { ownIndex }, provenFor: provenFor ?? null };
  return bindSwitches([b.fact, a.fact], identities, [seen], new Map(before === undefined ? [] : [[DPID, before]]), {
    credible: () => true,
    comesFrom: (_seen, id) => from.includes(id),
  }).get(DPID);
}

describe("a datapath id that two hosts have", () => {
  it("is that of the host that the switch's own flows name, whoever came first", () => {
    expect([bound(1), bound(2)]).toEqual(["a", "b"]);
  });

  it("stays with the host that had it, and is the first one's where nothing tells", () => {
    expect([bound(null, { before: "a" }), bound(null), bound(7)]).toEqual(["a", "b", "b"]);
  });

  it("is that of the host from whose place the switch comes, whoever's it was by rows alone", () => {
    expect(bound(null, { before: "b", from: ["a"] })).toBe("a");
    expect(bound(2, { before: "b", from: ["a"] })).toBe("a");
    // At one place their flows tell them apart.
    expect(bound(1, { before: "b", from: ["a", "b"], provenFor: "b" })).toBe("a");
    expect(bound(null, { before: "a", from: ["a", "b"] })).toBe("a");
  });

  it("stays with the host whose switch was seen to come from there, whatever comes from another's place", () => {
    for (const ownIndex of [null, 2]) {
      expect(bound(ownIndex, { before: "a", from: ["b"], provenFor: "a" })).toBe("a");
    }
  });

  it("is told of both, with what to do on the one that is not served; and no more when it has its own", () => {
    const bindings = new Map([[DPID, "a"]]);
    const problems = rivalBridges([b.fact, a.fact], bindings, () => "00000000000000bb");
    const remedy = "on b: ovs-vsctl set bridge br-int other_config:datapath-id=00000000000000bb";
    for (const id of ["a", "b"]) expect(problems.get(id)).toMatchObject([{ code: "host/duplicate-dpid", remedy }]);
    const own = { ...b.fact, dpid: "00000000000000bb" };
    expect(rivalBridges([own, a.fact], new Map([...bindings, [own.dpid, "b"]]), () => "").size).toBe(0);
  });
});
