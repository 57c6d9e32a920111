// Locked ports on the model of the switch; test/lab/guard.test.ts tries the same frames on real ones.
import { describe, expect, it } from "vitest";
import { macToBigInt } from "../../../proto/bytes/mac.ts";
import { portFact as readPort } from "../../../src/discovery/port-rows.ts";
import type { Fabric } from "../../../src/model/fabric.ts";
import type { NetworkSetting, ObservedFact, PortFact } from "../../../src/model/facts.ts";
import { linkLocalOf } from "../../../src/model/locks.ts";
import { DEFAULT_POLICY } from "../../../src/model/policy.ts";
import type { VlanColumns } from "../../../src/model/vlan.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import type { DesiredSwitch } from "../../../src/pipeline/desired.ts";
import { arpFrame, type Frame, switchModel, translate, vlanTag } from "../../../src/trace/index.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo, vlan } from "../model/facts-for-tests.ts";
import { GUARD_CASES, OTHER, OWN } from "./guard-frames.ts";

const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 };
const TUNNEL = 0xa002;

function fabricOf(
  port: Partial<PortFact>,
  options: {
    settings?: readonly NetworkSetting[];
    observed?: readonly ObservedFact[];
    elsewhere?: boolean;
    second?: VlanColumns;
  } = {},
): Fabric {
  const locked = portFact({ name: "tap1", ofport: 1, declaredMacs: [OWN.mac], ...port });
  const a = hostFact({
    id: "a",
    stored: stored("a", 1),
    tunnelIp: "10.0.0.1",
    ports: [
      locked,
      portFact({ name: "tap2", ofport: 2, ...(options.second === undefined ? {} : { vlan: options.second }) }),
    ],
    tunnels: [tunnelTo("b", 2, "10.0.0.2")],
  });
  const ports = [portFact({ name: "tap1", ofport: 1, ...(options.elsewhere ? { declaredMacs: [OWN.mac] } : {}) })];
  const b = hostFact({
    id: "b",
    stored: stored("b", 2),
    tunnelIp: "10.0.0.2",
    ports,
    tunnels: [tunnelTo("a", 1, "x")],
  });
  return derive(
    [a, b],
    { a: switchFact({ observed: options.observed ?? [] }), b: switchFact() },
    { networkSettings: options.settings ?? [] },
  );
}

function compiled(fabric: Fabric): DesiredSwitch {
  const host = fabric.hosts.get("a");
  if (host === undefined) throw new Error("no host");
  return compileSwitch(fabric, host, SETTINGS);
}

/** The ports the frame goes out by. */
function outputs(fabric: Fabric, frame: Frame, inPort = 1, tunnelId = 0n): readonly number[] {
  const { flows, groups } = compiled(fabric);
  const ports = new Map([1, 2, TUNNEL].map((ofport) => [ofport, { live: true }]));
  const model = switchModel({ flows: flows.values(), groups: groups.values(), ports });
  const { outputs: out } = translate(model, { frame, inPort, tunnelId });
  return [...new Set(out.map(({ port }) => port))].sort((x, y) => x - y);
}

describe("a port that is locked to its MAC and addresses", () => {
  const fabric = fabricOf({ locked: true, declaredIps: [OWN.ip, OWN.ip6] });
  it.each(GUARD_CASES.map((one) => [one.passes.ips ? "lets pass" : "drops", one.what, one] as const))(
    "%s %s",
    (_, _what, { frame, passes }) => {
      expect(outputs(fabric, frame)).toEqual(passes.ips ? [2, TUNNEL] : []);
    },
  );
});

describe("a port that is locked to its MAC alone", () => {
  const fabric = fabricOf({ locked: true });
  it.each(GUARD_CASES.map((one) => [one.passes.mac ? "lets pass" : "drops", one.what, one] as const))(
    "%s %s",
    (_, _what, { frame, passes }) => {
      expect(outputs(fabric, frame)).toEqual(passes.mac ? [2, TUNNEL] : []);
    },
  );
});

describe("a locked port's frames with a tag", () => {
  const ips = [OWN.ip, OWN.ip6];
  const withTag = (frame: Frame, id: number): Frame => ({ ...frame, vlans: [vlanTag(id, { priority: 5 })] });

  it("that is only a priority pass or not as those without one", () => {
    const fabric = fabricOf({ locked: true, declaredIps: ips });
    for (const { what, frame, passes } of GUARD_CASES)
      expect({ what, passes: outputs(fabric, withTag(frame, 0)).length > 0 }).toEqual({ what, passes: passes.ips });
  });

  it.each([10, 99])("of a trunk of all VLANs pass or not as any, in VLAN %i", (id) => {
    // tap2 is in VLAN 10, which so is a network; of 99 nobody has heard.
    const fabric = fabricOf(
      { locked: true, declaredIps: ips, vlan: vlan(null, [], "trunk") },
      { second: vlan(null, [], "trunk") },
    );
    for (const { what, frame, passes } of GUARD_CASES)
      expect({ what, passes: outputs(fabric, withTag(frame, id)).includes(2) }).toEqual({ what, passes: passes.ips });
  });

  it("and another one of their own inside do not pass where addresses are locked: nobody sees what is in them", () => {
    const spoofed = GUARD_CASES.find((one) => one.what === "IPv4 from its own address")?.frame as Frame;
    const twice = { ...spoofed, vlans: [vlanTag(0), vlanTag(30)] };
    expect(outputs(fabricOf({ locked: true, declaredIps: ips }), twice)).toEqual([]);
  });
});

