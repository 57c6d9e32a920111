// Guests that move, guests that are there twice, and who only look so: on three hosts, with traffic.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const freezeSec = 3;

async function problems(fabric: FabricUnderTest, code: string) {
  return (await fabric.ask("status")).problems.filter((problem) => problem.code === code);
}

/** Resolves when there is no such problem any more. */
function untilNo(fabric: FabricUnderTest, code: string, timeoutSec: number) {
  return fabric.until(async () => (await problems(fabric, code)).map((problem) => problem.message), timeoutSec);
}

/** `h1 in_port=3`, for each flow that lets the MAC through unheard. */
async function learned(fabric: FabricUnderTest, mac: string): Promise<string[]> {
  const found = await Promise.all(
    fabric.lab.hosts.map(async (host) => {
      const flows = await host.ofctl("--no-stats", "dump-flows", "br-int", `table=10,dl_src=${mac}`);
      return [...flows.matchAll(/priority=200.*?(in_port=[^, ]+)/g)].map((match) => `${host.name} ${match[1]}`);
    }),
  );
  return found.flat();
}

/** Where frames to a MAC go: `h1 group:65538` or `h1 goto_table:50`, for each FORWARD flow. */
async function forwarded(fabric: FabricUnderTest, mac: string): Promise<string[]> {
  const found = await Promise.all(
    fabric.lab.hosts.map(async (host) => {
      const flows = await host.ofctl("--no-stats", "dump-flows", "br-int", `table=30,dl_dst=${mac}`);
      return [...flows.matchAll(/(group:\d+|goto_table:\d+)$/gm)].map((match) => `${host.name} ${match[1]}`);
    }),
  );
  return found.flat();
}

/** Gives a guest that nobody has heard yet the address and MAC of another. Its link stays down. */
async function disguise(guest: Guest, mac: string, ip: string): Promise<void> {
  await guest.exec(["ip", "link", "set", guest.device, "down"]);
  await guest.exec(["ip", "link", "set", guest.device, "address", mac]);
  await guest.exec(["ip", "addr", "flush", "dev", guest.device]);
  await guest.exec(["ip", "addr", "add", `${ip}/16`, "dev", guest.device]);
}

/** The neighbour is known: no ARP comes before the first echo. */
const befriend = (guest: Guest, other: Guest) =>
  guest.exec(["ip", "neigh", "replace", other.ip, "lladdr", other.mac, "dev", guest.device, "nud", "permanent"]);

const flowMods = async (fabric: FabricUnderTest) => (await fabric.work()).flowMods ?? Number.NaN;

