import { describe, expect, it } from "vitest";
import { encode, formatGroup, formatInstructions, formatMatch } from "../../../proto/openflow13/index.ts";
import type { Fabric } from "../../../src/model/fabric.ts";
import type { HostFact } from "../../../src/model/facts.ts";
import type { VlanColumns } from "../../../src/model/vlan.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import type { DesiredFlow, DesiredSwitch } from "../../../src/pipeline/desired.ts";
import { readBack } from "../../../src/pipeline/readback.ts";
import { decodeCookie, encodeCookie, FLOW_KINDS, groupName, tableName } from "../../../src/pipeline/registry.ts";
import { installedFrom } from "../../../src/reconcile/installed.ts";
import { planSwitch } from "../../../src/reconcile/switch-plan.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo, vlan } from "../model/facts-for-tests.ts";

const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 };
const MAC = { a: "52:54:00:00:00:0a", b: "52:54:00:00:00:0b", c: "52:54:00:00:00:0c" };

function host(id: string, index: number, ports: HostFact["ports"], peers: readonly (readonly [string, number])[]) {
  return hostFact({
    id,
    stored: stored(id, index),
    tunnelIp: `10.0.0.${index}`,
    ports,
    tunnels: peers.map(([peer, peerIndex]) => tunnelTo(peer, peerIndex, `10.0.0.${peerIndex}`)),
  });
}

/** Two hosts: on `a` a plain guest that was heard and a trunk; on `b` a guest that is declared, and one in VLAN 10. */
function example(): Fabric {
  const a = host(
    "a",
    1,
    [portFact({ name: "tap0", ofport: 1 }), portFact({ name: "trunk0", ofport: 2, vlan: vlan(null, [10], "trunk") })],
    [["b", 2]],
  );
  const b = host(
    "b",
    2,
    [
      portFact({ name: "tap0", ofport: 1, declaredMacs: [MAC.b] }),
      portFact({ name: "tap1", ofport: 2, vlan: vlan(10), declaredMacs: [MAC.c] }),
    ],
    [["a", 1]],
  );
  const observed = { vni: 4095, mac: MAC.a, ofport: 1, ips: ["192.168.0.1", "fe80::1"], heard: 1 };
  return derive([a, b], { a: switchFact({ observed: [observed] }), b: switchFact() });
}

function compiled(fabric: Fabric, id: string): DesiredSwitch {
  const found = fabric.hosts.get(id);
  if (found === undefined) throw new Error(`no host ${id}`);
  return compileSwitch(fabric, found, SETTINGS);
}

/** As a network engineer reads it: table, priority, match, actions. */
function text(desired: DesiredSwitch): string {
  const flows = [...desired.flows.values()]
    .sort((x, y) => x.tableId - y.tableId || y.priority - x.priority || (x.key < y.key ? -1 : 1))
    .map((flow) => {
      const idle = flow.idleTimeoutSec === 0 ? "" : ` (idle ${flow.idleTimeoutSec} s)`;
      const match = formatMatch(flow.match);
      return `${tableName(flow.tableId).padEnd(8)} ${flow.priority} ${match === "" ? "any" : match}${idle} -> ${formatInstructions(flow.instructions)}`;
    });
  const groups = [...desired.groups.values()].map((group) => `${groupName(group.groupId)}: ${formatGroup(group)}`);
  return [...flows, "", ...groups].join("\n");
}

function flowMod(flow: DesiredFlow): Uint8Array {
  const plan = planSwitch(
    { flows: new Map([[flow.key, flow]]), groups: new Map(), meters: new Map() },
    installedFrom([], [], []),
  );
  const [change] = plan.changes;
  if (change?.kind !== "flow_mod") throw new Error("not a flow_mod");
  return encode({ ...change, xid: 0 });
}

