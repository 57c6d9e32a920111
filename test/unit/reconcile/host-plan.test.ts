// The plan for a host's rows, applied to a real ovsdb-server and read back by ovs-vsctl.
import { describe, expect, it, vi } from "vitest";
import { hostFact } from "../../../src/discovery/host-rows.ts";
import type { DesiredRows } from "../../../src/pipeline/rows.ts";
import { planHost } from "../../../src/reconcile/host-plan.ts";
import type { OvsdbSession } from "../../../src/southbound/ovsdb/index.ts";
import type { RealServer } from "../southbound/ovsdb/real-server.ts";
import { useDatabase } from "./database-for-tests.ts";

let server: RealServer;
let session: OvsdbSession;

useDatabase((database) => {
  ({ server, session } = database);
});

function desired(fields: { tunnels?: DesiredRows["tunnels"]; target?: string; index?: number } = {}): DesiredRows {
  return {
    hostId: "h1",
    hostExternalIds: new Map([
      ["weft-index", String(fields.index ?? 1)],
      ["weft-fabric", "f0"],
      ["weft-host", "h1"],
    ]),
    bridge: {
      name: "br-int",
      ownerKey: "weft-fabric",
      fabricId: "f0",
      datapathType: "netdev",
      hwaddr: "06:00:00:00:00:01",
      controllerTarget: fields.target ?? "tcp:192.0.2.1:6653",
    },
    tunnels: fields.tunnels ?? [],
    portExternalIds: new Map(),
  };
}

function tunnel(peerIndex: number, remoteIp: string, type: "gre" | "geneve" = "gre"): DesiredRows["tunnels"][number] {
  return {
    name: `${type}${peerIndex}`,
    type,
    peers: [{ peerId: `h${peerIndex}`, peerIndex, remoteIp, type, shared: false }],
    shared: false,
    ofportRequest: 0x8000 + peerIndex,
    options: new Map([
      ["key", "flow"],
      ["remote_ip", remoteIp],
    ]),
    externalIds: new Map([
      ["weft-fabric", "f0"],
      ["weft-peer", `h${peerIndex}`],
      ["weft-peer-index", String(peerIndex)],
    ]),
    bfd: new Map([["enable", "true"]]),
  };
}

/** Applies the plan and checks that nothing is left to do. */
async function apply(rows: DesiredRows): Promise<readonly string[]> {
  const plan = planHost(session.rows, rows);
  if (plan.operations.length > 0) await session.transact(plan.operations);
  expect(planHost(session.rows, rows).operations).toEqual([]);
  return plan.summary;
}

describe("a host without a bridge", () => {
  it("gets bridge, controller and tunnels in one transaction, with what keeps Open vSwitch from acting by itself", async () => {
    await apply(desired({ tunnels: [tunnel(2, "10.0.0.2"), tunnel(3, "10.0.0.3")] }));
    expect(server.vsctl("get", "bridge", "br-int", "fail_mode", "datapath_type").split("\n")).toEqual([
      "secure",
      "netdev",
    ]);
    expect(server.vsctl("get", "bridge", "br-int", "other_config")).toBe(
      '{disable-in-band="true", hwaddr="06:00:00:00:00:01"}',
    );
    expect(server.vsctl("get-controller", "br-int")).toBe("tcp:192.0.2.1:6653");
    expect(server.vsctl("list-ports", "br-int").split("\n")).toEqual(["gre2", "gre3"]);
    expect(server.vsctl("get", "interface", "gre2", "options", "ofport_request", "type").split("\n")).toEqual([
      '{key=flow, remote_ip="10.0.0.2"}',
      "32770",
      "gre",
    ]);
    expect(server.vsctl("get", "open_vswitch", ".", "external_ids")).toBe(
      '{weft-fabric=f0, weft-host=h1, weft-index="1"}',
    );
  });
});

