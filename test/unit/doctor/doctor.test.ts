// What the doctor makes of facts and rows: which end is named, what is told once, and what is no alarm.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { EMPTY_VSWITCH_ROWS } from "../../../proto/ovsdb/vswitch-rows.ts";
import { type Examined, type ExaminedHost, examine } from "../../../src/doctor/index.ts";
import { isAffected, KNOWN_VULNERABILITIES, versionOf } from "../../../src/doctor/known-vulnerabilities.ts";
import { commandIn } from "../../../src/doctor/told-problems.ts";
import { protocolOf } from "../../../src/doctor/tunnels.ts";
import { diagnostic } from "../../../src/model/diagnostic.ts";
import type { FabricHost } from "../../../src/model/fabric.ts";
import { flowBasedProblem } from "../../../src/model/flow-based.ts";
import { shellWord } from "../../../src/model/shell-word.ts";
import { unknownNames } from "../../../src/model/unknown-names.ts";
import { derive, hostFact, portFact, stored, switchFact } from "../model/facts-for-tests.ts";
import { mesh } from "./mesh.ts";

const told = (examined: Examined) => examine(examined).map(({ code, host, subject }) => [code, host, subject]);

describe("tunnels", () => {
  it("that carry frames are no finding, and neither is a host's silence that is away", () => {
    expect(told(mesh(3))).toEqual([]);
    const examined = mesh(3, { "1>2": "down", "1>3": "down" });
    const hosts = examined.hosts.map((one) =>
      one.host.id === "h1" ? { ...one, ovsdb: false, openflow: false, rows: null } : one,
    );
    expect(told({ ...examined, hosts })).toEqual([["host/away", "h1", "10.0.0.1"]]);
  });

  it("that are cut both ways are told once, of one that is heard the end is named that does not hear", () => {
    expect(told(mesh(3, { "1>2": "down", "2>1": "down" }))).toEqual([["tunnel/cut", "h1", "geneve2"]]);
    const [oneWay, ...others] = examine(mesh(3, { "1>2": "down", "2>1": "init" }));
    expect(others).toEqual([]);
    expect(oneWay).toMatchObject({ code: "tunnel/one-way", severity: "critical", host: "h2", subject: "geneve1" });
    expect(oneWay?.command).toBe("tcpdump -ni any 'udp port 6081 and src 10.0.0.1'");
  });

  it("of a host that hears nobody are one finding, with what a firewall should let in", () => {
    const deaf = mesh(4, { "1>4": "down", "2>4": "down", "3>4": "down", "4>1": "init", "4>2": "init", "4>3": "init" });
    const [finding, ...others] = examine(deaf);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "host/tunnels-deaf", host: "h4", subject: "10.0.0.4" });
    expect(finding?.command).toBe("iptables -I INPUT -p udp --dport 6081 -j ACCEPT");
    expect(finding?.message).toContain("though they hear it");
  });

  it("that are cut concern both ends, and what shows their frames does so over IPv6 too", () => {
    const [finding] = examine(mesh(3, { "1>2": "down", "2>1": "down" }));
    expect([finding?.host, finding?.others]).toEqual(["h1", ["h2"]]);
    expect(protocolOf("gre", undefined).filter).toBe("proto 47");
  });

  it("that are broken in two pairs of a mesh are two findings", () => {
    const cuts = mesh(4, { "1>2": "down", "2>1": "down", "3>4": "down", "4>3": "down" });
    expect(told(cuts)).toEqual([
      ["tunnel/cut", "h1", "geneve2"],
      ["tunnel/cut", "h3", "geneve4"],
    ]);
  });
});

describe("a problem of the fabric", () => {
  it("that speaks of ports and names none is told of none", () => {
    const problem = flowBasedProblem(300, { healing: true });
    const examined = { ...mesh(2), problems: problem === null ? [] : [problem] };
    expect(told(examined)).toEqual([["fabric/flow-based", null, null]]);
  });
});

