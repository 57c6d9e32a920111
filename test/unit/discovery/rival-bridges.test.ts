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
const bound = (ownIndex: number | null, before: ReadonlyMap<string, string> = new Map()) =>
  bindSwitches([b.fact, a.fact], identities, [{ dpid: DPID, readback: { ownIndex } }], before, () => true).get(DPID);

describe("a datapath id that two hosts have", () => {
  it("is that of the host that the switch's own flows name, whoever came first", () => {
    expect([bound(1), bound(2)]).toEqual(["a", "b"]);
  });

  it("stays with the host that had it, and is the first one's where nothing tells", () => {
    expect([bound(null, new Map([[DPID, "a"]])), bound(null), bound(7)]).toEqual(["a", "b", "b"]);
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