describe("a host that has joined", () => {
  it("is changed only where it differs: a tunnel more, one less, one to another address", async () => {
    await apply(desired({ tunnels: [tunnel(2, "10.0.0.2"), tunnel(3, "10.0.0.3")] }));
    server.vsctl("add-port", "br-int", "tap0");
    const before = server.vsctl("get", "interface", "gre2", "_uuid");
    const summary = await apply(desired({ tunnels: [tunnel(2, "10.0.0.22"), tunnel(4, "10.0.0.4")] }));
    expect(summary).toEqual([
      "tunnel gre2 to 10.0.0.22: options:remote_ip 10.0.0.2, not 10.0.0.22",
      "remove tunnel gre3 to 10.0.0.3",
      "tunnel gre4 to 10.0.0.4",
    ]);
    expect(server.vsctl("list-ports", "br-int").split("\n")).toEqual(["gre2", "gre4", "tap0"]);
    expect(server.vsctl("get", "interface", "gre2", "_uuid")).toBe(before);
    expect(server.vsctl("get", "interface", "gre2", "options:remote_ip")).toBe('"10.0.0.22"');
  });

  it("has both tunnels while the type changes", async () => {
    await apply(desired({ tunnels: [tunnel(2, "10.0.0.2")] }));
    await apply(desired({ tunnels: [tunnel(2, "10.0.0.2"), tunnel(2, "10.0.0.2", "geneve")] }));
    expect(server.vsctl("list-ports", "br-int").split("\n")).toEqual(["geneve2", "gre2"]);
    await apply(desired({ tunnels: [tunnel(2, "10.0.0.2", "geneve")] }));
    expect(server.vsctl("list-ports", "br-int")).toBe("geneve2");
  });

  it("is mended after an administrator's changes", async () => {
    await apply(desired({ tunnels: [tunnel(2, "10.0.0.2")] }));
    server.vsctl("del-controller", "br-int");
    server.vsctl("set-fail-mode", "br-int", "standalone");
    server.vsctl("remove", "bridge", "br-int", "other_config", "disable-in-band");
    server.vsctl("set", "bridge", "br-int", "stp_enable=true");
    server.vsctl("set", "interface", "gre2", "options:remote_ip=1.2.3.4");
    await new Promise((resolve) => setTimeout(resolve, 100));
    const summary = await apply(desired({ tunnels: [tunnel(2, "10.0.0.2")] }));
    expect(summary).toContain("fail_mode of br-int: standalone, not secure");
    expect(server.vsctl("get-fail-mode", "br-int")).toBe("secure");
    expect(server.vsctl("get-controller", "br-int")).toBe("tcp:192.0.2.1:6653");
    expect(server.vsctl("get", "bridge", "br-int", "stp_enable")).toBe("false");
  });

  it("keeps a foreign interface that has a tunnel's name, and says so", async () => {
    server.vsctl("add-br", "br-phy", "--", "add-port", "br-phy", "gre2");
    await new Promise((resolve) => setTimeout(resolve, 100));
    const rows = desired({ tunnels: [tunnel(2, "10.0.0.2")] });
    expect(planHost(session.rows, rows).problems.map((problem) => problem.code)).toEqual(["tunnel/name-taken"]);
    await apply(rows);
    expect(server.vsctl("list-ports", "br-phy")).toBe("gre2");
    expect(server.vsctl("list-ports", "br-int")).toBe("weft-gre2");
  });

  it("is told of controllers that are not Weft's, which stay", async () => {
    await apply(desired());
    server.vsctl("set-controller", "br-int", "tcp:192.0.2.99:6653");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await apply(desired());
    const plan = planHost(session.rows, desired());
    expect(plan.problems.map((problem) => problem.message)).toEqual([
      "bridge br-int has another controller, tcp:192.0.2.99:6653, which may write flows too",
    ]);
  });

  it("follows the controller to another address", async () => {
    await apply(desired());
    await apply(desired({ target: "tcp:192.0.2.2:6653" }));
    expect(server.vsctl("get-controller", "br-int")).toBe("tcp:192.0.2.2:6653");
  });
});

