import { describe, expect, it } from "vitest";
import type { Fabric } from "../../../src/model/fabric.ts";
import type { HostFact } from "../../../src/model/facts.ts";
import { DEFAULT_VNI } from "../../../src/model/networks.ts";
import { derive, hostFact, own, portFact, receiving, stored, switchFact, tunnelTo, vlan } from "./facts-for-tests.ts";

const MAC_A = "52:54:00:00:00:0a";
const MAC_B = "52:54:00:00:00:0b";

/** `mac@host/port` of every endpoint. */
function places(fabric: Fabric): string[] {
  return [...fabric.endpoints.values()].map((one) => `${one.mac}@${one.hostId}/${one.portName ?? "?"} ${one.origin}`);
}

function observed(mac: string, ofport: number, heard: number, ips: readonly string[] = []) {
  return { vni: DEFAULT_VNI, mac, ofport, heard, ips };
}

describe("endpoints", () => {
  const guest = portFact({ name: "tap0", ofport: 1 });
  const declared = portFact({ name: "tap0", ofport: 1, declaredMacs: [MAC_A] });

  it("are declared by a port's rows or observed on it, and have the addresses that were seen", () => {
    const fabric = derive([hostFact({ id: "a", stored: stored("a", 1), ports: [declared] })], {
      a: switchFact({ observed: [observed(MAC_A, 1, 5, ["10.0.0.1"]), observed(MAC_B, 1, 6)] }),
    });
    expect(places(fabric)).toEqual([`${MAC_A}@a/tap0 declared`, `${MAC_B}@a/tap0 observed`]);
    expect([...fabric.endpoints.values()][0]?.ips).toEqual(["10.0.0.1"]);
  });

  it("are where they were heard last", () => {
    const hosts = ["a", "b"].map((id, at) => hostFact({ id, stored: stored(id, at + 1), ports: [guest] }));
    const heardAt = (a: number, b: number) =>
      places(
        derive(hosts, {
          a: switchFact({ observed: [observed(MAC_A, 1, a)] }),
          b: switchFact({ observed: [observed(MAC_A, 1, b)] }),
        }),
      );
    expect(heardAt(1, 2)).toEqual([`${MAC_A}@b/tap0 observed`]);
    expect(heardAt(2, 1)).toEqual([`${MAC_A}@a/tap0 observed`]);
  });

  it("that are declared stay where they are declared, whoever uses the MAC elsewhere", () => {
    const hosts = [
      hostFact({ id: "a", stored: stored("a", 1), ports: [declared] }),
      hostFact({ id: "b", stored: stored("b", 2), ports: [guest] }),
    ];
    const fabric = derive(hosts, { b: switchFact({ observed: [observed(MAC_A, 1, 9)] }) });
    expect(places(fabric)).toEqual([`${MAC_A}@a/tap0 declared`]);
  });

  it("declared at two places are at the first, and both are named", () => {
    const hosts = ["a", "b"].map((id, at) => hostFact({ id, stored: stored(id, at + 1), ports: [declared] }));
    const fabric = derive(hosts);
    expect(places(fabric)).toEqual([`${MAC_A}@a/tap0 declared`]);
    expect(fabric.problems.get("b")?.[0]?.message).toBe(
      `MAC ${MAC_A} is declared at a port tap0 and at b port tap0; the first is used`,
    );
  });

  it("of a port that is gone, or has moved to another network, are gone", () => {
    const moved = portFact({ name: "tap0", ofport: 1, vlan: vlan(10) });
    const facts = { a: switchFact({ observed: [observed(MAC_A, 1, 1), observed(MAC_B, 2, 2)] }) };
    expect(places(derive([hostFact({ id: "a", stored: stored("a", 1), ports: [moved] })], facts))).toEqual([]);
  });

  it("that did not change are the same objects in the next fabric", () => {
    const host = hostFact({ id: "a", stored: stored("a", 1), ports: [declared] });
    const first = derive([host]);
    const second = derive([host, hostFact({ id: "b" })], {}, {}, first);
    const [before] = [...first.endpoints.values()];
    expect([...second.endpoints.values()][0]).toBe(before);
  });
});

