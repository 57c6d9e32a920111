// Joining, adopting and releasing on a real ovsdb-server: afterwards every column is as it was.
import { describe, expect, it } from "vitest";
import { byUuid, comment, update } from "../../../proto/ovsdb/operations.ts";
import { ovsMap } from "../../../proto/ovsdb/values.ts";
import { hostFact } from "../../../src/discovery/host-rows.ts";
import type { DesiredAdoption, DesiredRows } from "../../../src/pipeline/rows.ts";
import { planAdopt } from "../../../src/reconcile/host-adopt.ts";
import { planHost } from "../../../src/reconcile/host-plan.ts";
import { planRelease } from "../../../src/reconcile/host-release.ts";
import type { OvsdbSession } from "../../../src/southbound/ovsdb/index.ts";
import type { RealServer } from "../southbound/ovsdb/real-server.ts";
import { useDatabase } from "./database-for-tests.ts";

let server: RealServer;
let session: OvsdbSession;

useDatabase((database) => {
  ({ server, session } = database);
});

function desired(name: string, adoption: DesiredAdoption | null): DesiredRows {
  const options = new Map([
    ["key", "flow"],
    ["remote_ip", "10.0.0.2"],
  ]);
  return {
    hostId: "h1",
    hostExternalIds: new Map([
      ["weft-index", "1"],
      ["weft-fabric", "f0"],
      ["weft-host", "h1"],
    ]),
    bridge: {
      ...{ name, ownerKey: "weft-fabric", fabricId: "f0", datapathType: null, hwaddr: "06:00:00:00:00:01" },
      ...{ controllerTarget: "tcp:192.0.2.1:6653", adoption },
    },
    tunnels: [
      {
        ...{ name: "gre2", type: "gre", ofportRequest: 0x8002, options },
        ...{ peers: [], shared: false },
        externalIds: new Map([
          ["weft-fabric", "f0"],
          ["weft-peer", "h2"],
          ["weft-peer-index", "2"],
        ]),
        bfd: new Map([["enable", "true"]]),
      },
    ],
    portExternalIds: new Map([["tap0", new Map([["weft-vni", "70000"]])]]),
    mtuRequests: new Map([["inner0", 1400]]),
  };
}

const CONTEXT = {
  ...{ remoteAddress: "10.0.0.1", defaultBridge: "br-int", connectedSwitches: new Set<string>() },
  settings: { name: null, tunnelIp: null, bridge: null },
};
const TABLES = ["open_vswitch", "bridge", "port", "interface", "controller", "manager"];

/** Every column there is, but for identities and the counter of changes. */
function everything(): string {
  const rows = TABLES.map((table) => {
    const { headings, data } = JSON.parse(server.vsctl("--format=json", "list", table));
    const kept = (headings as string[]).map(
      (name) => !/^_|^next_cfg$|^(bridges|ports|interfaces|controller)$/.test(name),
    );
    return (data as unknown[][]).map((row) => JSON.stringify(row.filter((_, at) => kept[at]))).sort();
  });
  return JSON.stringify(rows, undefined, 1);
}

async function apply(rows: DesiredRows): Promise<readonly string[]> {
  const plan = planHost(session.rows, rows);
  await session.transact(plan.operations);
  expect(planHost(session.rows, rows).operations).toEqual([]);
  return plan.summary;
}

async function settle(): Promise<void> {
  // What others have written before is in the rows when this has an answer.
  await session.transact([comment("test")]);
}

async function release(leadsHere = true): Promise<ReturnType<typeof planRelease>> {
  const options = { leadsHere: (target: string) => leadsHere && target === "tcp:192.0.2.1:6640" };
  const plan = planRelease(session.rows, options);
  if (plan.kind !== "release") return plan;
  if (plan.clearing.length > 0) await session.transact(plan.clearing);
  const last = planRelease(session.rows, options);
  if (last.kind === "release") await session.transact(last.operations);
  return plan;
}