describe("ports", () => {
  it("in no network and with a larger MTU than fits are warnings, silent ones are notes", () => {
    const ports = [
      portFact({ name: "big", ofport: 1, mtu: 9000 }),
      portFact({ name: "odd", ofport: 2, vlan: { tag: null, trunks: [], vlanMode: "dot1q-tunnel" } }),
      portFact({ name: "off", ofport: 3, inUse: false }),
      portFact({ name: "quiet", ofport: 4 }),
    ];
    const one = hostFact({ id: "h1", stored: stored("h1", 1), tunnelIp: "10.0.0.1", ovsVersion: null, ports });
    const fabric = derive([one], { h1: switchFact() });
    const host = fabric.hosts.get("h1") as FabricHost;
    const rest = { ovsVersion: null, foreignFlows: [], foreignUntold: 0, certificateEndsMs: null, problems: [] };
    const hosts = [{ fabric, host, ovsdb: true, openflow: true, rows: EMPTY_VSWITCH_ROWS, ...rest }];
    const found = examine({ hosts, problems: [], nowMs: 0 }).map(({ severity, code, subject }) => [
      severity,
      code,
      subject,
    ]);
    expect(found).toContainEqual(["warning", "port/mtu", "big"]);
    expect(found).toContainEqual(["note", "port/silent", "quiet"]);
    expect(found.filter(([, , subject]) => subject === "off")).toEqual([]);
  });
});

describe("a port's number", () => {
  it("that the switch tells otherwise than the database is critical; where both agree, or one says nothing, it is not", () => {
    const ports = ["false", "true", "new"].map((name, at) => portFact({ name, ofport: at + 1 }));
    const one = hostFact({ id: "h1", stored: stored("h1", 1), tunnelIp: "10.0.0.1", ovsVersion: null, ports });
    const fabric = derive([one], { h1: switchFact() });
    const host = fabric.hosts.get("h1") as FabricHost;
    const rest = { ovsVersion: null, foreignFlows: [], foreignUntold: 0, certificateEndsMs: null, problems: [] };
    const switchPorts = new Map([
      ["false", 7],
      ["true", 2],
    ]);
    const hosts = [{ fabric, host, ovsdb: true, openflow: true, rows: EMPTY_VSWITCH_ROWS, switchPorts, ...rest }];
    const found = examine({ hosts, problems: [], nowMs: 0 }).filter(({ code }) => code === "port/number");
    expect(found).toMatchObject([{ severity: "critical", host: "h1", subject: "false" }]);
    expect(found[0]?.message).toContain("has the number 1, and the switch that it has 7");
  });
});

describe("ports that one host's underlay makes too small for their guests", () => {
  it("are told as one note, beside the device to mend", () => {
    const ports = [1, 2, 3, 4].map((n) => portFact({ name: `tap${n}`, ofport: n, mtu: 1442 }));
    const facts = [1, 2].map((n) =>
      hostFact({
        id: `h${n}`,
        stored: stored(`h${n}`, n),
        tunnelIp: `10.0.0.${n}`,
        ovsVersion: null,
        ports,
        underlayMtu: n === 1 ? 1400 : 1500,
      }),
    );
    const fabric = derive(facts, { h1: switchFact(), h2: switchFact() });
    const rest = { ovsVersion: null, foreignFlows: [], foreignUntold: 0, certificateEndsMs: null, problems: [] };
    const hosts = [...fabric.hosts.values()].map((host) => ({
      ...{ fabric, host, ovsdb: true, openflow: true, rows: EMPTY_VSWITCH_ROWS },
      ...rest,
    }));
    const found = examine({ hosts, problems: [], nowMs: 0 }).filter(({ code }) => code === "port/mtu");
    expect(found).toMatchObject([{ severity: "note", host: null, others: ["h1", "h2"], command: "weft ports" }]);
  });
});

describe("flows of others", () => {
  it("that a switch does not tell in time are told by their number", () => {
    const examined = mesh(1);
    const hosts = examined.hosts.map((one) => ({ ...one, foreignUntold: 2 }));
    expect(examine({ ...examined, hosts })).toMatchObject([
      {
        ...{ code: "flow/foreign", host: "h1", command: "weft flows h1" },
        message: "bridge br-int holds 2 flows that Weft did not write, and does not answer which",
      },
    ]);
  });
});

describe("a MAC in two places", () => {
  it("is told with the time at which the second came, where the journal has it", () => {
    const examined = mesh(2);
    const party = (dpid: string) => ({ mac: "02:00:00:00:00:09", place: { dpid, ofport: 7 } });
    const dispute = { vni: 0, mac: "02:00:00:00:00:09", ip: null, reason: "duplicate" as const };
    const disputes = [{ ...dispute, holder: party("d1"), rivals: [party("d2")] }];
    const fabric = { ...examined.hosts[0]!.fabric, disputes };
    const hosts = examined.hosts.map((one) => ({ ...one, fabric }));
    const asked: string[] = [];
    const disputedSince = (what: string) => {
      asked.push(what);
      return "2026-01-02 19:20:52Z";
    };
    const [found] = examine({ ...examined, hosts, disputedSince });
    expect(asked).toEqual(["MAC 02:00:00:00:00:09"]);
    expect(found?.message).toMatch(
      /h1 port 7 and h2 port 7: it stays at the first; h2 port 7 came 2026-01-02 19:20:52Z$/,
    );
  });
});