describe("the pipeline", () => {
  it("of a host reads like this", () => {
    expect(text(compiled(example(), "a"))).toMatchSnapshot();
  });

  it("has the same bytes for a remote endpoint on every switch", () => {
    const guest = portFact({ name: "tap0", ofport: 7, declaredMacs: [MAC.b] });
    const plain = portFact({ name: "tap0", ofport: 3 });
    const hosts = [
      host(
        "a",
        1,
        [plain],
        [
          ["b", 2],
          ["c", 3],
        ],
      ),
      host(
        "b",
        2,
        [guest],
        [
          ["a", 1],
          ["c", 3],
        ],
      ),
      host(
        "c",
        3,
        [plain],
        [
          ["a", 1],
          ["b", 2],
        ],
      ),
    ];
    const fabric = derive(hosts, { a: switchFact(), b: switchFact(), c: switchFact() });
    const remote = ["a", "c"].map((id) => {
      const flows = [...compiled(fabric, id).flows.values()];
      return flows.filter((flow) => decodeCookie(flow.cookie)?.kind === "remote-endpoint");
    });
    expect(remote.map((flows) => flows.length)).toEqual([1, 1]);
    const [atA, atC] = remote.map((flows) => flows[0]);
    expect(atA).toBe(atC);
    expect(flowMod(atA as DesiredFlow)).toEqual(flowMod(atC as DesiredFlow));
  });

  it("keeps the tag of a frame for its priority, marks frames of protected ports, and drops them at others", () => {
    const port = (name: string, ofport: number, fields: Partial<VlanColumns>) =>
      portFact({ name, ofport, vlan: { ...vlan(10), ...fields } });
    const ports = [
      port("p", 1, { protected: true }),
      port("n", 2, { vlanMode: "native-tagged", trunks: [10] }),
      port("z", 3, { priorityTags: "if-nonzero" }),
    ];
    const fabric = derive([host("a", 1, ports, [])], { a: switchFact() });
    const lines = text(compiled(fabric, "a")).split("\n");
    const of = (table: string) => lines.filter((line) => line.startsWith(table) && !line.includes("LEARN"));
    expect(of("CLASSIFY 400")).toEqual([
      "CLASSIFY 400 in_port=1,vlan_tci=0x0000/0x0fff -> load:0x1001->NXM_OF_VLAN_TCI[0..12],write_metadata:0xa,goto_table:10",
      "CLASSIFY 400 in_port=2,vlan_tci=0x0000/0x0fff -> write_metadata:0xa,goto_table:10",
      "CLASSIFY 400 in_port=2,dl_vlan=10 -> load:0x1000->NXM_OF_VLAN_TCI[0..12],write_metadata:0xa,goto_table:10",
      "CLASSIFY 400 in_port=3,vlan_tci=0x0000/0x0fff -> write_metadata:0xa,goto_table:10",
    ]);
    expect(of("EGRESS").sort()).toEqual([
      "EGRESS   0 reg0=0x1,metadata=0xa -> output:1",
      "EGRESS   0 reg0=0x2,metadata=0xa -> load:0x100a->NXM_OF_VLAN_TCI[0..12],output:2",
      "EGRESS   0 reg0=0x3,metadata=0xa -> output:3",
      "EGRESS   100 reg0=0x1,metadata=0xa,vlan_tci=0x1000/0x1000 -> pop_vlan,output:1",
      "EGRESS   100 reg0=0x3,metadata=0xa,vlan_tci=0x1000/0x1000 -> move:OXM_OF_VLAN_PCP[]->NXM_NX_REG1[0..2],pop_vlan,push_vlan:0x8100,move:NXM_NX_REG1[0..2]->OXM_OF_VLAN_PCP[],load:0x1000->NXM_OF_VLAN_TCI[0..12],output:3",
      "EGRESS   200 reg0=0x3,metadata=0xa,dl_vlan_pcp=0 -> pop_vlan,output:3",
      "EGRESS   300 reg0=0x1,dl_vlan=1 -> drop",
    ]);
  });

  it("leaves frames of link protocols alone where the bridge is told to forward them", () => {
    const facts = host("a", 1, [portFact({ name: "tap0" })], []);
    const guards = (fact: HostFact) =>
      text(compiled(derive([fact], { a: switchFact() }), "a"))
        .split("\n")
        .filter((line) => line.startsWith("CLASSIFY 900"));
    expect(guards(facts)).toHaveLength(8);
    expect(guards({ ...facts, forwardBpdu: true })).toEqual([
      "CLASSIFY 900 dl_src=01:00:00:00:00:00/01:00:00:00:00:00 -> drop",
    ]);
  });

  it("is deterministic: the same facts give the same text", () => {
    expect(text(compiled(example(), "b"))).toBe(text(compiled(example(), "b")));
  });

  it("holds nothing of networks that have no port on the host", () => {
    const fabric = derive(
      [
        host("a", 1, [portFact({ name: "tap0" })], [["b", 2]]),
        host("b", 2, [portFact({ name: "tap0", vlan: vlan(10), declaredMacs: [MAC.c] })], [["a", 1]]),
      ],
      { a: switchFact(), b: switchFact() },
    );
    expect(text(compiled(fabric, "a"))).not.toContain(MAC.c);
  });

  it("drops what rivals send with a MAC, or say of an address, that stays with another, and hears it still", () => {
    const rival = (ip: string | null, mac = MAC.b) => ({
      vni: 4095,
      mac: ip === null ? mac : null,
      ip,
      reason: "duplicate" as const,
      holder: { mac: MAC.a, place: { dpid: "b", ofport: 1 } },
      rivals: [{ mac, place: { dpid: "a", ofport: 1 } }],
    });
    const fabric = derive(
      [host("a", 1, [portFact({ name: "tap0" })], [["b", 2]]), host("b", 2, [portFact({ name: "tap0" })], [["a", 1]])],
      { a: switchFact({ dpid: "a" }), b: switchFact({ dpid: "b" }) },
      { disputes: [rival(null), rival("10.0.0.1"), rival("fe80::1")] },
    );
    const dropped = (id: string) =>
      text(compiled(fabric, id))
        .split("\n")
        .filter((line) => line.startsWith("LEARN    450"));
    const copy = "controller(max_len=192,meter_id=1)";
    expect(dropped("a")).toEqual([
      `LEARN    450 arp,metadata=0xfff,in_port=1,dl_src=${MAC.b},arp_spa=10.0.0.1 -> ${copy}`,
      `LEARN    450 icmp6,metadata=0xfff,in_port=1,dl_src=${MAC.b},ipv6_src=fe80::1,icmp_type=135 -> ${copy}`,
      `LEARN    450 icmp6,metadata=0xfff,in_port=1,dl_src=${MAC.b},icmp_type=136,nd_target=fe80::1 -> ${copy}`,
      `LEARN    450 metadata=0xfff,in_port=1,dl_src=${MAC.b} -> ${copy}`,
    ]);
    expect(dropped("b")).toEqual([]);
    const { flows, groups } = compiled(fabric, "a");
    const told = readBack(flows.values(), groups.values()).rivals.map(({ ofport, mac, ip }) => [ofport, mac, ip]);
    expect(told.map(([, , ip]) => ip).sort()).toEqual(["10.0.0.1", "fe80::1", "fe80::1", null]);
    for (const one of told) expect(one.slice(0, 2)).toEqual([1, MAC.b]);
  });

  it("delivers to a migrating guest at its target before it is there, and forwards to its source until then", () => {
    const vm = { declaredMacs: [MAC.b], guest: { id: "vm", active: true } };
    const hosts = [
      host("a", 1, [portFact({ name: "tap0", ...vm })], [["b", 2]]),
      host("b", 2, [portFact({ name: "tap0", ofport: 4, ...vm })], [["a", 1]]),
    ];
    const fabric = derive(hosts, { a: switchFact({ dpid: "a" }), b: switchFact({ dpid: "b" }) });
    const about = (id: string) =>
      text(compiled(fabric, id))
        .split("\n")
        .filter((line) => line.includes(MAC.b))
        .map((line) => line.split(" ")[0]);
    expect(about("a")).toEqual(["LEARN", "FORWARD", "DELIVER"]);
    expect(about("b")).toEqual(["FORWARD", "DELIVER"]);
    const forward = new RegExp(
      `^FORWARD +200 metadata=0xfff,dl_dst=${MAC.b} -> set_field:0xfff->tun_id.*,group:65537$`,
      "m",
    );
    expect(text(compiled(fabric, "b"))).toMatch(forward);
  });

  it("copies without a limit to the controller on a switch without meters", () => {
    const fabric = derive([host("a", 1, [portFact({ name: "tap0" })], [])], { a: switchFact({ maxMeter: 0 }) });
    const desired = compiled(fabric, "a");
    expect(desired.meters.size).toBe(0);
    expect(text(desired)).toContain("CONTROLLER:192");
  });

  it("reads back from a switch as the facts it was compiled from", () => {
    const desired = compiled(example(), "a");
    const back = readBack(desired.flows.values(), desired.groups.values());
    expect(back.ownIndex).toBe(1);
    expect(back.observed).toEqual([{ vni: 4095, mac: MAC.a, ofport: 1, ips: ["192.168.0.1", "fe80::1"] }]);
    expect([...back.receivesOn]).toEqual([String(0xa002)]);
    expect([...back.sendsBy]).toEqual([[2, { port: 0xa002, toward: null }]]);
    expect(back.remembered).toEqual([
      {
        index: 2,
        endpoints: [
          { vni: 10, mac: MAC.c, ips: [] },
          { vni: 4095, mac: MAC.b, ips: [] },
        ],
        vnis: [10, 4095],
      },
    ]);
  });
});