/** Hand-made, with all that Weft changes set to something of its owner's. */
function handMade(): void {
  server.vsctl("add-br", "br0", "--", "add-port", "br0", "tap0", "--", "add-port", "br0", "inner0");
  server.vsctl("set", "interface", "inner0", "type=internal", "mtu_request=1450");
  server.vsctl("set", "bridge", "br0", "stp_enable=true", "protocols=OpenFlow10", "external_ids:mine=yes");
  server.vsctl("set", "bridge", "br0", "other_config:disable-in-band=false", "other_config:stp-priority=1");
  server.vsctl("add-port", "br0", "gre2", "trunks=1,2", "other_config:x=y");
  server.vsctl("set", "interface", "gre2", "type=gre", "options:remote_ip=10.0.0.2", "ofport_request=7");
}

describe("a host that is released", () => {
  it("is as it was after Weft has made its bridge, its manager included", async () => {
    const before = everything();
    server.vsctl("set-manager", "tcp:192.0.2.1:6640");
    await settle();
    await apply(desired("br-int", null));
    expect(await release()).toMatchObject({ kind: "release", flows: null });
    expect(everything()).toBe(before);
  });

  it("is as it was after a bridge was taken at once", async () => {
    handMade();
    server.vsctl("del-port", "gre2");
    const before = everything();
    server.vsctl("set-manager", "tcp:192.0.2.1:6640", "ptcp:6640");
    await settle();
    await apply(desired("br0", null));
    expect(await release()).toMatchObject({ kind: "release", flows: null, clearing: [] });
    expect(server.vsctl("get-manager")).toBe("ptcp:6640");
    server.vsctl("del-manager");
    expect(everything()).toBe(before);
  });

  it("is as it was after a bridge was adopted step by step, its hand-made tunnels included", async () => {
    handMade();
    const before = everything();
    server.vsctl("set-manager", "tcp:192.0.2.1:6640");
    await settle();
    const fact = hostFact(session.rows, CONTEXT);
    if (fact === null) throw new Error("no host");
    expect(fact.standing).toMatchObject({ kind: "waiting", problem: { code: "host/foreign-mesh" } });
    await session.transact(planAdopt(session.rows, fact, { bridge: null, now: false }));
    await apply(desired("br0", { stage: "prepare", drops: [] }));
    expect(hostFact(session.rows, CONTEXT)).toMatchObject({
      standing: { kind: "owned" },
      adoption: { stage: "prepare", now: false },
      foreignTunnels: [{ name: "gre2", remoteIp: "10.0.0.2" }],
    });
    expect(server.vsctl("get", "bridge", "br0", "fail_mode", "stp_enable").split("\n")).toEqual(["[]", "true"]);
    expect(server.vsctl("get", "port", "weft-gre2", "tag", "other_config").split("\n")).toEqual([
      "4095",
      '{rstp-enable="false", stp-enable="false"}',
    ]);
    expect(await apply(desired("br0", { stage: "done", drops: ["gre2"] }))).toContain("hand-made tunnels gre2 go");
    expect(server.vsctl("get", "bridge", "br0", "stp_enable")).toBe("false");
    expect(server.vsctl("list-ports", "br0").split("\n")).toEqual(["inner0", "tap0", "weft-gre2"]);
    expect(await release()).toMatchObject({ kind: "release", flows: { normal: true } });
    expect(everything()).toBe(before);
  });

  it("says so itself where its manager is not Weft's to take away, until it is adopted again", async () => {
    handMade();
    server.vsctl("set", "open_vswitch", ".", "external_ids:weft-bridge=br0");
    await settle();
    await apply(desired("br0", null));
    await release(false);
    expect(server.vsctl("get", "open_vswitch", ".", "external_ids")).toBe('{weft-bridge=br0, weft-released="true"}');
    const fact = hostFact(session.rows, CONTEXT);
    if (fact === null) throw new Error("no host");
    expect(fact.standing).toMatchObject({ kind: "waiting", problem: { code: "host/released" } });
    await session.transact(planAdopt(session.rows, fact, { bridge: "br0", now: true }));
    expect(hostFact(session.rows, CONTEXT)).toMatchObject({
      bridgeName: "br0",
      standing: { kind: "consented" },
      adoption: { stage: "prepare", now: true },
    });
  });

  it("has to have joined, and with a record", async () => {
    expect(await release()).toEqual({ kind: "free" });
    await apply(desired("br-int", null));
    server.vsctl("remove", "bridge", "br-int", "external_ids", "weft-before");
    await settle();
    expect(await release()).toEqual({ kind: "unknown", bridge: "br-int" });
    for (const text of ["{", '{"made":false}', '{"failMode":1}', '{"__proto__":{"made":true}}']) {
      server.vsctl("set", "bridge", "br-int", `external_ids:weft-before=${JSON.stringify(text)}`);
      await settle();
      expect(await release()).toEqual({ kind: "unknown", bridge: "br-int" });
    }
  });
});

