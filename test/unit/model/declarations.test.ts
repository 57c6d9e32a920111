// Endpoints that somebody declares: by rows, by configuration, twice, for a guest that migrates.
import { describe, expect, it } from "vitest";
import type { Fabric, FabricInput } from "../../../src/model/fabric.ts";
import type { EndpointSetting, PortFact, SwitchFact } from "../../../src/model/facts.ts";
import { DEFAULT_VNI } from "../../../src/model/networks.ts";
import { derive, hostFact, portFact, stored, switchFact, vlan } from "./facts-for-tests.ts";

const MAC = "52:54:00:00:00:0a";
const OTHER = "52:54:00:00:00:0b";
const IP = "10.0.0.1";

function places(fabric: Fabric): string[] {
  return [...fabric.endpoints.values()].map((one) =>
    [`${one.mac}@${one.hostId}/${one.portName ?? "?"}`, one.origin, ...one.ips].join(" "),
  );
}

function messages(fabric: Fabric): string[] {
  return [...fabric.problems].flatMap(([id, list]) =>
    list.map((problem) => `${id}: ${problem.code}: ${problem.message}`),
  );
}

/** One host for each port, `a`, `b`, ... with the indexes 1, 2, ...; each switch's datapath id is the host's name. */
function fabricOf(
  ports: readonly Partial<PortFact>[],
  input: Partial<FabricInput> = {},
  observed: Readonly<Record<string, readonly { mac: string; ips?: readonly string[]; heard?: number }[]>> = {},
): Fabric {
  const ids = ports.map((_, at) => String.fromCharCode(97 + at));
  const hosts = ports.map((port, at) =>
    hostFact({
      id: ids[at] ?? "",
      stored: stored(ids[at] ?? "", at + 1),
      ports: [portFact({ name: "tap0", ...port })],
    }),
  );
  const switches: Record<string, SwitchFact> = {};
  for (const id of ids) {
    const heard = (observed[id] ?? []).map(({ mac, ips = [], heard = 1 }) => ({
      vni: DEFAULT_VNI,
      mac,
      ofport: 1,
      ips,
      heard,
    }));
    switches[id] = switchFact({ dpid: id, observed: heard });
  }
  return derive(hosts, switches, input);
}

describe("a MAC declared at two places", () => {
  it("is at the first that is there: a host of which nothing is heard gives way", () => {
    const ports = [{ declaredMacs: [MAC] }, { declaredMacs: [MAC] }];
    expect(places(fabricOf(ports))).toEqual([`${MAC}@a/tap0 declared`]);
    expect(places(fabricOf(ports, { away: new Set(["a"]) }))).toEqual([`${MAC}@b/tap0 declared`]);
  });

  it("by rows and by configuration is where configuration says", () => {
    const setting: EndpointSetting = { mac: MAC, ips: [IP], network: null, host: "b", port: "tap0" };
    const fabric = fabricOf([{ declaredMacs: [MAC] }, {}], { endpointSettings: [setting] });
    expect(places(fabric)).toEqual([`${MAC}@b/tap0 declared ${IP}`]);
    expect(messages(fabric)).toEqual([
      `a: endpoint/duplicate-mac: MAC ${MAC} is declared at b port tap0 and at a port tap0; the first is used`,
    ]);
  });
});

describe("a guest with ports of one iface-id", () => {
  const at = (active: boolean, declaredMacs: readonly string[] = [MAC]) => ({
    declaredMacs,
    guest: { id: "vm", active },
    owner: "vm",
  });

  it("is at the active one, and at the first of two active ones, without a problem", () => {
    const started = fabricOf([at(true), at(true)]);
    expect(places(started)).toEqual([`${MAC}@a/tap0 declared`]);
    expect(places(fabricOf([at(false), at(true)]))).toEqual([`${MAC}@b/tap0 declared`]);
    expect(messages(started)).toEqual([]);
    expect([...started.endpoints.values()][0]?.owner).toBe("vm");
  });

  it("is where it was heard, whatever its status says", () => {
    expect(places(fabricOf([at(true), at(false)], {}, { b: [{ mac: MAC, ips: [IP] }] }))).toEqual([
      `${MAC}@b/tap0 declared ${IP}`,
    ]);
  });

  it("has its MAC at each of its ports, though only one of them names it", () => {
    const fabric = fabricOf([at(true), at(true, [])], {}, { b: [{ mac: MAC }] });
    expect(places(fabric)).toEqual([`${MAC}@b/tap0 declared`]);
    expect(fabric.standbys.map((one) => one.hostId)).toEqual(["a"]);
  });

  it("is awaited at the other place", () => {
    expect(fabricOf([at(true), at(false)]).standbys).toMatchObject([{ mac: MAC, hostId: "b", portName: "tap0" }]);
  });
});

