// Hosts with hand-made meshes: taken over under 10 ms pings, and given back as they were.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** Every column that Weft could write, of every row of the host's own bridge; what Open vSwitch reports is left out. */
const COLUMNS = {
  open_vswitch: "external_ids,other_config,manager_options",
  bridge: "name,controller,fail_mode,protocols,other_config,external_ids,stp_enable,rstp_enable,datapath_type",
  port: "name,tag,trunks,vlan_mode,protected,external_ids,other_config",
  interface: "name,type,options,bfd,mac,mtu_request,ofport_request,external_ids,other_config",
} as const;

async function rowsOf(host: Host): Promise<Record<string, string[]>> {
  const tables = await Promise.all(
    Object.entries(COLUMNS).map(async ([table, columns]) => {
      const text = await host.vsctl("--format=json", `--columns=${columns}`, "list", table);
      const rows: unknown[] = JSON.parse(text).data;
      return [table, rows.map((row) => JSON.stringify(row)).sort()] as const;
    }),
  );
  return Object.fromEntries(tables);
}

describeLab("a hand-made mesh of three hosts", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];
  const before = new Map<string, Record<string, string[]>>();

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, join: false, tunnel: "gre" });
    const { hosts } = fabric.lab;
    for (const host of hosts) {
      await host.createBridge({ name: "br0" });
      await host.vsctl("set", "bridge", "br0", "rstp_enable=true", "--", "del-fail-mode", "br0");
      for (const peer of hosts) {
        if (peer === host) continue;
        const name = `gre${peer.index - 1}`;
        const row = ["set", "interface", name, "type=gre", `options:remote_ip=${peer.ip}`];
        await host.vsctl("add-port", "br0", name, "--", ...row);
      }
    }
    guests = await fabric.lab.populate({ bridge: "br0", perHost: 2 });
    await fabric.lab.waitUntilAllPing(guests);
    for (const host of hosts) before.set(host.name, await rowsOf(host));
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const across = (): [Guest, Guest][] => pairsOf(guests).filter(([a, b]) => a.name < b.name);
  const whilePinging = async (act: () => Promise<void>) => {
    const pings = across().map(([a, b]) => a.startPing(b.ip));
    await Promise.all(pings.map((ping) => ping.waitForReply()));
    await act();
    const results = await Promise.all(pings.map((ping) => ping.stop()));
    return {
      sent: results.reduce((sum, one) => sum + one.sent, 0),
      lost: results.reduce((sum, one) => sum + one.lost, 0),
      doubled: results.reduce((sum, one) => sum + one.duplicates, 0),
      gapSec: Math.max(...results.map((one) => one.longestGapSec)),
    };
  };
  const codes = async () => (await fabric.ask("hosts")).map((host) => host.problems.map((problem) => problem.code));

  test("is recognised: each host waits, and is told its tunnels and the command", async () => {
    await fabric.join();
    await fabric.until(async () => {
      const states = (await fabric.ask("hosts")).map((host) => host.state);
      return states.length === 3 && states.every((state) => state === "waiting") ? [] : [states.join()];
    });
    const view = await fabric.hostView(1);
    expect(view?.bridge).toBe("br0");
    expect(view?.problems[0]).toMatchObject({
      code: "host/foreign-mesh",
      message: expect.stringContaining(`gre1 to ${fabric.lab.host(2).ip}`),
      remedy: expect.stringContaining(`weft adopt ${view?.id}`),
    });
    await fabric.lab.waitUntilAllPing(guests);
  });

  test("is taken over without a lost or doubled ping", async () => {
    const result = await whilePinging(async () => {
      await fabric.tell("adopt", 1, 2);
      await fabric.until(async () => ((await codes()).flat().includes("adopt/waiting") ? [] : ["nobody waits"]));
      await fabric.tell("adopt", 3);
      await fabric.settled({ guests });
    });
    process.stderr.write(`adopt: ${JSON.stringify(result)}\n`);
    expect(result).toMatchObject({ lost: 0, doubled: 0 });
    for (const host of fabric.lab.hosts) {
      const tunnels = await host.vsctl("--bare", "--columns=options", "find", "interface", "type=gre");
      expect(tunnels.split("\n").filter((line) => line !== "" && !line.includes("key=flow"))).toEqual([]);
      expect((await host.ofctl("dump-flows", "br0")).toUpperCase()).not.toContain("NORMAL");
      expect(await host.vsctl("get", "bridge", "br0", "rstp_enable")).toBe("false");
    }
    expect((await codes()).flat()).toEqual([]);
    await fabric.lab.waitUntilAllPing(guests);
  });

  test("is then as any fabric: a restarted controller finds nothing to do", async () => {
    await fabric.allHeard(guests);
    await fabric.settled({ guests });
    await fabric.stop();
    await fabric.start();
    await fabric.settled({ guests });
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  test("is given back as it was, and its own tunnels carry again", async () => {
    const result = await whilePinging(async () => {
      await fabric.tell("release", 1, 2, 3);
      await fabric.lab.waitUntilAllPing(guests);
    });
    process.stderr.write(`release: ${JSON.stringify(result)}\n`);
    expect(result.doubled).toBe(0);
    for (const host of fabric.lab.hosts) expect(await rowsOf(host)).toEqual(before.get(host.name));
    expect(await fabric.ask("hosts")).toEqual([]);
    for (const host of fabric.lab.hosts) {
      const flows = (await host.ofctl("dump-flows", "br0")).split("\n").slice(1);
      expect(flows).toEqual([expect.stringContaining("actions=NORMAL")]);
      expect((await host.ofctl("dump-groups", "br0")).split("\n").slice(1)).toEqual([]);
    }
  });
});