describe("a host that has not been read", () => {
  const remembered = [{ index: 2, endpoints: [{ vni: DEFAULT_VNI, mac: MAC_B, ips: [] }], vnis: [DEFAULT_VNI, 10] }];
  const a = hostFact({
    id: "a",
    stored: stored("a", 1),
    tunnelIp: "10.0.0.1",
    ports: [portFact({ name: "tap0" })],
    tunnels: [tunnelTo("b", 2, "10.0.0.2")],
  });
  const b = hostFact({ id: "b", stored: stored("b", 2), tunnelIp: "10.0.0.2", ports: [portFact({ name: "tap0" })] });

  it("is kept as its peers' rows and flows tell of it: tunnel, endpoints and networks", () => {
    const fabric = derive([a], {}, { remembered });
    expect(fabric.hosts.get("a")?.wantedTunnels).toEqual([
      { peerId: "b", peerIndex: 2, remoteIp: "10.0.0.2", type: "geneve", shared: false },
    ]);
    expect(places(fabric)).toEqual([`${MAC_B}@b/? observed`]);
    expect(fabric.members.get(DEFAULT_VNI)).toEqual([1, 2]);
    expect(fabric.members.get(10)).toEqual([2]);
  });

  it("keeps its observed endpoints when only its rows have come", () => {
    const fabric = derive([a, b], {}, { remembered });
    expect(places(fabric)).toEqual([`${MAC_B}@b/? observed`]);
    expect(fabric.members.get(10)).toBeUndefined();
  });

  it("keeps its networks when only its switch has come", () => {
    const fabric = derive([a], { b: switchFact({ observed: [observed(MAC_B, 1, 1)] }) }, { remembered });
    expect(fabric.members.get(10)).toEqual([2]);
    expect(places(fabric)).toEqual([`${MAC_B}@b/? observed`]);
  });

  it("speaks for itself once both have come", () => {
    const fabric = derive([a, b], { b: switchFact() }, { remembered });
    expect(places(fabric)).toEqual([]);
    expect(fabric.members.get(10)).toBeUndefined();
  });

  it("that no row names counts only while the controller has just started", () => {
    const alone = { ...a, tunnels: [] };
    expect(places(derive([alone], {}, { remembered, holding: true }))).toEqual([`${MAC_B}@index 2/? observed`]);
    expect(places(derive([alone], {}, { remembered, holding: false }))).toEqual([]);
  });
});

describe("a change of the tunnel type", () => {
  const OLD = 0x8002;
  const NEW = 0xa002;
  const rowsAtA = [
    tunnelTo("b", 2, "10.0.0.2", { name: "gre2", type: "gre", ofport: OLD }),
    tunnelTo("b", 2, "10.0.0.2"),
  ];
  const rowsAtB = [
    tunnelTo("a", 1, "10.0.0.1", { name: "gre1", type: "gre", ofport: 0x8001 }),
    tunnelTo("a", 1, "10.0.0.1"),
  ];
  function hosts(atA: HostFact["tunnels"], atB: HostFact["tunnels"]) {
    return [
      hostFact({ id: "a", stored: stored("a", 1), tunnelIp: "10.0.0.1", tunnels: atA }),
      hostFact({ id: "b", stored: stored("b", 2), tunnelIp: "10.0.0.2", tunnels: atB }),
    ];
  }
  const usesOld = switchFact({ sendsBy: new Map([[2, own(OLD)]]) });

  it("keeps the old tunnel in use until the far end takes in what comes by the new one", () => {
    const early = derive(hosts(rowsAtA.slice(0, 1), rowsAtB.slice(0, 1)), { a: usesOld, b: switchFact() });
    expect(early.hosts.get("a")?.ways.get(2)?.direct).toEqual(own(OLD));
    const made = derive(hosts(rowsAtA, rowsAtB), { a: usesOld, b: switchFact() });
    expect(made.hosts.get("a")?.ways.get(2)?.direct).toEqual(own(OLD));
    const ready = derive(hosts(rowsAtA, rowsAtB), { a: usesOld, b: switchFact({ receivesOn: receiving(0xa001) }) });
    expect(ready.hosts.get("a")?.ways.get(2)?.direct).toEqual(own(NEW));
  });

  it("removes the old tunnel when neither end sends by it, and not before", () => {
    const types = (fabric: Fabric) => fabric.hosts.get("a")?.wantedTunnels.map((tunnel) => tunnel.type);
    const aMoved = switchFact({ sendsBy: new Map([[2, own(NEW)]]) });
    const bOld = switchFact({ sendsBy: new Map([[1, own(0x8001)]]) });
    const bMoved = switchFact({ sendsBy: new Map([[1, own(0xa001)]]) });
    expect(types(derive(hosts(rowsAtA, rowsAtB), { a: aMoved, b: bOld }))).toEqual(["geneve", "gre"]);
    expect(types(derive(hosts(rowsAtA, rowsAtB), { a: aMoved, b: bMoved }))).toEqual(["geneve"]);
    const lingering = derive(hosts(rowsAtA, rowsAtB), { a: aMoved, b: bMoved }, { keepTunnel: () => true });
    expect(types(lingering)).toEqual(["geneve", "gre"]);
  });
});
