// MTUs against the sizes that the tunnels' own specifications give.
import { describe, expect, it } from "vitest";
import type { Fabric } from "../../../src/model/fabric.ts";
import type { HostFact, PortFact } from "../../../src/model/facts.ts";
import { encapsulationBytes } from "../../../src/model/tunnel-types.ts";
import { compileRows } from "../../../src/pipeline/rows.ts";
import { derive, hostFact, portFact, stored, switchFact, vlan } from "./facts-for-tests.ts";

// Outer IP, GRE with key or UDP with VXLAN or Geneve, inner Ethernet, relay label, priority tag.
it.each([
  ["gre", "ipv4", 20 + 8 + 14 + 4 + 4],
  ["gre", "ipv6", 40 + 8 + 14 + 4 + 4],
  ["vxlan", "ipv4", 20 + 8 + 8 + 14 + 4 + 4],
  ["vxlan", "ipv6", 40 + 8 + 8 + 14 + 4 + 4],
  ["geneve", "ipv4", 20 + 8 + 8 + 14 + 4 + 4],
  ["geneve", "ipv6", 40 + 8 + 8 + 14 + 4 + 4],
] as const)("%s over %s takes %i bytes", (type, family, bytes) => {
  expect(encapsulationBytes(type, family)).toBe(bytes);
});

function host(index: number, ports: readonly PortFact[], fields: Partial<HostFact> = {}): HostFact {
  return hostFact({
    id: `h${index}`,
    stored: stored(`h${index}`, index),
    tunnelIp: `10.0.0.${index}`,
    ports,
    ...fields,
  });
}

const mtuOf = (fabric: Fabric, id: string, name = "tap0") =>
  fabric.hosts.get(id)?.ports.find((port) => port.fact.name === name)?.mtu;

const problemsOf = (fabric: Fabric, id: string) =>
  fabric.hosts.get(id)?.ports.flatMap((port) => port.problems.map(({ code, remedy }) => ({ code, remedy })));

describe("the MTU that fits", () => {
  const plain = portFact({ name: "tap0" });
  const blue = portFact({ name: "tap1", ofport: 2, vlan: vlan(10) });

  it("is that of the smaller underlay of both ends, for each network by its own members", () => {
    const fabric = derive([
      host(1, [plain, blue], { underlayMtu: 9000 }),
      host(2, [plain], { underlayMtu: null }),
      host(3, [blue], { underlayMtu: 4000 }),
    ]);
    expect(mtuOf(fabric, "h1")).toBe(1442);
    expect(mtuOf(fabric, "h1", "tap1")).toBe(3942);
    expect(mtuOf(fabric, "h3", "tap1")).toBe(3942);
    expect(mtuOf(fabric, "h2")).toBe(1442);
  });

  it("counts the larger header of IPv6, and of the configured type", () => {
    const hosts = [1, 2].map((index) => host(index, [plain], { tunnelIp: `2001:db8::${index}` }));
    expect(mtuOf(derive(hosts), "h1")).toBe(1422);
    expect(mtuOf(derive(hosts, {}, { tunnelType: "gre", underlayMtu: 9000 }), "h1")).toBe(8930);
  });

  it("leaves room for checksums, which GRE has a field for", () => {
    const hosts = [1, 2].map((index) => host(index, [plain]));
    expect(mtuOf(derive(hosts, {}, { tunnelType: "gre", tunnelChecksums: true }), "h1")).toBe(1446);
    expect(mtuOf(derive(hosts, {}, { tunnelChecksums: true }), "h1")).toBe(1442);
  });

  it("of a host to which no tunnel leads counts the way by a relay", () => {
    const hub = host(3, [], { underlayMtu: 1400 });
    const topology = { kind: "hubs", hubs: ["h3"], direct: [] } as const;
    const fabric = derive([host(1, [plain]), host(2, [plain]), hub], {}, { topology });
    expect(mtuOf(fabric, "h1")).toBe(1342);
  });

  it("of a host that is alone is what a tunnel of its own would carry", () => {
    expect(mtuOf(derive([host(1, [plain])]), "h1")).toBe(1442);
  });

  it("of a port in several networks is the least, of one in none is none", () => {
    const trunk = portFact({ name: "tap0", vlan: vlan(null, [0, 10], "trunk") });
    const fabric = derive([
      host(1, [trunk], { underlayMtu: 9000 }),
      host(2, [portFact({ name: "tap0", vlan: vlan(10) })], { underlayMtu: 1500 }),
      host(3, [plain], { underlayMtu: 9000 }),
    ]);
    expect(mtuOf(fabric, "h1")).toBe(1442);
    expect(mtuOf(fabric, "h3")).toBe(8942);
    expect(mtuOf(derive([host(1, [{ ...plain, inUse: false }])]), "h1")).toBeNull();
  });

  it("is told where a guest's interface has a larger one, with the command that helps", () => {
    const fabric = derive([
      host(1, [
        { ...plain, mtu: 1500 },
        { ...blue, type: "internal", mtu: 1443 },
        portFact({ name: "tap2", ofport: 3, mtu: 1442 }),
      ]),
    ]);
    expect(problemsOf(fabric, "h1")).toEqual([
      { code: "port/mtu", remedy: "ip link set dev tap0 mtu 1442, and the same in the guest" },
      { code: "port/mtu", remedy: "ovs-vsctl set interface tap1 mtu_request=1442, or mtu.request: true in weft.yaml" },
    ]);
  });

  it("is requested for internal ports, where configuration allows, and for no others", () => {
    const fabric = derive([host(1, [plain, { ...blue, type: "internal" }])], { h1: switchFact() });
    const found = fabric.hosts.get("h1");
    if (found === undefined) throw new Error("no host");
    const tunnelOptions = { csum: null, dstPort: null, dfDefault: null, tos: null, ttl: null, localIp: false };
    const settings = { datapathType: null, controllerTarget: "tcp:192.0.2.1", tunnelOptions };
    expect([...(compileRows(fabric, found, { ...settings, requestMtu: true })?.mtuRequests ?? [])]).toEqual([
      ["tap1", 1442],
    ]);
    expect([...(compileRows(fabric, found, settings)?.mtuRequests ?? [])]).toEqual([]);
  });
});
