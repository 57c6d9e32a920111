// Scenario "N servers by list": nine servers with an address on the bridge's own port, a mesh, two hubs, and a tenth one.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import type { Settings } from "./controller-under-test.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { expectForwardingOnly } from "./forwarding-only.ts";
import { describeLab } from "./requires.ts";

const SERVERS = 9;
const HUBS = ["server0", "server1"];
const hubTopology: Settings = { topology: { hubs: HUBS } };
/** Directed: each hub to all, and all to each hub. */
const hubTunnels = (servers: number): number => 2 * HUBS.length * (servers - HUBS.length) + 2;
const idOf = (at: number): string => `server${at}`;
const preset = (at: number) => ({ systemId: idOf(at) });

describeLab("nine servers by list", () => {
  let fabric: FabricUnderTest;
  let servers: Guest[];

  /** The slice of a server is 10.244.N.0/24; its own address stands on the bridge itself. */
  const address = (host: Host): Promise<Guest> =>
    host.addInternalPort({ name: `s${host.index - 1}`, port: "br-int", ip: `10.244.${host.index - 1}.1/16` });

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({
      quickBfd: true,
      hosts: Array.from({ length: SERVERS }, (_, at) => preset(at)),
      tunnel: "gre",
    });
    servers = await Promise.all(fabric.lab.hosts.map(address));
    await fabric.lab.waitUntilAllPing(servers, 60);
    await settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  /** `FabricUnderTest.settled`, for hosts that bear names of their own. */
  async function settled(options: { hosts?: number; tunnels?: number } = {}): Promise<void> {
    await fabric.settled({ guests: [], timeoutSec: 60, ...options });
  }

  /** Each with the next: with all 36 pairs at once it is the machine that loses. */
  const ring = (): [Guest, Guest][] => servers.map((from, at) => [from, servers[(at + 1) % servers.length] ?? from]);

  async function expectBroadcastOnce(from: Guest, guests: readonly Guest[]): Promise<void> {
    const { exactlyOnce, none } = await fabric.lab.countBroadcast(from, { count: 10, intervalMs: 20, at: guests });
    expect(none).toEqual([from.name]);
    expect([...exactlyOnce].sort()).toEqual(
      guests
        .filter((one) => one !== from)
        .map((one) => one.name)
        .sort(),
    );
  }

  /** Tunnel name -> the addresses it leads to, and the port numbers it has, over all servers. */
  async function tunnelNumbers(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = new Map<string, Set<string>>();
    const columns = ["--format=json", "--columns=name,ofport,options", "find", "interface", "type=gre"];
    for (const host of fabric.lab.hosts) {
      const { data } = JSON.parse(await host.vsctl(...columns)) as { data: [string, number, [string, string[][]]][] };
      for (const [name, ofport, [, options]] of data) {
        const seen = found.get(name) ?? new Set();
        found.set(name, seen.add(`${new Map(options as [string, string][]).get("remote_ip")} ${ofport}`));
      }
    }
    return found;
  }

  test("are joined by one command each, and their own addresses ping each other", async () => {
    const views = await fabric.ask("hosts");
    expect(views.map((host) => `${host.id} ${host.state}`).sort()).toEqual(servers.map((_, at) => `${idOf(at)} up`));
    expect(views.flatMap((host) => host.problems)).toEqual([]);
    expect(await fabric.lab.pingMatrix(servers, { count: 2 })).toMatchObject({ failed: [] });
    await expectBroadcastOnce(servers[4]!, servers);
    await expectForwardingOnly(fabric.lab.hosts);
  });

  test("have one number for each server, in the names and ports of tunnels, on every server", async () => {
    const views = await fabric.ask("hosts");
    const numbers = await tunnelNumbers();
    expect(numbers.size).toBe(SERVERS);
    for (const { id, index } of views) {
      const ip = fabric.lab.hosts[Number(id.slice("server".length))]?.ip;
      expect([...(numbers.get(`gre${index}`) ?? [])]).toEqual([`${ip} ${0x8000 + (index ?? 0)}`]);
    }
  });

  test("go over to two hubs, and no ping is lost", async () => {
    await expectNoLoss(ring(), async () => {
      await fabric.stop();
      await fabric.start({ settings: hubTopology });
      await settled({ tunnels: hubTunnels(SERVERS) });
    });
    const tunnels = await fabric.ask("tunnels");
    expect(tunnels.every(({ from, to }) => HUBS.includes(from) || HUBS.includes(to))).toBe(true);
    expect(await fabric.lab.pingMatrix(servers, { count: 1 })).toMatchObject({ failed: [] });
    await expectBroadcastOnce(servers[8]!, servers);
  });

  test("lose a hub, with no controller, and the others still reach each other", async () => {
    await fabric.stop();
    const [, ...others] = servers;
    const pings = pairsOf(others.slice(1, 5)).map(([from, to]) => from.startPing(to.ip));
    await Promise.all(pings.map((ping) => ping.waitForReply()));
    const hub = fabric.lab.host(1).vswitchd;
    await hub.pause();
    try {
      // BFD takes three intervals of 100 ms to see it; a busy machine gets the rest.
      await sleep(1500);
      const results = await Promise.all(pings.map((ping) => ping.stop()));
      for (const { longestGapSec, duplicates } of results) {
        expect(longestGapSec).toBeLessThan(1.5);
        expect(duplicates).toBe(0);
      }
      expect(await fabric.lab.pingMatrix(others, { count: 1 })).toMatchObject({ failed: [] });
      await expectBroadcastOnce(others[3]!, others);
    } finally {
      await hub.resume();
    }
    await fabric.start({ settings: hubTopology });
    await settled({ tunnels: hubTunnels(fabric.lab.hosts.length) });
    expect(await fabric.lab.pingMatrix(servers, { count: 1 })).toMatchObject({ failed: [] });
  });

  test("are not touched when a tenth joins: it reaches all of them, and they lose nothing", async () => {
    await expectNoLoss(ring(), async () => {
      const host = await fabric.lab.addHost(preset(fabric.lab.hosts.length));
      await fabric.join(host);
      const tenth = await address(host);
      await fabric.lab.waitUntilAllPing([servers[0]!, servers[8]!, tenth]);
      await settled({ tunnels: hubTunnels(fabric.lab.hosts.length) });
      servers.push(tenth);
    });
    expect(await fabric.lab.pingMatrix(servers, { count: 1 })).toMatchObject({ failed: [] });
    await expectBroadcastOnce(servers.at(-1)!, servers);
  });

  test("ping on through a restart of the controller, which writes nothing", async () => {
    await expectNoLoss(ring(), async () => {
      await fabric.stop();
      await fabric.start({ settings: hubTopology });
      await settled({ tunnels: hubTunnels(fabric.lab.hosts.length) });
    });
    expect(await fabric.work()).toEqual(NO_WORK);
    await expectForwardingOnly(fabric.lab.hosts);
  });
});
