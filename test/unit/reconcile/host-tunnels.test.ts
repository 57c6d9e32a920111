// An address that one tunnel gives up and another takes: never at once, since ovs-vswitchd may see the taker first.
import { describe, expect, test } from "vitest";
import { tunnelRows } from "../../../src/discovery/port-rows.ts";
import { peerEntry } from "../../../src/model/external-ids.ts";
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

function tunnel(peerId: string, peerIndex: number, remoteIp: string): DesiredRows["tunnels"][number] {
  return {
    name: `gre${peerIndex}`,
    type: "gre",
    peers: [{ peerId, peerIndex, remoteIp, type: "gre", shared: false }],
    shared: false,
    ofportRequest: 0x8000 + peerIndex,
    options: new Map([
      ["key", "flow"],
      ["remote_ip", remoteIp],
    ]),
    externalIds: new Map([
      ["weft-fabric", "f0"],
      ["weft-peer", peerId],
      ["weft-peer-index", String(peerIndex)],
    ]),
    bfd: new Map(),
  };
}

function wanting(...tunnels: DesiredRows["tunnels"]): DesiredRows {
  return {
    hostId: "h1",
    hostExternalIds: new Map(),
    bridge: {
      name: "br-int",
      ownerKey: "weft-fabric",
      fabricId: "f0",
      datapathType: null,
      hwaddr: "06:00:00:00:00:01",
      controllerTarget: "tcp:192.0.2.1:6653",
    },
    tunnels,
    portExternalIds: new Map(),
  };
}

/** One transaction; then the tunnels that stand, by name. */
async function step(rows: DesiredRows): Promise<Record<string, string>> {
  const plan = planHost(session.rows, rows);
  if (plan.operations.length > 0) await session.transact(plan.operations);
  const tunnels = [...session.rows.interfaces.values()].filter((row) => row.type === "gre");
  return Object.fromEntries(
    tunnels.map((row) => [row.name, row.options.get("remote_ip") ?? ""]).sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
  );
}

/** What ovs-vswitchd writes once it has done all that was asked. */
async function vswitchdCatchesUp(): Promise<void> {
  const cfg = String(session.rows.openVSwitch?.next_cfg);
  server.vsctl("set", "open_vswitch", ".", `cur_cfg=${cfg}`);
  await expect.poll(() => String(session.rows.openVSwitch?.cur_cfg)).toBe(cfg);
}

describe("tunnels that take over each other's addresses", () => {
  const before = wanting(tunnel("h2", 2, "10.0.0.2"), tunnel("h3", 3, "10.0.0.3"));

  test("hosts that exchange their addresses: both tunnels go, and are made once ovs-vswitchd has seen it", async () => {
    const exchanged = wanting(tunnel("h2", 2, "10.0.0.3"), tunnel("h3", 3, "10.0.0.2"));
    expect(await step(before)).toEqual({ gre2: "10.0.0.2", gre3: "10.0.0.3" });
    expect(await step(exchanged)).toEqual({});
    expect(await step(exchanged)).toEqual({});
    await vswitchdCatchesUp();
    expect(await step(exchanged)).toEqual({ gre2: "10.0.0.3", gre3: "10.0.0.2" });
    expect(planHost(session.rows, exchanged).operations).toEqual([]);
  });

  test("hosts that exchange their indexes: the names stay, the tunnels are made anew", async () => {
    const exchanged = wanting(tunnel("h3", 2, "10.0.0.3"), tunnel("h2", 3, "10.0.0.2"));
    await step(before);
    expect(await step(exchanged)).toEqual({});
    await vswitchdCatchesUp();
    expect(await step(exchanged)).toEqual({ gre2: "10.0.0.3", gre3: "10.0.0.2" });
  });

  test("an address that passes on: the one that leaves it moves first, the one that gets it comes after", async () => {
    const moved = wanting(tunnel("h2", 2, "10.0.0.3"), tunnel("h3", 3, "10.0.0.4"));
    await step(before);
    expect(await step(moved)).toEqual({ gre3: "10.0.0.4" });
    await vswitchdCatchesUp();
    expect(await step(moved)).toEqual({ gre2: "10.0.0.3", gre3: "10.0.0.4" });
  });

  test("an address that nobody else has is taken at once", async () => {
    await step(before);
    expect(await step(wanting(tunnel("h2", 2, "10.0.0.9"), tunnel("h3", 3, "10.0.0.3")))).toEqual({
      gre2: "10.0.0.9",
      gre3: "10.0.0.3",
    });
  });

  test("a new peer's tunnel is made at once while nothing is under way", async () => {
    await step(before);
    const more = wanting(...before.tunnels, tunnel("h4", 4, "10.0.0.4"));
    expect(Object.keys(await step(more))).toEqual(["gre2", "gre3", "gre4"]);
  });
});