describe("an endpoint of the configuration", () => {
  const setting = { mac: MAC, ips: [IP], network: null, host: "a", port: "tap0" };

  it("has its addresses, and nobody else has them", () => {
    const fabric = fabricOf([{}, {}], { endpointSettings: [setting] }, { b: [{ mac: OTHER, ips: [IP, "10.0.0.2"] }] });
    expect(places(fabric)).toEqual([`${MAC}@a/tap0 declared ${IP}`, `${OTHER}@b/tap0 observed 10.0.0.2`]);
  });

  it("is told of where its place is not there, or not clear", () => {
    const wrong = [
      { ...setting, port: "tap7" },
      { ...setting, network: "red" },
    ];
    expect(messages(fabricOf([{}], { endpointSettings: wrong }))).toEqual([
      `a: endpoint/unplaced: the endpoint ${MAC} that is configured at a port tap7 is not used: the host has no port tap7`,
      `a: endpoint/unplaced: the endpoint ${MAC} that is configured at a port tap0 is not used: port tap0 is not in network red`,
    ]);
    const trunk = { vlan: vlan(null, [10, 20], "trunk") };
    expect(messages(fabricOf([trunk], { endpointSettings: [setting] }))[0]).toContain(
      "port tap0 is in several networks",
    );
    const named = [{ ...setting, network: "vlan10" }];
    expect(places(fabricOf([trunk], { endpointSettings: named }))).toEqual([`${MAC}@a/tap0 declared ${IP}`]);
  });
});

describe("an address that is declared for a locked port", () => {
  const locked = { declaredMacs: [MAC], locked: true, declaredIps: [IP] };
  const forged = { b: [{ mac: OTHER, ips: [IP], heard: 9 }] };

  it("is its MAC's, though it was never heard, and no other's, whatever that one has announced elsewhere", () => {
    expect(places(fabricOf([locked, {}], {}, forged))).toEqual([
      `${MAC}@a/tap0 declared ${IP}`,
      `${OTHER}@b/tap0 observed`,
    ]);
    // A port that is not locked says nothing of addresses.
    expect(places(fabricOf([{ ...locked, locked: false }, {}], {}, forged))).toEqual([
      `${MAC}@a/tap0 declared`,
      `${OTHER}@b/tap0 observed ${IP}`,
    ]);
  });

  it("is that of the one of its MACs that was heard with it, where it has several", () => {
    const two = { ...locked, declaredMacs: [MAC, OTHER] };
    expect(places(fabricOf([two]))).toEqual([`${MAC}@a/tap0 declared`, `${OTHER}@a/tap0 declared`]);
    expect(places(fabricOf([two], {}, { a: [{ mac: OTHER, ips: [IP] }] }))).toEqual([
      `${MAC}@a/tap0 declared`,
      `${OTHER}@a/tap0 declared ${IP}`,
    ]);
  });

  it("of two locked ports is that of the one that was heard with it, and where configuration says so nobody's else", () => {
    const ports = [locked, { ...locked, declaredMacs: [OTHER] }];
    expect(places(fabricOf(ports, {}, { b: [{ mac: OTHER, ips: [IP] }] }))).toEqual([
      `${MAC}@a/tap0 declared`,
      `${OTHER}@b/tap0 declared ${IP}`,
    ]);
    const setting: EndpointSetting = { mac: MAC, ips: [IP], network: null, host: "a", port: "tap0" };
    const configured = fabricOf(ports, { endpointSettings: [setting] }, { b: [{ mac: OTHER, ips: [IP] }] });
    expect(places(configured)).toEqual([`${MAC}@a/tap0 declared ${IP}`, `${OTHER}@b/tap0 declared`]);
  });

  it("is no other's by what flows tell of a host that was not read yet", () => {
    const remembered = [{ index: 9, vnis: [], endpoints: [{ vni: DEFAULT_VNI, mac: OTHER, ips: [IP] }] }];
    const fabric = fabricOf([locked], { remembered, holding: true });
    expect(places(fabric)).toContain(`${MAC}@a/tap0 declared ${IP}`);
    expect(places(fabric)).toContain(`${OTHER}@index 9/? observed`);
  });
});