describe("what somebody has done", () => {
  const deed = (code: string, isOver: boolean) => ({
    ...{ code, message: `${code} ${isOver}`, remedy: "find who did it", command: "weft drift" },
    ...(isOver ? { isOver } : {}),
  });

  it("comes after what is to be mended, of the same severity, where it is put right already", () => {
    const examined = mesh(1);
    const problems = [deed("host/a", true), deed("host/z", false)];
    const found = examine({ ...examined, hosts: examined.hosts.map((one) => ({ ...one, problems })) });
    expect(found.map(({ code }) => code)).toEqual(["host/z", "host/a"]);
  });

  it("is left out where the flows themselves are told", () => {
    const examined = mesh(1);
    const codes = (foreignUntold: number) =>
      examine({
        ...examined,
        hosts: examined.hosts.map((one) => ({
          ...one,
          foreignUntold,
          problems: [deed("switch/tampered-left", false)],
        })),
      }).map(({ code }) => code);
    expect(codes(1)).toEqual(["flow/foreign"]);
    expect(codes(0)).toEqual(["switch/tampered-left"]);
  });
});

describe("a name that a host has chosen", () => {
  it("is one word in a command, whatever it holds", () => {
    const ports = [portFact({ name: "$(reboot)", ofport: 1, up: false }), portFact({ name: "a'b", ofport: 2 })];
    const one = hostFact({ id: "h1", stored: stored("h1", 1), tunnelIp: "10.0.0.1", ovsVersion: null, ports });
    const fabric = derive([one], { h1: switchFact() });
    const [own] = mesh(1).hosts;
    const hosts = [{ ...own!, fabric, host: fabric.hosts.get("h1") as FabricHost, rows: EMPTY_VSWITCH_ROWS }];
    expect(examine({ hosts, problems: [], nowMs: 0 }).map(({ command }) => command)).toEqual([
      "ip link set dev '$(reboot)' up",
      "tcpdump -ni 'a'\\''b'",
    ]);
    expect(commandIn("ovs-vsctl del-port $(reboot), if nothing needs it", "h1")).toBeNull();
  });
});

describe("published vulnerabilities", () => {
  const of = (text: string) =>
    KNOWN_VULNERABILITIES.filter((one) => isAffected(versionOf(text) ?? [0, 0, 0], one)).map(({ id }) => id);

  it("are those of the version's own series, and of series that were never mended", () => {
    expect(of("3.1.0")).toEqual(["CVE-2023-1668"]);
    expect(of("3.1.1")).toEqual([]);
    expect(of("2.17.5")).toEqual(["CVE-2023-1668"]);
    expect(of("2.17.6")).toEqual([]);
    expect(of("2.15.0")).toEqual(["CVE-2021-36980", "CVE-2022-4337", "CVE-2022-4338", "CVE-2023-1668"]);
    expect(of("2.12.3")).toEqual(["CVE-2021-36980", "CVE-2022-4337", "CVE-2022-4338", "CVE-2023-1668"]);
    expect(of("2.10.1")).toEqual(["CVE-2022-4337", "CVE-2022-4338", "CVE-2023-1668"]);
    expect(of("1.4.0")).toEqual([]);
    expect(of("3.5.0")).toEqual([]);
  });

  it("are not told of what is no version", () => {
    expect(versionOf("unknown")).toBeNull();
    expect(versionOf("3.1.0-2+deb12u1")).toEqual([3, 1, 0]);
  });
});

