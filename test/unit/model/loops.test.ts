import { describe, expect, it } from "vitest";
import type { Fabric } from "../../../src/model/fabric.ts";
import { type CrossingFact, judgeLoops, type LoopFacts, type MeetingFact, NO_LOOPS } from "../../../src/model/loops.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import { readBack } from "../../../src/pipeline/readback.ts";
import { probeMeter, puntMeter } from "../../../src/pipeline/registry.ts";
import { arpFrame, type Frame, rawFrame, switchModel, translate, vlanTag } from "../../../src/trace/index.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo, vlan } from "./facts-for-tests.ts";

const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100, loopProbes: true };
const DEFAULT = 4095;

/** Each host has ports 1 and 2 in the default network and 3 in VLAN 10. */
function fabricOf(loops: LoopFacts): Fabric {
  const hosts = [1, 2, 3].map((index) =>
    hostFact({
      id: `h${index}`,
      dpid: `000000000000000${index}`,
      stored: stored(`h${index}`, index),
      tunnelIp: `10.0.0.${index}`,
      ports: [1, 2, 3].map((ofport) =>
        portFact({
          name: `tap${ofport}`,
          ofport,
          vlan: vlan(ofport === 3 ? 10 : null),
          declaredMacs: [macOf(index, ofport)],
        }),
      ),
      tunnels: [1, 2, 3].filter((peer) => peer !== index).map((peer) => tunnelTo(`h${peer}`, peer, `10.0.0.${peer}`)),
    }),
  );
  const facts = Object.fromEntries(
    hosts.map(({ id, dpid }) => [id, switchFact({ dpid: dpid ?? "", maxMeter: 262_144 })]),
  );
  return derive(hosts, facts, { loops });
}

const macOf = (index: number, ofport: number): string => `52:54:00:00:0${index}:0${ofport}`;

function meeting(one: string, other: string): MeetingFact {
  const end = (text: string) => {
    const [, hostId = "", port = ""] = /^(.*):(\d+)$/.exec(text) ?? [];
    return { hostId, ofport: Number(port), vni: port === "3" ? 10 : DEFAULT };
  };
  return { ends: [end(one), end(other)] };
}

const facts = (...meetings: MeetingFact[]): LoopFacts => ({ ...NO_LOOPS, meetings });

function blocked(fabric: Fabric): readonly string[] {
  return [...fabric.hosts.values()].flatMap((host) =>
    host.ports.filter((port) => port.blocked).map((port) => `${host.id}:${port.fact.ofport}`),
  );
}

function compiled(fabric: Fabric, id: string) {
  const host = fabric.hosts.get(id);
  if (host === undefined) throw new Error(`no ${id}`);
  return compileSwitch(fabric, host, SETTINGS);
}

function trace(fabric: Fabric, id: string, inPort: number, frame: Frame) {
  const { flows, groups } = compiled(fabric, id);
  const ports = new Map([1, 2, 3, 0xa001, 0xa002, 0xa003].map((ofport) => [ofport, { live: true }]));
  const model = switchModel({ flows: flows.values(), groups: groups.values(), ports });
  const { outputs, copies } = translate(model, { frame, inPort, tunnelId: inPort > 0xa000 ? 4095n : 0n });
  return { out: [...new Set(outputs.map(({ port }) => port))].sort((a, b) => a - b), copies: copies.length };
}

describe("of ports that meet outside of the fabric", () => {
  it.each([
    ["two of different hosts, the higher host's", [["h1:1", "h2:1"]], ["h2:1"]],
    ["the same, seen from the other end, the same one", [["h2:1", "h1:1"]], ["h2:1"]],
    ["two of one host, the higher number", [["h1:2", "h1:1"]], ["h1:2"]],
    [
      "three in one segment, all but the first",
      [
        ["h1:1", "h2:1"],
        ["h2:1", "h3:1"],
        ["h1:1", "h3:1"],
      ],
      ["h2:1", "h3:1"],
    ],
    [
      "two pairs in two segments, one of each",
      [
        ["h1:1", "h2:1"],
        ["h1:2", "h3:2"],
      ],
      ["h2:1", "h3:2"],
    ],
    ["two of different networks, none: that is no loop", [["h1:1", "h2:3"]], []],
    [
      "two pairs of different networks, one: two ways between them are a loop",
      [
        ["h1:1", "h2:3"],
        ["h1:2", "h3:3"],
      ],
      ["h3:3"],
    ],
    ["one that is gone, none", [["h1:1", "h9:1"]], []],
    ["one that meets itself, none", [["h1:1", "h1:1"]], []],
  ] as const)("%s is cut off", (_, pairs, expected) => {
    expect(blocked(fabricOf(facts(...pairs.map(([a, b]) => meeting(a, b)))))).toEqual(expected);
  });

  it("both say so, each by both names", () => {
    const fabric = fabricOf(facts(meeting("h1:1", "h2:1")));
    const told = [...fabric.hosts.values()].flatMap((host) => host.ports.flatMap((port) => port.problems));
    expect(told.map(({ code }) => code)).toEqual(["port/outside-loop", "port/outside-loop"]);
    for (const { message } of told) expect(message).toMatch(/port tap1 of host h[12] meets port tap1 of host h[12]/);
  });

  it("what a switch had cut off is so until more is known, and its partner is not cut off as well", () => {
    const held = new Set(["0000000000000001/1"]);
    expect(blocked(fabricOf({ meetings: [], held }))).toEqual(["h1:1"]);
    expect(blocked(fabricOf({ meetings: [meeting("h1:1", "h2:1")], held }))).toEqual(["h1:1"]);
  });
});