it("who is only declared was not heard, and is gone with the declaration; whose address is known was", () => {
  const silent = compiled(example(), "b");
  expect(readBack(silent.flows.values(), silent.groups.values()).observed).toEqual([]);
  expect(readBack(silent.flows.values(), []).holds({ vni: 4095, mac: MAC.b, ofport: 1 })).toBe(true);
  const said = { vni: 4095, mac: MAC.b, ofport: 1, ips: ["192.168.0.2"] };
  const hosts = [host("b", 2, [portFact({ name: "tap0", ofport: 1, declaredMacs: [MAC.b] })], [])];
  const known = compiled(derive(hosts, { b: switchFact({ observed: [{ ...said, heard: 1 }] }) }), "b");
  expect(readBack(known.flows.values(), known.groups.values()).observed).toEqual([said]);
});

describe("cookies", () => {
  it("have a number of its own for each kind", () => {
    const numbers = Object.values(FLOW_KINDS);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it("say Weft, the kind and the fact, both ways", () => {
    const cookie = encodeCookie({ kind: "remote-endpoint", place: 4094, vni: 0x7fffff });
    expect(cookie.toString(16)).toBe("57450a0ffe7fffff");
    expect(decodeCookie(cookie)).toEqual({ kind: "remote-endpoint", place: 4094, vni: 0x7fffff });
    expect(decodeCookie(0x1234n)).toBeUndefined();
  });
});

describe("the plan for a switch", () => {
  const all = compiled(example(), "a");

  it("writes groups before the flows that use them, and nothing where all is right", () => {
    const plan = planSwitch(all, installedFrom([], [], []));
    const kinds = plan.changes.map((change) => change.kind);
    expect(kinds.lastIndexOf("group_mod")).toBeLessThan(kinds.indexOf("flow_mod"));
    expect(kinds.lastIndexOf("meter_mod")).toBeLessThan(kinds.indexOf("group_mod"));
    expect(planSwitch(all, { ...all, foreign: new Set() }).changes).toEqual([]);
  });

  it("deletes what is not wanted after everything else, flows before groups", () => {
    const nothing: DesiredSwitch = { flows: new Map(), groups: new Map(), meters: new Map() };
    const plan = planSwitch(nothing, { ...all, foreign: new Set() });
    expect(plan.changes.every((change) => "command" in change && change.command.startsWith("delete"))).toBe(true);
    expect(plan.changes.at(-1)).toMatchObject({ kind: "group_mod", groupId: 1 });
    expect(plan.afterwards.map((change) => change.kind)).toEqual(["meter_mod", "meter_mod"]);
  });

  it("modifies a flow whose actions alone differ, so that its idle clock runs on, and replaces it where its timeout differs", () => {
    const [flow] = [...all.flows.values()].filter((one) => decodeCookie(one.cookie)?.kind === "known-mac");
    if (flow === undefined) throw new Error("no such flow");
    const held = (change: Partial<DesiredFlow>) => ({
      ...all,
      foreign: new Set<string>(),
      flows: new Map([...all.flows, [flow.key, { ...flow, ...change, form: "other" }]]),
    });
    expect(planSwitch(all, held({})).changes).toMatchObject([{ command: "modify_strict" }]);
    expect(planSwitch(all, held({ idleTimeoutSec: 5 })).changes).toMatchObject([{ command: "add" }]);
  });

  it("leaves flows alone that somebody else wrote", () => {
    const foreign = {
      tableId: 0,
      durationSec: 0,
      durationNsec: 0,
      priority: 1,
      idleTimeoutSec: 0,
      hardTimeoutSec: 0,
      flags: 0,
      cookie: 0x99n,
      packetCount: 0n,
      byteCount: 0n,
      match: [],
      instructions: [],
    };
    const installed = installedFrom([foreign], [], []);
    expect(installed.foreign.size).toBe(1);
    expect(planSwitch({ flows: new Map(), groups: new Map(), meters: new Map() }, installed).changes).toEqual([]);
  });
});
