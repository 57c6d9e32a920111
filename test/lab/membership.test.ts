// Hosts that join, move to another address, leave and are forgotten: on the others only what concerns them changes.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** Flows, groups and tunnels of a host, a line each. */
type Held = readonly string[];

const COOKIE_PLACE = 8;

describeLab("a host of a fabric", () => {
  let fabric: FabricUnderTest;
  let guests: [Guest, Guest, Guest];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, settings: settings("never"), quickBfd: true });
    guests = (await fabric.populate({ perHost: 1 })) as [Guest, Guest, Guest];
    await fabric.allHeard();
    await fabric.settled();
  });
  afterAll(() => fabric?.destroy());

  /** Tunnels leave from the tunnel IP, so that a host with two addresses has one for tunnels. */
  function settings(flowBased: string) {
    return { tunnel: { type: "geneve", localIp: true, flowBased } };
  }

  async function heldBy(host: Host): Promise<Held> {
    const lines = async (text: Promise<string>): Promise<string[]> => (await text).split("\n").slice(1);
    const rows = host.vsctl("--format=csv", "--columns=name,ofport,options,external_ids", "list", "interface");
    return [
      ...(await lines(host.ofctl("--no-stats", "dump-flows", "br-int"))).map((line) => line.trim()),
      ...(await lines(host.ofctl("dump-groups", "br-int"))).map((line) => line.trim()),
      ...(await lines(rows)).filter((line) => line.startsWith("geneve")),
    ].sort();
  }

  const others = (): Host[] => [fabric.lab.host(1), fabric.lab.host(3)];
  const heldByOthers = (): Promise<Held[]> => Promise.all(others().map(heldBy));

  const whole = (): Promise<void> => fabric.settled({ hosts: 3, tunnels: 6, guests });

  function changes(before: Held, after: Held): Held {
    return [...before.filter((line) => !after.includes(line)), ...after.filter((line) => !before.includes(line))];
  }

  async function indexOf(host: Host): Promise<number> {
    return (await fabric.hostView(host))?.index ?? Number.NaN;
  }

  /** Whether a line is about the host: a flow by the index in its cookie, a group by its id or a port in it. */
  function concerns(line: string, index: number): boolean {
    const [port, name] = [0xa000 + index, `geneve${index}`];
    const cookie = /cookie=0x([0-9a-f]{16})/.exec(line)?.[1];
    if (cookie !== undefined)
      return cookie.slice(COOKIE_PLACE - 2, COOKIE_PLACE + 2) === index.toString(16).padStart(4, "0");
    if (line.startsWith("group_id="))
      return (
        line.startsWith(`group_id=${0x1_0000 + index},`) ||
        line.includes(`output:${port}`) ||
        line.includes(`output:"${name}"`)
      );
    return line.startsWith(`${name},`);
  }

  /** Pings of others lose nothing; those of the host itself are away for as long as two hosts can differ. */
  async function whileItMoves(move: () => Promise<void>, mostLost: number): Promise<void> {
    const [g1, g2, g3] = guests;
    const own = [g1.startPing(g2.ip), g2.startPing(g3.ip)];
    await Promise.all(own.map((ping) => ping.waitForReply()));
    await expectNoLoss([[g1, g3]], async () => {
      await move();
      await whole();
      await Promise.all(own.map((ping) => ping.waitForReply()));
    });
    const lost = (await Promise.all(own.map((ping) => ping.stop()))).map((result) => result.lost);
    expect(Math.max(...lost)).toBeLessThan(mostLost);
  }

  async function untilFollowed(ip: string): Promise<void> {
    const { lab } = fabric;
    await fabric.until(async () => {
      const views = (await fabric.ask("tunnels")).filter(({ to }) => to === `${lab.name}-h2`);
      const remotes = await Promise.all(
        others().map((host) => host.vsctl("--columns=options,external_ids", "list", "interface")),
      );
      const stale = views.some(({ remoteIp }) => remoteIp !== ip) || remotes.some((text) => !text.includes(ip));
      return stale ? [`not all send to ${ip}`] : [];
    }, 40);
  }

  const address = (last: number): string => fabric.lab.host(2).ip.replace(/\d+$/, String(last));

  /** One second of 10 ms pings. */
  const A_SECOND = 100;

  it("that joins, leaves and is forgotten changes nothing on the others that does not name it, and leaves no trace", async () => {
    const before = await heldByOthers();
    const host = await fabric.lab.addHost();
    await expectNoLoss(
      [
        [guests[0], guests[1]],
        [guests[1], guests[2]],
      ],
      async () => {
        await fabric.join(host);
        await host.waitForBridge();
        await fabric.settled();
        const index = await indexOf(host);
        for (const [at, held] of (await heldByOthers()).entries()) {
          const changed = changes(before[at] ?? [], held);
          expect(changed.filter((line) => /geneve|tunnel|cookie/.test(line)).length).toBeGreaterThan(0);
          // A group's old form is gone with its new one: only the new one can name the host.
          const gone = (before[at] ?? []).filter((line) => line.startsWith("group_id="));
          expect(changed.filter((line) => !gone.includes(line) && !concerns(line, index))).toEqual([]);
        }
        await host.vsctl("del-manager", "--", "del-controller", "br-int");
        await fabric.until(async () =>
          (await fabric.hostView(host))?.openflow === "disconnected" ? [] : ["connected"],
        );
        await fabric.until(async () => ((await fabric.hostView(host))?.ovsdb === "disconnected" ? [] : ["connected"]));
        await fabric.forget(host);
        await whole();
      },
    );
    expect(await heldByOthers()).toEqual(before);
    await host.vsctl("del-br", "br-int");
  });

  it("that is told another tunnel IP while it is up is followed, and nothing else changes", async () => {
    const before = await heldByOthers();
    const host = fabric.lab.host(2);
    await host.exec(["ip", "addr", "add", `${address(102)}/24`, "dev", "br-phy"]);
    await whileItMoves(async () => {
      await host.vsctl("set", "open_vswitch", ".", `external_ids:weft-tunnel-ip=${address(102)}`);
      await untilFollowed(address(102));
    }, 2 * A_SECOND);
    const index = await indexOf(host);
    for (const [at, held] of (await heldByOthers()).entries()) {
      const changed = changes(before[at] ?? [], held);
      expect(changed.length).toBe(2);
      expect(changed.filter((line) => !line.startsWith(`geneve${index},`))).toEqual([]);
    }
  });

  it("that comes back with another tunnel IP is followed", async () => {
    const host = fabric.lab.host(2);
    await Promise.all([host.hold(PORTS.ovsdb), host.hold(PORTS.openflow)]);
    await fabric.stop();
    await fabric.start({ settings: { ...settings("never"), timeouts: { startHoldSec: 1 } } });
    await fabric.until(async () =>
      (await fabric.ask("hosts")).filter(({ state }) => state === "up").length === 2 ? [] : ["not up"],
    );
    expect((await fabric.hostView(2))?.tunnelIp).toBe(address(102));
    await host.exec(["ip", "addr", "add", `${address(103)}/24`, "dev", "br-phy"]);
    await host.vsctl("set", "open_vswitch", ".", `external_ids:weft-tunnel-ip=${address(103)}`);
    await Promise.all([host.release(PORTS.ovsdb), host.release(PORTS.openflow)]);
    await untilFollowed(address(103));
    await whole();
    expect((await fabric.lab.pingMatrix(guests)).failed).toEqual([]);
  });

  it("that shares flow-based tunnels is followed too, by groups and sources, and nothing else changes", async () => {
    await fabric.stop();
    await fabric.start({ settings: settings("always") });
    await whole();
    await fabric.until(async () => {
      const names = (await fabric.ask("tunnels")).map(({ name }) => name);
      const rows = await Promise.all(fabric.lab.hosts.slice(0, 3).map((host) => host.vsctl("list-ports", "br-int")));
      return names.every((name) => name === "geneve-flow") && !rows.some((text) => /geneve\d/.test(text))
        ? []
        : names.map(String);
    });
    await whole();
    const before = await heldByOthers();
    const host = fabric.lab.host(2);
    await whileItMoves(async () => {
      await host.vsctl("set", "open_vswitch", ".", `external_ids:weft-tunnel-ip=${address(102)}`);
      await untilFollowed(address(102));
    }, 2 * A_SECOND);
    for (const [at, held] of (await heldByOthers()).entries()) {
      const changed = changes(before[at] ?? [], held);
      expect(changed.length).toBeGreaterThanOrEqual(6);
      expect(changed.filter((line) => !line.includes(address(102)) && !line.includes(address(103)))).toEqual([]);
    }
  });

  it("whose connection comes from another address is followed, though the old one was never closed", async () => {
    const host = fabric.lab.host(2);
    await host.vsctl("remove", "open_vswitch", ".", "external_ids", "weft-tunnel-ip");
    await untilFollowed(host.ip);
    await host.exec(["ip", "addr", "flush", "dev", "br-phy"]);
    await host.exec(["ip", "addr", "add", `${address(104)}/24`, "dev", "br-phy"]);
    await host.exec(["ovs-appctl", "-t", `${host.dir}/ovsdb-server.ctl`, "ovsdb-server/reconnect"]);
    await untilFollowed(address(104));
    await fabric.until(
      async () => ((await fabric.lab.pingMatrix(guests)).failed.length === 0 ? [] : ["not all ping"]),
      40,
    );
  });
});