describe("a MAC that is declared on a host, while flows tell of it on a host that was not read yet", () => {
  const remembered = [{ index: 2, endpoints: [{ vni: DEFAULT_VNI, mac: MAC, ips: [] }], vnis: [] }];
  const b = hostFact({ id: "b", stored: stored("b", 2), ports: [portFact({ name: "tap0" })] });
  const a = hostFact({
    id: "a",
    stored: stored("a", 1),
    ports: [portFact({ name: "tap0", declaredMacs: [MAC] })],
  });

  it("stays where the flows say, until it is heard where it is declared or the other host is read", () => {
    expect(places(derive([a, b], { a: switchFact() }, { remembered }))).toEqual([`${MAC}@b/? observed`]);
    const heard = switchFact({ observed: [{ vni: DEFAULT_VNI, mac: MAC, ofport: 1, ips: [], heard: 1 }] });
    expect(places(derive([a, b], { a: heard }, { remembered }))).toEqual([`${MAC}@a/tap0 declared`]);
    expect(places(derive([a, b], { a: switchFact(), b: switchFact() }, { remembered }))).toEqual([
      `${MAC}@a/tap0 declared`,
    ]);
  });
});

describe("what is disputed", () => {
  const holder = { mac: MAC, place: { dpid: "a", ofport: 1 } };
  const rival = { mac: OTHER, place: { dpid: "b", ofport: 1 } };
  const dispute = { vni: DEFAULT_VNI, mac: null, ip: IP, reason: "duplicate", holder, rivals: [rival] } as const;

  it("is told of both hosts, with both places", () => {
    const text = `endpoint/duplicate-ip: address ${IP} is used by ${MAC} at a port tap0 and used by ${OTHER} at b port tap0: it stays with the first`;
    expect(messages(fabricOf([{}, {}], { disputes: [dispute] }))).toEqual([`a: ${text}`, `b: ${text}`]);
  });

  it.each([
    [
      "duplicate",
      `endpoint/duplicate-mac: MAC ${MAC} is used at a port tap0 and used at b port tap0: it stays at the first`,
    ],
    [
      "declared",
      `endpoint/duplicate-mac: MAC ${MAC} is declared at a port tap0 and used at b port tap0: it stays at the first`,
    ],
    [
      "flapping",
      `endpoint/flapping-mac: MAC ${MAC} moves too often between a port tap0 and b port tap0: it stays at the first`,
    ],
  ] as const)("of a MAC is told in words that say why: %s", (reason, text) => {
    const rivals = [{ ...rival, mac: MAC }];
    const fabric = fabricOf([{}, {}], { disputes: [{ ...dispute, ip: null, mac: MAC, reason, rivals }] });
    expect(messages(fabric)).toEqual([`a: ${text}`, `b: ${text}`]);
  });

  it("does not name what is gone", () => {
    const rivals = [{ mac: OTHER, place: null }];
    expect(messages(fabricOf([{}], { disputes: [{ ...dispute, rivals }] }))[0]).toContain(
      `${OTHER} at an unknown port`,
    );
  });
});

describe("a port with more MACs than are kept", () => {
  it("is told", () => {
    const fabric = fabricOf([{}], { capped: [{ place: { dpid: "a", ofport: 1 }, limit: 2 }] });
    expect(messages(fabric)).toEqual([
      "a: port/endpoint-cap: a port tap0 has more than 2 MACs: the least recently heard make room, and are heard again",
    ]);
  });
});
