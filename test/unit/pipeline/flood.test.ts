import { describe, expect, it } from "vitest";
import type { Fabric } from "../../../src/model/fabric.ts";
import { DEFAULT_POLICY, type NetworkPolicy } from "../../../src/model/policy.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import { capProblems } from "../../../src/pipeline/flood.ts";
import { floodMeter, puntMeter } from "../../../src/pipeline/registry.ts";
import { installedFrom } from "../../../src/reconcile/installed.ts";
import { planSwitch } from "../../../src/reconcile/switch-plan.ts";
import { rawFrame, switchModel, translate } from "../../../src/trace/index.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo, vlan } from "../model/facts-for-tests.ts";

const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 };
const TUNNEL = 0xa002;
const GUEST = "52:54:00:00:00:02";

function fabricWith(policy: Partial<NetworkPolicy>, maxMeter = 262_144): Fabric {
  const hosts = [1, 2].map((index) => {
    const peer = 3 - index;
    const plain = portFact({ name: "tap1", ofport: 1 });
    const declared = portFact({ name: "tap2", ofport: 2, declaredMacs: index === 1 ? [GUEST] : [] });
    const tagged = portFact({ name: "tap3", ofport: 3, vlan: vlan(10) });
    return hostFact({
      id: `h${index}`,
      stored: stored(`h${index}`, index),
      tunnelIp: `10.0.0.${index}`,
      ports: [plain, declared, tagged],
      tunnels: [tunnelTo(`h${peer}`, peer, `10.0.0.${peer}`)],
    });
  });
  const setting = { name: "default", vni: null, tag: null, policy: { ...DEFAULT_POLICY, ...policy } };
  const facts = { h1: switchFact({ maxMeter }), h2: switchFact({ maxMeter }) };
  return derive(hosts, facts, { networkSettings: [setting] });
}

function compiled(fabric: Fabric) {
  const host = fabric.hosts.get("h1");
  if (host === undefined) throw new Error("no host");
  return compileSwitch(fabric, host, SETTINGS);
}

function outputs(fabric: Fabric, destination: string, inPort: number): readonly number[] {
  const { flows, groups } = compiled(fabric);
  const ports = new Map([1, 2, 3, TUNNEL].map((ofport) => [ofport, { live: true }]));
  const model = switchModel({ flows: flows.values(), groups: groups.values(), ports });
  const frame = rawFrame({ source: "52:54:00:00:00:09", destination, etherType: 0x88b6 });
  const tunnelId = inPort === TUNNEL ? 4095n : 0n;
  return [...new Set(translate(model, { frame, inPort, tunnelId }).outputs.map(({ port }) => port))].sort(
    (a, b) => a - b,
  );
}

const UNKNOWN = "52:54:00:00:00:77";
const ESSENTIAL = ["ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "33:33:00:00:00:02", "33:33:ff:12:34:56"];
const MULTICAST = ["01:00:5e:00:00:01", "33:33:00:00:00:fb", "33:33:00:01:00:02"];

describe.each([
  ["flood", "flood"],
  ["drop", "flood"],
  ["flood", "drop"],
  ["drop", "drop"],
] as const)("with unknown unicast %s and multicast %s", (unknownUnicast, multicast) => {
  const fabric = fabricWith({ unknownUnicast, multicast });
  it.each([
    ["a local port", 1, [2, TUNNEL]],
    ["a tunnel", TUNNEL, [1, 2]],
  ] as const)("frames of %s go where the policy says", (_, inPort, everywhere) => {
    for (const destination of ESSENTIAL) expect(outputs(fabric, destination, inPort)).toEqual(everywhere);
    for (const destination of MULTICAST)
      expect(outputs(fabric, destination, inPort)).toEqual(multicast === "flood" ? everywhere : []);
    expect(outputs(fabric, UNKNOWN, inPort)).toEqual(unknownUnicast === "flood" ? everywhere : []);
    expect(outputs(fabric, GUEST, inPort)).toEqual([2]);
  });

  it("other networks flood as ever", () => {
    expect(outputs(fabric, UNKNOWN, 3)).toEqual([TUNNEL]);
  });
});

describe("a cap on floods", () => {
  it("is a meter in kilobits on what comes from local ports, and on nothing that is known", () => {
    const desired = compiled(fabricWith({ floodKbps: 800 }));
    const meter = desired.meters.get(floodMeter(0));
    expect(meter).toMatchObject({ unit: "kbps", rate: 800, burst: 800 });
    const metered = [...desired.flows.values()].filter((flow) =>
      flow.instructions.some(({ kind }) => kind === "meter"),
    );
    expect(metered.map(({ tableId, match, instructions }) => ({ tableId, match, first: instructions[0] }))).toEqual([
      { tableId: 30, match: [{ field: "metadata", value: 4095n }], first: { kind: "meter", meterId: floodMeter(0) } },
    ]);
    const plan = planSwitch(desired, installedFrom([], [], []));
    expect(plan.changes.find((one) => one.kind === "meter_mod" && one.meterId === floodMeter(0))).toMatchObject({
      flags: 0b101,
      bands: [{ kind: "drop", rate: 800, burstSize: 800 }],
    });
  });

  it("is read back as it was written, and told from a meter in packets", () => {
    const desired = compiled(fabricWith({ floodKbps: 800 }));
    const read = (flags: number) =>
      installedFrom([], [], [{ meterId: floodMeter(0), flags, bands: [{ kind: "drop", rate: 800, burstSize: 800 }] }]);
    expect(read(0b101).meters.get(floodMeter(0))?.form).toBe(desired.meters.get(floodMeter(0))?.form);
    expect(read(0b110).meters.get(floodMeter(0))?.form).not.toBe(desired.meters.get(floodMeter(0))?.form);
  });

  it("has a number that no port's meter has", () => {
    expect(floodMeter(0)).toBeGreaterThan(puntMeter(0xffff_ffff));
  });

  it("that the switch has no meter for is told, and forwarding goes on without it", () => {
    const problems = (fabric: Fabric) => {
      const host = fabric.hosts.get("h1");
      return host === undefined ? [] : capProblems(fabric, host).map(({ code }) => code);
    };
    const without = fabricWith({ floodKbps: 800 }, 0);
    expect(problems(without)).toEqual(["network/cap-not-enforced"]);
    expect(outputs(without, UNKNOWN, 1)).toEqual([2, TUNNEL]);
    expect(problems(fabricWith({ floodKbps: 800 }))).toEqual([]);
    expect(problems(fabricWith({}, 0))).toEqual([]);
  });
});