describe("adopting", () => {
  const refused = (options: { bridge: string | null; now: boolean }): string => {
    const fact = hostFact(session.rows, CONTEXT);
    if (fact === null) return "no host";
    try {
      planAdopt(session.rows, fact, options);
      return "taken";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it("is refused for a bridge that is not there, and for a second one", async () => {
    expect(refused({ bridge: "br9", now: false })).toMatch(/has no bridge br9; it has none/);
    server.vsctl("add-br", "br1");
    await settle();
    expect(refused({ bridge: "br9", now: false })).toMatch(/has no bridge br9; it has br1/);
    await apply(desired("br-int", null));
    expect(refused({ bridge: "br1", now: false })).toMatch(/has joined with bridge br-int; .* weft release/);
    expect(refused({ bridge: "br-int", now: true })).toMatch(/is Weft's already/);
  });

  it("refuses a bridge that the host's tunnels leave by, whoever consents", async () => {
    server.vsctl("add-br", "br-out", "--", "add-br", "br0", "--", "add-port", "br0", "gre2");
    server.vsctl("set", "interface", "gre2", "type=gre", "options:remote_ip=10.0.0.2");
    server.vsctl("set", "open_vswitch", ".", "external_ids:weft-adopt=br-out");
    await settle();
    const [gre2] = [...session.rows.interfaces.values()].filter((row) => row.name === "gre2");
    const status = ovsMap([["tunnel_egress_iface", "br-out"]]);
    await session.transact([update("Interface", byUuid(gre2?.uuid ?? ""), { status })]);
    expect(hostFact(session.rows, CONTEXT)?.standing).toMatchObject({
      kind: "refused",
      problem: { code: "host/bridge-carries-underlay" },
    });
    expect(refused({ bridge: "br-out", now: false })).toMatch(/is the one by which the host's tunnels leave/);
    expect(refused({ bridge: "br0", now: false })).toBe("taken");
    server.vsctl("set", "open_vswitch", ".", "external_ids:ovn-remote=tcp:192.0.2.1:6642");
    await settle();
    expect(refused({ bridge: "br0", now: false })).toMatch(/belongs to OVN/);
  });

  it("refuses a bridge with a network card before anything is written", async () => {
    server.vsctl("add-br", "br-int", "--", "add-port", "br-int", "eth0");
    await settle();
    const [eth0] = [...session.rows.interfaces.values()].filter((row) => row.name === "eth0");
    const status = ovsMap([["driver_name", "e1000"]]);
    await session.transact([update("Interface", byUuid(eth0?.uuid ?? ""), { status })]);
    expect(hostFact(session.rows, CONTEXT)?.standing).toMatchObject({ kind: "waiting" });
    expect(refused({ bridge: null, now: false })).toMatch(/holds the network card eth0: taking it over could cut/);
  });
});