describe("a port that is cut off", () => {
  const fabric = fabricOf(facts(meeting("h1:1", "h2:1")));
  const broadcast = arpFrame({
    source: "52:54:00:00:00:99",
    destination: "ff:ff:ff:ff:ff:ff",
    operation: 1,
    senderIp: "10.0.0.1",
    targetIp: "10.0.0.2",
  });
  const to = (destination: string): Frame => ({ ...broadcast, destination });

  it("neither takes nor gets a frame, by whatever way", () => {
    expect(trace(fabric, "h2", 1, broadcast)).toEqual({ out: [], copies: 0 });
    expect(trace(fabric, "h2", 2, broadcast).out).toEqual([0xa001, 0xa003]);
    expect(trace(fabric, "h2", 0xa001, broadcast).out).toEqual([2]);
    expect(trace(fabric, "h2", 0xa001, to(macOf(2, 1))).out).toEqual([2]);
    expect(trace(fabric, "h2", 2, to(macOf(2, 1))).out).toEqual([0xa001, 0xa003]);
  });

  it("is read back from its switch, and only it", () => {
    for (const [id, ofports] of [
      ["h1", []],
      ["h2", [1]],
    ] as const) {
      const { flows, groups } = compiled(fabric, id);
      expect([...readBack(flows.values(), groups.values()).blocked]).toEqual(ofports);
    }
  });

  it("has a meter for its probes that its other copies do not use up", () => {
    const { meters } = compiled(fabric, "h2");
    for (const ofport of [1, 2, 3]) {
      expect(meters.get(probeMeter(ofport))).toMatchObject({ unit: "pktps" });
      expect(meters.get(puntMeter(ofport))).toMatchObject({ unit: "pktps" });
    }
  });
});

describe("a probe", () => {
  const probe = (vlans: number[] = []): Frame =>
    rawFrame({
      source: "0a:00:00:00:00:01",
      destination: "0b:57:45:46:54:01",
      etherType: 0x88b5,
      vlans: vlans.map((id) => vlanTag(id)),
    });

  it("comes to the controller once, with or without a tag, and goes nowhere, from any port", () => {
    const fabric = fabricOf(facts(meeting("h1:1", "h2:1")));
    for (const inPort of [1, 2, 3])
      for (const vlans of [[], [10], [99]])
        expect(trace(fabric, "h2", inPort, probe(vlans))).toEqual({ out: [], copies: 1 });
  });

  it("is told by its address: other frames of the experimental type are frames as any", () => {
    const other = { ...probe(), destination: "ff:ff:ff:ff:ff:ff" };
    expect(trace(fabricOf(NO_LOOPS), "h2", 1, other).out).toEqual([2, 0xa001, 0xa003]);
  });
});

describe("a fabric that is cabled to an island", () => {
  const crossing = (host: string, island: string): CrossingFact => ({
    ...meeting(host, island),
    fabrics: ["f0", "island"],
  });
  const verdicts = (crossings: readonly CrossingFact[], held: readonly string[] = []) => {
    const ports = [11, 12].map((ofport) => ({
      hostId: "dpid:00000000000000aa",
      hostIndex: 1,
      dpid: "00000000000000aa",
      ofport,
      name: `eth${ofport}`,
    }));
    const found = judgeLoops({ meetings: [], crossings, held: new Set(held) }, ports);
    return [...found].filter(([, { blocked: isBlocked }]) => isBlocked).map(([key]) => key);
  };
  const [first, second] = [crossing("h1:1", "dpid:00000000000000aa:11"), crossing("h2:1", "dpid:00000000000000aa:12")];

  it("by one cable is one segment with it, and nothing is blocked", () => {
    expect(verdicts([first])).toEqual([]);
  });

  it("by two cables is a loop: the island's port of one of them is blocked, whichever is found first", () => {
    expect(verdicts([first, second])).toEqual(["dpid:00000000000000aa/12"]);
    expect(verdicts([second, first])).toEqual(["dpid:00000000000000aa/12"]);
  });

  it("keeps blocked what a controller before has blocked", () => {
    expect(verdicts([first, second], ["00000000000000aa/11"])).toEqual(["dpid:00000000000000aa/11"]);
  });
});
