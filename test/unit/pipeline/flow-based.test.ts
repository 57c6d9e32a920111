// What a switch with flow-based tunnels holds: sources, strangers, addresses in groups; over IPv4 and IPv6; and read back.
import { describe, expect, it } from "vitest";
import { formatGroup, formatInstructions, formatMatch } from "../../../proto/openflow13/index.ts";
import type { FabricInput } from "../../../src/model/fabric.ts";
import type { HostFact, SwitchFact } from "../../../src/model/facts.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import type { DesiredSwitch } from "../../../src/pipeline/desired.ts";
import { readBack } from "../../../src/pipeline/readback.ts";
import { decodeCookie, encodeCookie, groupRole, hostGroup, tableName } from "../../../src/pipeline/registry.ts";
import { compileRows } from "../../../src/pipeline/rows.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo } from "../model/facts-for-tests.ts";

const ALWAYS = { flowBased: { mode: "always", above: 200 } } as const;
const OPTIONS = {
  ...{ csum: null, dstPort: null, dfDefault: null, tos: null, ttl: null },
  localIp: true,
};
const IPS: Readonly<Record<string, string>> = { a: "10.0.0.1", b: "10.0.0.2", c: "fd00::3" };

function host(id: string, index: number, fields: Partial<HostFact> = {}): HostFact {
  const ports = [portFact({ name: "tap0", declaredMacs: [`52:54:00:00:00:0${index}`] })];
  return hostFact({ id, stored: stored(id, index), tunnelIp: IPS[id] ?? null, ports, ...fields });
}

const hosts = (): HostFact[] => ["a", "b", "c"].map((id, at) => host(id, at + 1));

function compiled(fields: Partial<FabricInput> = {}, id = "a", facts = hosts()): DesiredSwitch {
  const switches = Object.fromEntries(facts.map((fact) => [fact.id, switchFact()] as [string, SwitchFact]));
  const fabric = derive(facts, switches, { ...ALWAYS, ...fields });
  const found = fabric.hosts.get(id);
  if (found === undefined) throw new Error(`no host ${id}`);
  return compileSwitch(fabric, found, { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 });
}

function flowsOf(desired: DesiredSwitch, ...kinds: readonly string[]): string[] {
  return [...desired.flows.values()]
    .filter((flow) => kinds.includes(decodeCookie(flow.cookie)?.kind ?? ""))
    .sort((x, y) => x.tableId - y.tableId || y.priority - x.priority || (x.key < y.key ? -1 : 1))
    .map(
      ({ tableId, priority, match, instructions }) =>
        `${tableName(tableId)} ${priority} ${formatMatch(match) || "any"} -> ${formatInstructions(instructions)}`,
    );
}

function groupsOf(desired: DesiredSwitch): string[] {
  const ours = [...desired.groups.values()].filter((group) => groupRole(group.groupId)?.kind === "host");
  return ours.map(formatGroup);
}

describe("a switch with flow-based tunnels", () => {
  it("takes in frames from the addresses of hosts, and none from others", () => {
    expect(flowsOf(compiled(), "tunnel", "stranger", "arrive")).toEqual([
      "CLASSIFY 750 tun_src=10.0.0.2,in_port=40960 -> goto_table:2",
      "CLASSIFY 750 tun_ipv6_src=fd00::3,in_port=40960 -> goto_table:2",
      "CLASSIFY 700 in_port=40960 -> drop",
      "ARRIVE 0 any -> move:NXM_NX_TUN_ID[0..23]->OXM_OF_METADATA[0..23],goto_table:40",
    ]);
  });

  it("takes in the same before its bridge is taken from its administrator", () => {
    const adoption = { stage: "prepare", now: false, rootDistance: null } as const;
    const adopting = ["a", "b", "c"].map((id, at) => host(id, at + 1, { adoption }));
    expect(flowsOf(compiled({}, "a", adopting), "tunnel", "stranger", "arrive")).toEqual(
      flowsOf(compiled(), "tunnel", "stranger", "arrive"),
    );
  });

  it("sends a host's frames to its address", () => {
    expect(groupsOf(compiled())).toEqual([
      "group_id=65538,type=ff,bucket=watch_port:40960,actions=set_field:10.0.0.2->tun_dst,output:40960,bucket=watch_group:1,actions=set_field:10.0.0.2->tun_dst,output:40960",
      "group_id=65539,type=ff,bucket=watch_port:40960,actions=set_field:fd00::3->tun_ipv6_dst,output:40960,bucket=watch_group:1,actions=set_field:fd00::3->tun_ipv6_dst,output:40960",
    ]);
  });

  it("as a hub passes frames on by the port they came by, and by none that is asked by a stranger", () => {
    const topology = { kind: "hubs", hubs: ["a"], direct: [] } as const;
    expect(flowsOf(compiled({ topology }), "relay")).toEqual([
      "ARRIVE 100 tun_id=0x800000/0x800000,dl_vlan=2 -> pop_vlan,load:0x0->NXM_NX_TUN_ID[23],load:0x0->NXM_OF_IN_PORT[],set_field:0.0.0.0->tun_dst,set_field:::->tun_ipv6_dst,set_field:10.0.0.2->tun_dst,output:40960",
      "ARRIVE 100 tun_id=0x800000/0x800000,dl_vlan=3 -> pop_vlan,load:0x0->NXM_NX_TUN_ID[23],load:0x0->NXM_OF_IN_PORT[],set_field:0.0.0.0->tun_dst,set_field:::->tun_ipv6_dst,set_field:fd00::3->tun_ipv6_dst,output:40960",
    ]);
    expect(groupsOf(compiled({ topology }, "b"))[1]).toContain(
      "push_vlan:0x8100,set_field:4099->vlan_vid,load:0x1->NXM_NX_TUN_ID[23],set_field:10.0.0.1->tun_dst,output:40960",
    );
  });

  it("reads back as the lanes it was compiled from", () => {
    const topology = { kind: "hubs", hubs: ["a"], direct: [] } as const;
    const desired = compiled({ topology });
    const back = readBack(desired.flows.values(), desired.groups.values());
    const lanes = [
      [2, { port: 0xa000, toward: "10.0.0.2" }],
      [3, { port: 0xa000, toward: "fd00::3" }],
    ];
    expect(back.receivesOn).toEqual(new Set(["40960 10.0.0.2", "40960 fd00::3"]));
    expect([...back.sendsBy]).toEqual(lanes);
    expect(new Map(back.relaysTo)).toEqual(new Map(lanes as [number, unknown][]));
    const spoke = compiled({ topology }, "b");
    const { relaysBy } = readBack(spoke.flows.values(), spoke.groups.values());
    expect(relaysBy.get(3)).toEqual([{ port: 0xa000, toward: "10.0.0.1" }]);
  });

  it("knows hosts of an index that tunnels for each pair have no number for", () => {
    const far = { ...host("b", 65_535), stored: stored("b", 65_535) };
    const fabric = derive([host("a", 1), far], { a: switchFact(), b: switchFact() }, ALWAYS);
    // As the controller gives it where tunnels may be flow-based.
    expect(fabric.hosts.get("b")?.index).not.toBe(65_535);
    expect(decodeCookie(encodeCookie({ kind: "tunnel", place: 65_535, vni: 0 }))?.place).toBe(65_535);
    expect(groupRole(hostGroup(65_535))).toEqual({ kind: "host", index: 65_535 });
  });
});