describe("a flow-based tunnel", () => {
  function shared(...peers: readonly (readonly [index: number, remoteIp: string, id: string])[]) {
    return {
      name: "gre-flow",
      type: "gre",
      peers: peers.map(([peerIndex, remoteIp, peerId]) => ({ peerIndex, remoteIp, peerId, type: "gre", shared: true })),
      shared: true,
      ofportRequest: 0x8000,
      options: new Map([
        ["key", "flow"],
        ["remote_ip", "flow"],
      ]),
      externalIds: new Map([
        ["weft-fabric", "f0"],
        ["weft-flow-based", "true"],
        ...peers.map(([index, remoteIp, id]) => peerEntry({ index, remoteIp, id })),
      ]),
      bfd: new Map(),
    } satisfies DesiredRows["tunnels"][number];
  }

  function found(): string[] {
    const rows = [...session.rows.interfaces.values()].flatMap((row) => tunnelRows(row) ?? []);
    return rows.map((row) => `${row.name} ${row.shared === true} ${row.peerIndex} ${row.peerId} ${row.remoteIp}`);
  }

  test("is made once, names its peers, and reads back as a tunnel to each", async () => {
    const rows = wanting(shared([2, "10.0.0.2", "h2"], [300, "fd00::3", "a host with spaces"]));
    expect(await step(rows)).toEqual({ "gre-flow": "flow" });
    expect(found()).toEqual(["gre-flow true 2 h2 10.0.0.2", "gre-flow true 300 a host with spaces fd00::3"]);
    expect(planHost(session.rows, rows).operations).toEqual([]);
  });

  test("is changed by the peers that come, move and go, and by nothing else", async () => {
    await step(wanting(shared([2, "10.0.0.2", "h2"], [3, "10.0.0.3", "h3"])));
    const [before] = [...session.rows.interfaces.values()].filter((row) => row.type === "gre");
    server.vsctl("set", "interface", "gre-flow", "external_ids:mine=1");
    await expect.poll(() => session.rows.interfaces.get(before?.uuid ?? "")?.external_ids.get("mine")).toBe("1");
    await step(wanting(shared([2, "10.0.0.9", "h2"], [4, "10.0.0.4", "h4"])));
    expect(found()).toEqual(["gre-flow true 2 h2 10.0.0.9", "gre-flow true 4 h4 10.0.0.4"]);
    expect(session.rows.interfaces.get(before?.uuid ?? "")?.external_ids.get("mine")).toBe("1");
  });

  test("stands beside tunnels of single peers, and goes when it is not wanted", async () => {
    const single = tunnel("h2", 2, "10.0.0.2");
    expect(await step(wanting(shared([2, "10.0.0.2", "h2"]), single))).toEqual({
      "gre-flow": "flow",
      gre2: "10.0.0.2",
    });
    expect(await step(wanting(single))).toEqual({ gre2: "10.0.0.2" });
    await vswitchdCatchesUp();
    expect(await step(wanting(shared([2, "10.0.0.2", "h2"])))).toEqual({ "gre-flow": "flow" });
  });

  test("that names what is no peer has none of it", async () => {
    await step(wanting(shared([2, "10.0.0.2", "h2"])));
    const junk = [
      "weft-peer-0=10.0.0.1 x",
      "weft-peer-70000=10.0.0.1 x",
      "weft-peer-5=nowhere x",
      "weft-peer-6=10.0.0.6",
    ];
    server.vsctl(
      "set",
      "interface",
      "gre-flow",
      ...junk.map((text) => `external_ids:${text.replace(/=(.*)/, '="$1"')}`),
    );
    await expect
      .poll(() => [...session.rows.interfaces.values()].some((row) => row.external_ids.has("weft-peer-6")))
      .toBe(true);
    expect(found()).toEqual(["gre-flow true 2 h2 10.0.0.2"]);
    // And it is taken away.
    await step(wanting(shared([2, "10.0.0.2", "h2"])));
    expect([...session.rows.interfaces.values()].some((row) => row.external_ids.has("weft-peer-6"))).toBe(false);
  });
});
