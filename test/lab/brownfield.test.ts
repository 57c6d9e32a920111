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

async function stageOf(host: Host): Promise<string> {
  return host.vsctl("--if-exists", "get", "bridge", "br0", "external_ids:weft-stage");
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
    await act().catch(async (error: unknown) => {
      await Promise.all(pings.map((ping) => ping.stop()));
      throw error;
    });
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

  test("is taken over without a lost or doubled ping, whenever the controller restarts", async () => {
    const stages = () => Promise.all(fabric.lab.hosts.map(stageOf));
    const restart = async () => {
      await fabric.stop();
      await fabric.start();
      await fabric.until(async () => {
        const there = (await fabric.ask("hosts")).filter((host) => host.ovsdb === "connected");
        return there.length === 3 ? [] : [`${there.length} hosts are back`];
      });
    };
    const result = await whilePinging(async () => {
      await fabric.tell("adopt", 1, 2);
      await fabric.until(async () => ((await codes()).flat().includes("adopt/waiting") ? [] : ["nobody waits"]));
      await fabric.until(async () => {
        const now = (await stages()).join();
        return now === "prepare,prepare," ? [] : [now];
      });
      const { foreignTunnels } = await fabric.ask("topology");
      expect(foreignTunnels).toHaveLength(6);
      expect(foreignTunnels?.[0]).toMatchObject({ name: "gre1", to: `${fabric.lab.name}-h2`, state: "in use" });
      await restart();
      await fabric.tell("adopt", 3);
      await fabric.until(async () => ((await stages()).includes("take") ? [] : ["nobody is taken"]));
      await restart();
      await fabric.settled({ guests });
    });
    process.stderr.write(`adopt: ${JSON.stringify(result)}\n`);
    expect(result).toMatchObject({ lost: 0, doubled: 0 });
    expect(await stages()).toEqual(["done", "done", "done"]);
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

  test("tells the relays in use while a path is cut, and why", async () => {
    const [a, b] = [`${fabric.lab.name}-h1`, `${fabric.lab.name}-h2`];
    const relays = async () => (await fabric.ask("topology")).relays ?? [];
    expect(await relays()).toEqual([]);
    await fabric.lab.cut(1, 2);
    await fabric.until(async () => {
      const found = (await relays()).filter((one) => /BFD/.test(one.reason) && one.by === `${fabric.lab.name}-h3`);
      const pairs = found.map(({ from, to }) => `${from} ${to}`);
      return pairs.includes(`${a} ${b}`) && pairs.includes(`${b} ${a}`) ? [] : [JSON.stringify(found)];
    });
    await fabric.lab.heal(1, 2);
    await fabric.until(async () => ((await relays()).length === 0 ? [] : ["relays are in use"]));
  });

  test("sends nothing by its tunnels when Open vSwitch restarts without a controller, and is whole when one is back", async () => {
    const host = fabric.lab.host(2);
    const own = guests.filter((guest) => guest.host === host.name);
    const [from, beside] = own;
    await fabric.stop();
    await host.vswitchd.restart();
    await fabric.lab.waitUntilAllPing(own);
    const { exactlyOnce, none } = await fabric.lab.countBroadcast(from!, { at: guests });
    expect(exactlyOnce).toEqual([beside!.name]);
    expect(none).toHaveLength(guests.length - 1);
    await fabric.start();
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled({ guests });
    expect((await host.ofctl("dump-flows", "br0")).toUpperCase()).not.toContain("NORMAL");
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
    expect((await fabric.ask("topology")).foreignTunnels).toEqual([]);
    for (const host of fabric.lab.hosts) {
      const flows = (await host.ofctl("dump-flows", "br0")).split("\n").slice(1);
      expect(flows).toEqual([expect.stringContaining("actions=NORMAL")]);
      expect((await host.ofctl("dump-groups", "br0")).split("\n").slice(1)).toEqual([]);
    }
  });
});

describeLab("hosts that are given back", () => {
  let fabric: FabricUnderTest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({
      hosts: 3,
      join: false,
      settings: { mtu: { request: true }, timeouts: { startHoldSec: 1 } },
    });
    await fabric.join(3);
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const up = async (number: number) =>
    fabric.until(async () => {
      const view = await fabric.hostView(number);
      return view?.state === "up" && view.flows.desired === view.flows.installed ? [] : [JSON.stringify(view)];
    });

  test("lose the bridge that Weft made, and nothing else", async () => {
    const host = fabric.lab.host(1);
    const before = await rowsOf(host);
    await fabric.join(1);
    await up(1);
    const guest = await host.addGuest({ name: "brief", ip: "10.0.0.1/24" });
    const other = await fabric.lab.host(3).addGuest({ name: "stays", ip: "10.0.0.3/24" });
    await fabric.lab.waitUntilAllPing([guest, other]);
    await fabric.tell("release", 1);
    expect(await rowsOf(host)).toEqual(before);
    await fabric.until(async () => {
      const { hosts, tunnels } = await fabric.ask("topology");
      return hosts.length === 1 && tunnels.length === 0 ? [] : [`${hosts.length} hosts, ${tunnels.length} tunnels`];
    });
    await expect(fabric.tell("release", 1)).rejects.toThrow(/no host is called/);
  });

  test("keep a bridge that was taken by consent, with its columns, as it was", async () => {
    const host = fabric.lab.host(2);
    await host.createBridge();
    await host.vsctl("set", "bridge", "br-int", "stp_enable=true", "protocols=OpenFlow10,OpenFlow14");
    await host.vsctl("set", "bridge", "br-int", "other_config:hwaddr=0a:00:00:00:00:07", "external_ids:mine=yes");
    await host.vsctl("set", "open_vswitch", ".", "external_ids:weft-bridge=br-int");
    const guest = await host.addInternalPort({ name: "kept", ip: "10.0.0.2/24" });
    await host.vsctl("set", "interface", guest.port, "mtu_request=1480");
    const before = await rowsOf(host);
    await fabric.join(2);
    await up(2);
    await fabric.lab.waitUntilAllPing([guest, fabric.lab.guest("stays")]);
    expect(await host.vsctl("get", "interface", guest.port, "mtu_request")).not.toBe("1480");
    await fabric.tell("release", 2);
    expect(await rowsOf(host)).toEqual(before);
    expect(await host.ofctl("-O", "OpenFlow10", "dump-flows", "br-int")).toContain("actions=NORMAL");
  });

  test("a bridge with a tunnel to nobody Weft knows goes on as before, and is taken when that is said to be right", async () => {
    const host = fabric.lab.host(1);
    await host.createBridge({ name: "br0" });
    const tunnel = ["set", "interface", "gre9", "type=gre", "options:remote_ip=192.0.2.9"];
    await host.vsctl("add-port", "br0", "gre9", "--", ...tunnel);
    const guests = [
      await host.addGuest({ name: "one", ip: "10.0.1.1/24", bridge: "br0" }),
      await host.addGuest({ name: "two", ip: "10.0.1.2/24", bridge: "br0" }),
    ] as const;
    await fabric.lab.waitUntilAllPing(guests);
    const before = await rowsOf(host);
    const ping = guests[0].startPing(guests[1].ip);
    await fabric.join(1);
    await fabric.until(async () => ((await fabric.hostView(1))?.state === "waiting" ? [] : ["not yet"]));
    await fabric.tell("adopt", 1);
    await fabric.until(async () => {
      const problem = (await fabric.hostView(1))?.problems.find((one) => one.code === "adopt/waiting");
      return problem?.message.includes("gre9 leads to 192.0.2.9") === true ? [] : ["not said"];
    });
    expect((await host.ofctl("dump-flows", "br0")).toUpperCase()).toContain("NORMAL");
    await fabric.tell("adopt now", 1);
    await fabric.until(async () => ((await stageOf(host)) === "done" ? [] : ["not done"]));
    await up(1);
    expect((await host.ofctl("dump-flows", "br0")).toUpperCase()).not.toContain("NORMAL");
    const { foreignTunnels } = await fabric.ask("topology");
    expect(foreignTunnels).toMatchObject([{ name: "gre9", to: null, state: "unused" }]);
    await fabric.tell("release", 1);
    const { lost, duplicates } = await ping.stop();
    expect({ lost, duplicates }).toEqual({ lost: 0, duplicates: 0 });
    expect(await rowsOf(host)).toEqual(before);
  });
});