describe("locks", () => {
  const spoofed = GUARD_CASES.find((one) => one.what === "IPv4 from another's MAC")?.frame as Frame;
  const policy = { ...DEFAULT_POLICY, locked: true };

  it("hold for every port of a locked network, and of no other", () => {
    const network = [{ name: "default", vni: null, tag: null, policy }];
    expect(outputs(fabricOf({}, { settings: network }), spoofed)).toEqual([]);
    const other = [{ name: "vlan10", vni: null, tag: null, policy }];
    expect(outputs(fabricOf({}, { settings: other }), spoofed)).toEqual([2, TUNNEL]);
    expect(outputs(fabricOf({ vlan: vlan(10) }, { settings: other }), spoofed)).toEqual([]);
  });

  it("let nobody speak where no MAC is declared, and say so", () => {
    const fabric = fabricOf({ locked: true, declaredMacs: [] });
    for (const { frame } of GUARD_CASES) expect(outputs(fabric, frame)).toEqual([]);
    const port = fabric.hosts.get("a")?.ports.find((one) => one.fact.name === "tap1");
    expect(port?.problems.map(({ code }) => code)).toEqual(["port/locked-silent"]);
  });

  it("forget what was heard in other names before the port was locked", () => {
    const heard = (mac: string, ips: readonly string[]): ObservedFact => ({ vni: 4095, mac, ofport: 1, ips, heard: 1 });
    const observed = [heard(OTHER.mac, [OTHER.ip]), heard(OWN.mac, [OWN.ip, OTHER.ip])];
    const fabric = fabricOf({ locked: true, declaredIps: [OWN.ip] }, { observed });
    expect([...fabric.endpoints.values()].map(({ mac, ips }) => ({ mac, ips }))).toEqual([
      { mac: OWN.mac, ips: [OWN.ip] },
    ]);
  });

  it("drop what comes out of a tunnel in the name of who is locked in here, and nothing else", () => {
    const fabric = fabricOf({ locked: true, declaredIps: [OWN.ip] });
    const frame = (source: string) =>
      arpFrame({ source, destination: "ff:ff:ff:ff:ff:ff", operation: 1, senderIp: OWN.ip, targetIp: OTHER.ip });
    expect(outputs(fabric, frame(OWN.mac), TUNNEL, 4095n)).toEqual([]);
    expect(outputs(fabric, frame(OTHER.mac), TUNNEL, 4095n)).toEqual([1, 2]);
    expect(outputs(fabricOf({}), frame(OWN.mac), TUNNEL, 4095n)).toEqual([1, 2]);
  });

  it("let a name come by a tunnel again once it is at home elsewhere", () => {
    // Declared at both, as in a migration: the lowest index counts, which is the locked port's here.
    const at = (fabric: Fabric) =>
      [...compiled(fabric).flows.values()].filter((flow) =>
        flow.match.some((one) => one.field === "eth_src" && one.value === macToBigInt(OWN.mac) && flow.tableId === 40),
      ).length;
    expect(at(fabricOf({ locked: true }, { elsewhere: true }))).toBe(1);
    expect(at(fabricOf({ locked: true, declaredMacs: [] }, { elsewhere: true }))).toBe(0);
  });
});

describe("a port's rows", () => {
  const port = {
    name: "tap0",
    external_ids: new Map(),
    other_config: new Map(),
    interfaces: [""],
    trunks: [],
    tag: null,
  };
  const row = (keys: Record<string, string>) => ({
    name: "tap0",
    type: "",
    external_ids: new Map(Object.entries(keys)),
    options: new Map(),
    status: new Map(),
    error: null,
    ofport: 1,
  });
  const read = (keys: Record<string, string>) => readPort(port as never, row(keys) as never, false);

  it("say whether it is locked, and to which addresses", () => {
    const fact = read({ "weft-locked": "true", "weft-ips": "10.0.0.1, 2001:DB8::0001" });
    expect(fact).toMatchObject({ locked: true, declaredIps: ["10.0.0.1", "2001:db8::1"], problems: [] });
    expect(read({})).toMatchObject({ locked: false, declaredIps: null });
    expect(read({ "weft-locked": "false" })).toMatchObject({ locked: false, problems: [] });
  });

  it("lock it all the same when they are written wrongly", () => {
    const fact = read({ "weft-locked": "yes", "weft-ips": "10.0.0.300" });
    expect(fact).toMatchObject({ locked: true, declaredIps: [] });
    expect(fact.problems.map(({ code }) => code).sort()).toEqual(["port/weft-ips", "port/weft-locked"]);
  });
});

it("the link-local address of a MAC is that of RFC 4291, appendix A", () => {
  expect(linkLocalOf("34:56:78:9a:bc:de")).toBe("fe80::3656:78ff:fe9a:bcde");
  expect(linkLocalOf(OWN.mac)).toBe(OWN.linkLocal);
});
