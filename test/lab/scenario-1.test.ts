// Scenario "two hosts, four VMs, GRE": br0 and two taps on each host, as in the Open vSwitch cookbook, and with the other types.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { expectForwardingOnly } from "./forwarding-only.ts";
import { describeLab } from "./requires.ts";

const bridge = "br0";
/** Nothing of the hosts' underlay, 172.31.0.0/16, is like it. */
const OTHER_RANGE = "203.0.113";

describeLab("four VMs on two hosts", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    // The first host has its br0 from its administrator, who names it; on the second one Weft makes it.
    fabric = await FabricUnderTest.create({
      quickBfd: true,
      hosts: [{ externalIds: { "weft-bridge": bridge } }, {}],
      tunnel: "gre",
      settings: { bridge },
      join: false,
    });
    const [first, second] = [fabric.lab.host(1), fabric.lab.host(2)];
    await first.createBridge({ name: bridge });
    // One after the other: a host's index, and with it the names of the tunnels to it, is the order in which they come.
    await fabric.join(1);
    await fabric.until(async () =>
      (await fabric.hostView(1))?.index === 1 ? [] : ["the first host has no index yet"],
    );
    await fabric.join(2);
    guests = await Promise.all([
      first.addGuest({ name: "vm1", ip: "192.168.1.1/24", port: "tap0", bridge }),
      first.addGuest({ name: "vm2", ip: "192.168.1.2/24", port: "tap1", bridge }),
      second.addGuest({ name: "vm3", ip: "192.168.1.3/24", port: "tap0", bridge }),
      second.addGuest({ name: "vm4", ip: "192.168.1.4/24", port: "tap1", bridge }),
    ]);
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const remotes = (host: number): Promise<string> =>
    fabric.lab
      .host(host)
      .vsctl("--bare", "--no-headings", "--columns=name,options", "find", "interface", `type=${fabric.tunnel}`);

  test("ping each other, by one tunnel each way, and by TCP too", async () => {
    expect(await fabric.lab.pingMatrix(guests)).toMatchObject({ failed: [] });
    await fabric.lab.tcpMatrix(guests, 200_000);
    expect(await remotes(1)).toMatch(new RegExp(`^gre2\\n.*remote_ip="?${fabric.lab.host(2).ip}"?`));
    expect(await remotes(2)).toMatch(new RegExp(`^gre1\\n.*remote_ip="?${fabric.lab.host(1).ip}"?`));
    expect((await fabric.ask("hosts")).map((host) => [host.state, host.problems])).toEqual([
      ["up", []],
      ["up", []],
    ]);
  });

  test("know nothing of the hosts' subnets, in whatever range their own addresses are", async () => {
    const routes = async (guest: Guest): Promise<string[]> =>
      (await guest.exec(["ip", "route"])).stdout.trim().split("\n");
    for (const guest of guests) expect(await routes(guest)).toEqual([expect.stringMatching(/^192\.168\.1\.0\/24 dev/)]);
    for (const [at, guest] of guests.entries()) {
      await guest.exec(["ip", "addr", "add", `${OTHER_RANGE}.${at + 1}/28`, "dev", guest.device]);
      await guest.exec(["ip", "addr", "del", `${guest.ip}/24`, "dev", guest.device]);
    }
    for (const guest of guests) {
      expect(await routes(guest)).toEqual([expect.stringMatching(/^203\.0\.113\.0\/28 dev/)]);
      for (const at of guests.keys())
        if (guests[at] !== guest) expect((await guest.ping(`${OTHER_RANGE}.${at + 1}`, { count: 2 })).received).toBe(2);
    }
    for (const guest of guests) {
      await guest.exec(["ip", "addr", "flush", "dev", guest.device]);
      await guest.exec(["ip", "addr", "add", `${guest.ip}/24`, "dev", guest.device]);
    }
    await fabric.lab.waitUntilAllPing(guests);
  });

  test("hear each broadcast once, with STP and RSTP off, and nothing learned in the switches", async () => {
    for (const from of [guests[0]!, guests[3]!]) {
      const { exactlyOnce, none } = await fabric.lab.countBroadcast(from, { count: 20 });
      expect(none).toEqual([from.name]);
      expect(exactlyOnce).toHaveLength(3);
    }
    await expectForwardingOnly(fabric.lab.hosts, bridge);
  });

  // What the author tells to look at when it does not work, one by one.
  test("are told which tunnels are down when the hosts do not reach each other", async () => {
    const states = async () => (await fabric.ask("tunnels")).map(({ from, to, state }) => [from, to, state]);
    const [one, two] = [`${fabric.lab.name}-h1`, `${fabric.lab.name}-h2`];
    await fabric.lab.cut(1, 2, { oneWay: true });
    try {
      await fabric.until(async () =>
        (await states()).every(([, , state]) => state === "down") ? [] : ["not down yet"],
      );
      expect(await states()).toEqual([
        [one, two, "down"],
        [two, one, "down"],
      ]);
      for (const tunnel of await fabric.ask("tunnels")) expect(tunnel.reason).not.toBeNull();
    } finally {
      await fabric.lab.healAll();
    }
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled();
  });

  test("ping again after somebody has given a tunnel a wrong remote_ip", async () => {
    await fabric.lab.host(2).vsctl("set", "interface", "gre1", "options:remote_ip=172.31.255.254");
    await fabric.until(async () => {
      const row = await remotes(2);
      return row.includes(fabric.lab.host(1).ip) ? [] : [row];
    });
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled();
  });

  test("ping through a restart of the controller, which writes nothing", async () => {
    await fabric.allHeard();
    await fabric.settled();
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      await fabric.start();
      await fabric.settled();
    });
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  test.each(["vxlan", "geneve"] as const)("ping each other by %s", async (tunnel) => {
    await fabric.stop();
    await fabric.start({ tunnel });
    await fabric.settled();
    await fabric.until(async () => {
      const ports = await Promise.all(fabric.lab.hosts.map((host) => host.vsctl("list-ports", bridge)));
      const wanted = [`${tunnel}2`, `${tunnel}1`].map((name) => `${name}\ntap0\ntap1`);
      const found = ports.map((text) => text.split("\n").sort().join("\n"));
      return JSON.stringify(found) === JSON.stringify(wanted.map((text) => text.split("\n").sort().join("\n")))
        ? []
        : found;
    });
    expect(await fabric.lab.pingMatrix(guests)).toMatchObject({ failed: [] });
  });
});