describe("the rows of a host with flow-based tunnels", () => {
  const rowsOf = (facts: readonly HostFact[], fields: Partial<FabricInput>) => {
    const fabric = derive(facts, {}, fields);
    const found = fabric.hosts.get("a");
    if (found === undefined) throw new Error("no host a");
    return compileRows(fabric, found, {
      datapathType: null,
      controllerTarget: "tcp:192.0.2.1:6653",
      tunnelOptions: OPTIONS,
    });
  };

  it("are one Interface of a type, which names all peers, without BFD", () => {
    const tunnels = rowsOf(hosts(), ALWAYS)?.tunnels ?? [];
    expect(tunnels.map(({ name, ofportRequest }) => [name, ofportRequest])).toEqual([["geneve-flow", 0xa000]]);
    expect(Object.fromEntries(tunnels[0]?.options ?? [])).toEqual({
      key: "flow",
      local_ip: "10.0.0.1",
      remote_ip: "flow",
    });
    expect(Object.fromEntries(tunnels[0]?.externalIds ?? [])).toEqual({
      "weft-fabric": "f0",
      "weft-flow-based": "true",
      "weft-peer-2": "10.0.0.2 b",
      "weft-peer-3": "fd00::3 c",
    });
    expect(tunnels[0]?.bfd.size).toBe(0);
  });

  it("tell tunnels of pairs that go one by one no other BFD interval with each of them", () => {
    const peers = Array.from({ length: 120 }, (_, at) => at + 2);
    const all = [1, ...peers].map((at) =>
      hostFact({ id: `h${at}`, stored: stored(`h${at}`, at), tunnelIp: `10.0.1.${at}` }),
    );
    const intervals = [120, 60, 10].map((left) => {
      const tunnels = peers.slice(0, left).map((at) => tunnelTo(`h${at}`, at, `10.0.1.${at}`));
      const facts = all.map((fact) => (fact.id === "h1" ? { ...fact, tunnels } : fact));
      const fabric = derive(facts, {}, ALWAYS);
      const found = fabric.hosts.get("h1");
      const settings = { datapathType: null, controllerTarget: "tcp:192.0.2.1:6653", tunnelOptions: OPTIONS };
      const rows = found === undefined ? null : compileRows(fabric, found, settings);
      const singles = rows?.tunnels.filter(({ shared }) => !shared) ?? [];
      expect(singles.length).toBe(left);
      return [...new Set(singles.map(({ bfd }) => bfd.get("min_tx")))].join();
    });
    expect(new Set(intervals).size).toBe(1);
  });

  it("are one for each type that pairs have", () => {
    const picky = hosts().map((fact) => (fact.id === "c" ? { ...fact, tunnelTypes: ["gre"] as const } : fact));
    const tunnels = rowsOf(picky, ALWAYS)?.tunnels ?? [];
    expect(tunnels.map(({ name, peers }) => [name, peers.map((peer) => peer.peerId)])).toEqual([
      ["geneve-flow", ["b"]],
      ["gre-flow", ["c"]],
    ]);
  });

  it("count for BFD's interval only while they are for each pair", () => {
    const shared = [2, 3].map((index) => {
      const [id = "", ip = ""] = Object.entries(IPS)[index - 1] ?? [];
      return tunnelTo(id, index, ip, { shared: true, name: "geneve-flow", ofport: 0xa000 });
    });
    const [first, ...others] = hosts() as [HostFact, ...HostFact[]];
    const tunnels = rowsOf([{ ...first, tunnels: shared }, ...others], {
      flowBased: { mode: "never", above: 1 },
    })?.tunnels;
    // Those for each pair wait until CLASSIFY expects them.
    expect(tunnels?.map(({ name }) => name)).toEqual(["geneve-flow"]);
  });
});