describe("the command of a remedy", () => {
  it("is taken where it can be run as it stands, and not where a person has to fill something in", () => {
    expect(commandIn("on h1: ovs-vsctl remove open_vswitch . other_config vlan-limit", "h1")).toBe(
      "ovs-vsctl remove open_vswitch . other_config vlan-limit",
    );
    expect(commandIn("weft adopt h1; or on h1: ovs-vsctl set open_vswitch . external_ids:a=b", "h1")).toBe(
      "weft adopt h1",
    );
    expect(commandIn("ovs-vsctl del-port p1, if nothing needs it", "h1")).toBe("ovs-vsctl del-port p1");
    expect(commandIn("on h1: ovs-vsctl set open_vswitch . external_ids:weft-tunnel-ip=ADDRESS", "h1")).toBeNull();
    expect(commandIn("weft flows HOST shows what is missing; check the version", "h7")).toBe("weft flows h7");
    expect(commandIn("none: this ends by itself", null)).toBeNull();
    expect(commandIn("weft tls reload, when the files are right", null)).toBe("weft tls reload");
    expect(commandIn("on it: ovs-vsctl set-manager ssl:CONTROLLER:6640; if it shall go without", "h1")).toBeNull();
    expect(commandIn("on it: ovs-vsctl set-ssl with a certificate of its own (weft pki host h1)", "h1")).toBeNull();
    expect(commandIn("on h: ovs-vsctl set open_vswitch . external_ids:system-id=$(uuidgen)", "h")).toBe(
      "ovs-vsctl set open_vswitch . external_ids:system-id=$(uuidgen)",
    );
  });

  it("is not taken where a name in it would have a shell run more than that", () => {
    expect(commandIn("on h1: ovs-vsctl set open_vswitch . external_ids:system-id=$(uuidgen)", "h1")).toMatch(/uuidgen/);
    for (const name of ["$(reboot)", "`reboot`", "a|reboot", "a&reboot", "a>b", "a\nreboot"]) {
      expect(commandIn(`weft adopt ${name}`, name), name).toBeNull();
      const command = commandIn("weft flows HOST shows what is missing", name);
      expect(command, name).toBe(`weft flows '${name}'`);
    }
  });

  it("is not looked for within a name", () => {
    const name = "a: ovs-vsctl del-br br0; weft release h1";
    expect(commandIn(`on ${shellWord(name)}: ovs-vsctl del-manager`, name)).toBe("ovs-vsctl del-manager");
    expect(commandIn(`give ${shellWord(name)} another address; this ends by itself`, name)).toBeNull();
    expect(commandIn(`weft adopt ${shellWord("it's; a")}; or wait`, null)).toBe("weft adopt 'it'\\''s; a'");
  });

  it("comes with what is told anyway, ranked", () => {
    const problems = [
      diagnostic("tls/expires", "the certificate expires in 3 days", "weft pki init"),
      diagnostic("controller/fault", "this controller failed", "please report it"),
    ];
    const found = examine({ hosts: mesh(1).hosts, problems, nowMs: 0 });
    expect(found.map(({ severity, code, command }) => [severity, code, command])).toEqual([
      ["critical", "controller/fault", null],
      ["warning", "tls/expires", "weft pki init"],
    ]);
  });
});

describe("a command that names what a host has chosen", () => {
  it("has it as one word, whatever a shell would make of it", () => {
    const name = 'x\'; $(touch /tmp/no) `no` "no" | no';
    expect(execFileSync("sh", ["-c", `printf %s ${shellWord(name)}`], { encoding: "utf8" })).toBe(name);
    expect(shellWord("tap-g1a.10")).toBe("tap-g1a.10");
    expect(shellWord("")).toBe("''");
  });

  it("is told with the name in quotes", () => {
    const { fabric, host, ...rest } = mesh(1).hosts[0] as ExaminedHost;
    const hostile: ExaminedHost = { ...rest, fabric, host: { ...host, id: "$(reboot)" }, certificateEndsMs: 1 };
    const found = examine({ hosts: [hostile], problems: [], nowMs: 0 });
    expect(found.find(({ code }) => code === "host/certificate")?.command).toBe("weft pki host '$(reboot)'");
  });
});

describe("names of weft.yaml that are no host's", () => {
  const hosts = [{ id: "id1", name: "alpha" }];

  it("are told by their key", () => {
    const topology = { kind: "hubs", hubs: ["alpha", "beta"], direct: [["id1", "gamma"]] } as const;
    const endpoint = { mac: "02:00:00:00:00:01", ips: [], network: null, host: "delta", port: "p" };
    const found = unknownNames(topology, [endpoint], hosts).map(({ message }) => message.split(":")[0]);
    expect(found).toEqual([
      "topology.hubs names beta, which is no host's id or name",
      "topology.direct names gamma, which is no host's id or name",
      "endpoints.static names delta, which is no host's id or name",
    ]);
    expect(unknownNames({ kind: "mesh" }, [], hosts)).toEqual([]);
  });
});
