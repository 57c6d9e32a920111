// Docker's bridge behind a veth: many MACs behind one port, and two hosts that hand out the same addresses and MACs.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Segment } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const freezeSec = 3;
/** As docker gives them: the MAC out of the address. */
const container = (last: number) => ({
  ip: `172.17.0.${last}/16`,
  mac: `02:42:ac:11:00:${last.toString(16).padStart(2, "0")}`,
});

describeLab("docker's bridges of two hosts, each joined by one veth", () => {
  let fabric: FabricUnderTest;
  let docker1: Segment;
  let docker2: Segment;
  let first: Guest;
  let second: Guest;
  let far: Guest;
  /** On the second host, but no container. */
  let watcher: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2, tunnel: "gre", settings: { endpoints: { freezeSec } } });
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    docker1 = await h1.addSegment({ name: "docker1" });
    docker2 = await h2.addSegment({ name: "docker2" });
    first = await docker1.addGuest({ name: "c2", ...container(2) });
    second = await docker1.addGuest({ name: "c3", ...container(3) });
    far = await docker2.addGuest({ name: "d4", ...container(4) });
    watcher = await h2.addGuest({ name: "w", ip: "172.17.0.99/16" });
    await fabric.lab.waitUntilAllPing();
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const problems = async (code: string) =>
    (await fabric.ask("status")).problems.filter((problem) => problem.code === code).map((problem) => problem.message);
  const at = (guest: Guest) => `${fabric.lab.name}-${guest.host} port ${guest.port}`;

  async function named(code: string): Promise<string> {
    await fabric.until(async () => ((await problems(code)).length > 0 ? [] : [`no ${code}`]), 10);
    return (await problems(code)).join("\n");
  }

  const gone = (code: string) => fabric.until(() => problems(code), freezeSec + 3);

  /** A container that goes: its namespace is deleted, and its veth with it. Its segment's port stays. */
  const stop = (guest: Guest) => guest.exec(["ip", "link", "delete", guest.device]);

  test("containers ping across hosts, and all that are behind a port are endpoints of it", async () => {
    expect(await fabric.lab.pingMatrix()).toMatchObject({ failed: [] });
    for (const guest of [first, second, far]) {
      expect(await fabric.endpoint(guest)).toMatchObject({ port: guest.port, ips: expect.arrayContaining([guest.ip]) });
    }
    expect(first.port).toBe(second.port);
    await fabric.lab.tcpMatrix([first, far], 500_000);
    const counted = await fabric.lab.countBroadcast(first, { count: 20 });
    expect([...counted.exactlyOnce].sort()).toEqual(["c3", "d4", "w"]);
  });

  test("a container with an address and MAC that the other host has given out too does not disturb the first", async () => {
    const ping = watcher.startPing(first.ip);
    await ping.waitForReply();
    const twin = await docker2.addGuest({ name: "d2", ...container(2) });
    // It does what containers do: it looks for a neighbour that is not there, by broadcasts.
    const noise = twin.startPing("172.17.0.77", { intervalSec: 0.05 });
    try {
      const told = await named("endpoint/duplicate-mac");
      expect(told).toContain(at(first));
      expect(told).toContain(at(twin));
      await sleep(500);
      const [work, answered] = [await fabric.work(), ping.received];
      await sleep(2000);
      expect((await fabric.work()).flowMods).toBe(work.flowMods);
      await ping.waitForReplies(answered + 100, 3);
      expect((await fabric.endpoint(first))?.host).toBe(`${fabric.lab.name}-h1`);
      // A controller that starts with nothing reads from the flows who is the rival.
      await fabric.stop();
      await fabric.start();
      expect(await named("endpoint/duplicate-mac")).toContain(at(twin));
      await fabric.settled({ guests: [first, second, far, watcher] });
      expect(await fabric.work()).toEqual(NO_WORK);
      expect((await fabric.endpoint(first))?.host).toBe(`${fabric.lab.name}-h1`);
    } finally {
      await noise.stop().catch(() => undefined);
      expect((await ping.stop()).longestGapSec).toBeLessThan(0.6);
    }
    await stop(twin);
    await gone("endpoint/duplicate-mac");
    expect((await fabric.endpoint(first))?.host).toBe(`${fabric.lab.name}-h1`);
  });

  test("a container with an address that another has, but a MAC of its own, does not either", async () => {
    const twin = await docker2.addGuest({ name: "d3", ip: container(3).ip, mac: "02:42:ac:11:00:33" });
    const ping = second.startPing(watcher.ip);
    await ping.waitForReply();
    const noise = twin.startPing("172.17.0.78", { intervalSec: 0.05 });
    try {
      const told = await named("endpoint/duplicate-ip");
      expect(told).toContain(`${second.mac} at ${at(second)}`);
      expect(told).toContain(`${twin.mac} at ${at(twin)}`);
      await sleep(500);
      const [work, answered] = [await fabric.work(), ping.received];
      await sleep(2000);
      expect((await fabric.work()).flowMods).toBe(work.flowMods);
      await ping.waitForReplies(answered + 100, 3);
    } finally {
      await noise.stop().catch(() => undefined);
      expect((await ping.stop()).longestGapSec).toBeLessThan(1.5);
    }
    await stop(twin);
    await gone("endpoint/duplicate-ip");
    expect((await fabric.endpoint(second))?.ips).toContain(second.ip);
  });

  test("when all is as it should be again, a restart writes nothing", async () => {
    const guests = [first, second, far, watcher];
    await fabric.lab.waitUntilAllPing(guests);
    expect(await fabric.lab.pingMatrix(guests)).toMatchObject({ failed: [] });
    await fabric.settled({ guests });
    expect((await fabric.ask("status")).problems).toEqual([]);
    await fabric.stop();
    await fabric.start();
    await fabric.settled({ guests });
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