describe("the facts of a host's rows", () => {
  function fact() {
    return hostFact(session.rows, {
      remoteAddress: "10.0.0.1",
      defaultBridge: "br-int",
      settings: { name: null, tunnelIp: null, bridge: null },
      connectedSwitches: new Set(),
    });
  }

  it("give back what was written: index, tunnels, ownership", async () => {
    server.vsctl("set", "open_vswitch", ".", "external_ids:system-id=h1");
    await apply(desired({ tunnels: [tunnel(2, "10.0.0.2")] }));
    const written = {
      id: "h1",
      standing: { kind: "owned" },
      stored: { index: 1, fabricId: "f0", hostId: "h1" },
      tunnels: [{ name: "gre2", type: "gre", peerId: "h2", peerIndex: 2, remoteIp: "10.0.0.2", fabricId: "f0" }],
    };
    await vi.waitFor(() => expect(fact()).toMatchObject(written), 5000);
  });

  it("wait for consent to take a bridge that existed before, and show the command to give", async () => {
    server.vsctl("add-br", "br-int");
    await vi.waitFor(() => expect(fact()?.standing.kind).toBe("waiting"), 5000);
    expect(fact()?.problems[0]?.remedy).toContain("ovs-vsctl set open_vswitch . external_ids:weft-bridge=br-int");
    server.vsctl("set", "open_vswitch", ".", "external_ids:weft-bridge=br-int");
    await vi.waitFor(() => expect(fact()?.standing.kind).toBe("consented"), 5000);
  });

  it("refuse a host that OVN owns, and say so", async () => {
    server.vsctl("set", "open_vswitch", ".", "external_ids:ovn-remote=tcp:10.0.0.9:6642");
    await vi.waitFor(() => expect(fact()?.standing.kind).toBe("refused"), 5000);
    expect(fact()?.problems[0]?.message).toContain("belongs to OVN");
  });

  it.each([
    ["weft-tunnel-ip", "10.9.9.9", "10.9.9.9"],
    ["ovn-encap-ip", "10.8.8.8,10.7.7.7", "10.8.8.8"],
  ])("take the tunnel IP from external_ids:%s before the address of the connection", async (key, value, ip) => {
    expect(fact()?.tunnelIp).toBe("10.0.0.1");
    server.vsctl("set", "open_vswitch", ".", `external_ids:${key}="${value}"`);
    await vi.waitFor(() => expect(fact()?.tunnelIp).toBe(ip), 5000);
  });

  it("do not guess when the tunnel IP is no good", async () => {
    server.vsctl("set", "open_vswitch", ".", "external_ids:weft-tunnel-ip=127.0.0.1");
    await vi.waitFor(() => expect(fact()?.tunnelIp).toBeNull(), 5000);
    expect(fact()?.problems[0]?.message).toContain("127.0.0.1, a loopback address");
  });

  it("tell a guest's MAC by attached-mac, or mac_in_use of internal ports, never by a tap's own", async () => {
    await apply(desired());
    server.vsctl("add-port", "br-int", "tap0", "--", "add-port", "br-int", "tap1", "--", "add-port", "br-int", "mgmt0");
    server.vsctl(
      "set",
      "interface",
      "tap0",
      'external_ids:attached-mac="52:54:00:AA:00:01"',
      'mac_in_use="52:54:00:ff:ff:ff"',
    );
    server.vsctl("set", "interface", "tap1", 'mac_in_use="52:54:00:ff:ff:fe"');
    server.vsctl("set", "interface", "mgmt0", "type=internal", 'mac_in_use="52:54:00:ff:ff:fd"');
    await vi.waitFor(() => {
      const macs = Object.fromEntries((fact()?.ports ?? []).map((port) => [port.name, port.declaredMacs]));
      expect(macs).toMatchObject({ mgmt0: ["52:54:00:ff:ff:fd"], tap0: ["52:54:00:aa:00:01"], tap1: [] });
    }, 5000);
  });

  it("keep patch ports, bonds and foreign tunnels out of the fabric, each with a reason", async () => {
    await apply(desired());
    server.vsctl("add-port", "br-int", "p0", "--", "set", "interface", "p0", "type=patch", "options:peer=x");
    server.vsctl(
      "add-port",
      "br-int",
      "gre9",
      "--",
      "set",
      "interface",
      "gre9",
      "type=gre",
      "options:remote_ip=10.0.0.9",
    );
    server.vsctl("add-bond", "br-int", "bond0", "e0", "e1");
    const why = () => Object.fromEntries((fact()?.ports ?? []).map((port) => [port.name, port.excluded?.code ?? null]));
    await vi.waitFor(() => {
      expect(why()).toMatchObject({ p0: "port/patch", gre9: "port/foreign-tunnel", bond0: "port/bond" });
    }, 5000);
  });
});

describe("the MTU of internal ports", () => {
  const fitting = (mtu: number): DesiredRows => ({
    ...desired(),
    mtuRequests: new Map([
      ["int0", mtu],
      ["tap0", mtu],
    ]),
  });
  const request = (): string => server.vsctl("get", "interface", "int0", "mtu_request");

  async function withPorts(request: readonly string[] = []): Promise<void> {
    await apply(desired());
    server.vsctl("add-port", "br-int", "int0", "--", "set", "interface", "int0", "type=internal", ...request);
    server.vsctl("add-port", "br-int", "tap0");
    await vi.waitUntil(() => [...session.rows.interfaces.values()].some((row) => row.name === "tap0"));
  }

  it("is requested, marked, and changed when another one fits", async () => {
    await withPorts();
    await apply(fitting(1442));
    expect(request()).toBe("1442");
    expect(server.vsctl("get", "interface", "int0", "external_ids")).toBe('{weft-mtu="1442"}');
    expect(server.vsctl("get", "interface", "tap0", "mtu_request")).toBe("[]");
    await vi.waitUntil(() => [...session.rows.interfaces.values()].some((row) => row.mtu_request === 1442));
    await apply(fitting(8942));
    expect(request()).toBe("8942");
  });

  it("is left alone where an administrator has requested a smaller one, and lowered where it is too large", async () => {
    await withPorts(["mtu_request=1300"]);
    await apply(fitting(1442));
    expect(request()).toBe("1300");
    await apply(fitting(1200));
    expect(request()).toBe("1200");
  });
});