describeLab("guests on three hosts", () => {
  let fabric: FabricUnderTest;
  let h1: Host;
  let h2: Host;
  let h3: Host;
  let first: Guest;
  let watcher: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, settings: { endpoints: { freezeSec, duplicateWindowSec: 3 } } });
    [h1, h2, h3] = [fabric.lab.host(1), fabric.lab.host(2), fabric.lab.host(3)];
    first = await h1.addGuest({ name: "first", ip: "10.0.0.1/16" });
    watcher = await h3.addGuest({ name: "watcher", ip: "10.0.0.3/16" });
    await fabric.lab.waitUntilAllPing();
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("one that turns up on another host is reached there at its first frame, and leaves no trace", async () => {
    const guest = await h1.addGuest({ name: "nomad", ip: "10.0.0.10/16" });
    const next = await h2.addGuest({ name: "nomad2", ip: "10.0.9.10/16" });
    await fabric.lab.waitUntilAllPing([guest, next, watcher]);
    await disguise(next, guest.mac, guest.ip);
    await fabric.lab.waitUntilAllPing([guest, watcher]);
    const hostId = `${fabric.lab.name}-h2`;
    await guest.exec(["ip", "link", "set", guest.device, "down"]);
    await next.exec(["ip", "link", "set", next.device, "up"]);
    await befriend(next, watcher);
    const ping = next.startPing(watcher.ip);
    try {
      await ping.waitForReply();
      await sleep(1000);
    } finally {
      const result = await ping.stop();
      // Each lost echo is 10 ms: of the way to the controller and back, and of a machine that is busy.
      expect(result.longestGapSec).toBeLessThan(0.25);
      expect(result.missing.filter((sequence) => sequence > 25)).toEqual([]);
    }
    expect(await fabric.endpoint(guest.mac)).toMatchObject({ host: hostId, port: next.port, ips: [guest.ip] });
    expect((await learned(fabric, guest.mac)).map((line) => line.split(" ")[0])).toEqual(["h2"]);
    const index = (await fabric.hostView(2))?.index ?? Number.NaN;
    // On its own host to EGRESS, on the others to its host.
    expect((await forwarded(fabric, guest.mac)).sort()).toEqual([
      `h1 group:${0x1_0000 + index}`,
      "h2 goto_table:50",
      `h3 group:${0x1_0000 + index}`,
    ]);
    expect(await problems(fabric, "endpoint/duplicate-mac")).toEqual([]);
    await h1.removeGuest(guest.name);
    await h2.removeGuest(next.name);
  });

  test("two with one MAC: the first keeps working, both are named, nothing is written while they speak", async () => {
    const second = await h2.addGuest({ name: "second", ip: "10.0.0.2/16" });
    await disguise(second, first.mac, "10.0.0.2");
    const ping = watcher.startPing(first.ip);
    await ping.waitForReply();
    await second.exec(["ip", "link", "set", second.device, "up"]);
    await befriend(second, watcher);
    const noise = second.startPing(watcher.ip);
    try {
      await fabric.until(async () => {
        const [found] = await problems(fabric, "endpoint/duplicate-mac");
        return found === undefined ? ["no problem is told"] : [];
      }, 10);
      const [problem] = await problems(fabric, "endpoint/duplicate-mac");
      expect(problem?.message).toContain(`${fabric.lab.name}-h1 port ${first.port}`);
      expect(problem?.message).toContain(`${fabric.lab.name}-h2 port ${second.port}`);
      expect(await fabric.endpoint(first.mac)).toMatchObject({ port: first.port });
      await fabric.settled({ guests: [first, watcher] });
      const [before, answered] = [await flowMods(fabric), ping.received];
      await sleep(2000);
      expect(await flowMods(fabric)).toBe(before);
      expect(ping.received).toBeGreaterThan(answered + 100);
      // Past the time for which a silent rival is remembered: this one is not silent.
      await sleep(freezeSec * 1000);
      expect(await problems(fabric, "endpoint/duplicate-mac")).toHaveLength(1);
      expect((await learned(fabric, first.mac)).map((line) => line.split(" ")[0])).toEqual(["h1"]);
    } finally {
      await noise.stop().catch(() => undefined);
      const result = await ping.stop();
      expect(result.longestGapSec).toBeLessThan(0.5);
      expect(result.lost).toBeLessThan(60);
    }
    // Silent, but there.
    await second.exec(["ip", "link", "set", second.device, "down"]);
    await untilNo(fabric, "endpoint/duplicate-mac", freezeSec + 3);
    expect(await fabric.endpoint(first.mac)).toMatchObject({ port: first.port });
    await h2.removeGuest(second.name);
  });

  test("two with one address: the first keeps working, both are named, and it ends when the second goes", async () => {
    const rival = await h2.addGuest({ name: "rival", ip: "10.0.0.2/16" });
    await disguise(rival, rival.mac, first.ip);
    await fabric.until(async () => ((await fabric.endpoint(first))?.ips.includes(first.ip) ? [] : ["no address"]), 5);
    const ping = first.startPing(watcher.ip);
    await ping.waitForReply();
    try {
      await rival.exec(["ip", "link", "set", rival.device, "up"]);
      const noise = rival.startPing(watcher.ip, { intervalSec: 0.1 });
      await fabric.until(async () => {
        const [found] = await problems(fabric, "endpoint/duplicate-ip");
        return found === undefined ? ["no problem is told"] : [];
      }, 10);
      const [problem] = await problems(fabric, "endpoint/duplicate-ip");
      expect(problem?.message).toContain(`${first.mac} at ${fabric.lab.name}-h1 port ${first.port}`);
      expect(problem?.message).toContain(`${rival.mac} at ${fabric.lab.name}-h2 port ${rival.port}`);
      await fabric.settled({ guests: [first, watcher] });
      const [before, answered] = [await flowMods(fabric), ping.received];
      await sleep(2000);
      expect(await flowMods(fabric)).toBe(before);
      expect(ping.received).toBeGreaterThan(answered + 100);
      expect((await fabric.endpoint(first))?.ips).toContain(first.ip);
      expect((await fabric.endpoint(rival))?.ips ?? []).not.toContain(first.ip);
      await noise.stop().catch(() => undefined);
    } finally {
      expect((await ping.stop()).longestGapSec).toBeLessThan(1.5);
    }
    await h2.removeGuest(rival.name);
    await untilNo(fabric, "endpoint/duplicate-ip", freezeSec + 3);
    expect((await fabric.endpoint(first))?.ips).toContain(first.ip);
  });

  test("a virtual address that is announced elsewhere is there at once, and is no duplicate", async () => {
    const [master, backup] = await Promise.all([
      h1.addGuest({ name: "master", ip: "10.0.0.21/16" }),
      h2.addGuest({ name: "backup", ip: "10.0.0.22/16" }),
    ]);
    const vip = "10.0.0.20";
    const announce = async (guest: Guest) => {
      await guest.exec(["sh", "-c", `echo 1 > /proc/sys/net/ipv4/conf/${guest.device}/arp_notify`]);
      await guest.exec(["ip", "addr", "add", `${vip}/16`, "dev", guest.device]);
      await guest.exec(["ip", "link", "set", guest.device, "address", guest.mac]);
    };
    await fabric.lab.waitUntilAllPing([master, backup, watcher]);
    await announce(master);
    const holder = async () =>
      (await fabric.ask("endpoints")).filter((one) => one.ips.includes(vip)).map((one) => one.mac);
    await fabric.until(async () => ((await holder())[0] === master.mac ? [] : [`${await holder()}`]), 5);
    const ping = watcher.startPing(vip);
    await ping.waitForReply();
    await master.exec(["ip", "addr", "del", `${vip}/16`, "dev", master.device]);
    await announce(backup);
    await ping.waitForReply();
    await fabric.until(async () => ((await holder())[0] === backup.mac ? [] : [`${await holder()}`]), 2);
    await sleep(1500);
    expect((await ping.stop()).longestGapSec).toBeLessThan(0.6);
    expect(await holder()).toEqual([backup.mac]);
    expect(await problems(fabric, "endpoint/duplicate-ip")).toEqual([]);
    await h1.removeGuest(master.name);
    await h2.removeGuest(backup.name);
  });

  test("a MAC that changes its place fifty times a second is held at its first place, with few writes", async () => {
    const here = await h1.addGuest({ name: "flap1", ip: "10.0.0.31/16" });
    const there = await h2.addGuest({ name: "flap2", ip: "10.0.9.31/16" });
    await fabric.lab.waitUntilAllPing([here, there, watcher]);
    await disguise(there, here.mac, here.ip);
    await there.exec(["ip", "link", "set", there.device, "up"]);
    await Promise.all([befriend(here, watcher), befriend(there, watcher)]);
    const before = await flowMods(fabric);
    // Each speaks 25 times a second, one after the other.
    const echoes = ["ping", "-q", "-i", "0.04", "-w", "5", watcher.ip];
    const one = here.exec(echoes, { check: false, timeoutSec: 30 });
    await sleep(20);
    await Promise.all([one, there.exec(echoes, { check: false, timeoutSec: 30 })]);
    expect((await flowMods(fabric)) - before).toBeLessThan(60);
    expect(await fabric.endpoint(here.mac)).toMatchObject({ port: here.port });
    expect(await problems(fabric, "endpoint/duplicate-mac")).toHaveLength(1);
    await h2.removeGuest(there.name);
    await untilNo(fabric, "endpoint/duplicate-mac", 3);
    await h1.removeGuest(here.name);
  });

  test("a guest with ports of one iface-id on two hosts migrates when the target becomes active, or speaks", async () => {
    const source = await h1.addGuest({
      name: "vm",
      ip: "10.0.0.41/16",
      attachedMac: true,
      interfaceColumns: { "external_ids:iface-id": "port-7", "external_ids:iface-status": "active" },
    });
    const quoted = JSON.stringify(source.mac);
    const target = await h2.addGuest({ name: "vm2", ip: "10.0.9.41/16" });
    await disguise(target, source.mac, source.ip);
    await h2.vsctl(
      ...["set", "interface", target.port, "external_ids:iface-id=port-7"],
      ...["external_ids:iface-status=inactive", `external_ids:attached-mac=${quoted}`],
    );
    await fabric.lab.waitUntilAllPing([source, watcher]);
    const at = async () => (await fabric.endpoint(source.mac))?.port;
    // The way to the target is there before the guest is.
    await fabric.until(async () => {
      const flows = await h2.ofctl("--no-stats", "dump-flows", "br-int", `table=40,dl_dst=${source.mac}`);
      return flows.includes(source.mac) ? [] : ["DELIVER at the target has no flow of the guest"];
    }, 5);
    expect(await at()).toBe(source.port);
    expect(await fabric.endpoint(source.mac)).toMatchObject({ owner: "port-7" });
    await h2.vsctl("set", "interface", target.port, "external_ids:iface-status=active");
    await fabric.until(async () => ((await at()) === target.port ? [] : [`it is at ${await at()}`]), 5);
    expect(await problems(fabric, "endpoint/duplicate-mac")).toEqual([]);
    // The source had not stopped yet: it is heard, and the guest is there again; then the target is heard.
    expect((await source.ping(watcher.ip, { count: 10, intervalSec: 0.05 })).received).toBeGreaterThan(5);
    expect(await at()).toBe(source.port);
    await source.exec(["ip", "link", "set", source.device, "down"]);
    await target.exec(["ip", "link", "set", target.device, "up"]);
    await befriend(target, watcher);
    const echoes = await target.ping(watcher.ip, { count: 50, intervalSec: 0.01 });
    expect(echoes.received).toBeGreaterThan(25);
    expect(await at()).toBe(target.port);
    await h1.removeGuest(source.name);
    await sleep(500);
    expect(await at()).toBe(target.port);
    expect(await problems(fabric, "endpoint/duplicate-mac")).toEqual([]);
    await fabric.settled({ guests: [first, watcher] });
    const before = await fabric.ask("endpoints");
    await fabric.stop();
    await fabric.start();
    await fabric.settled({ guests: [first, watcher] });
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(await fabric.ask("endpoints")).toEqual(before);
    await h2.removeGuest(target.name);
  });
});
