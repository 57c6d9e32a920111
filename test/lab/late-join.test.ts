// Hosts that join a fabric which carries traffic: they reach everyone, and nobody notices.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

describeLab("hosts that join later", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ quickBfd: true, hosts: 2, tunnel: "gre" });
    guests = await fabric.populate({ perHost: 2 });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const indexes = async () => new Map((await fabric.ask("hosts")).map((host) => [host.id, host.index]));

  test("one more reaches everyone, and the pairs there were lose nothing", async () => {
    const before = await indexes();
    await expectNoLoss(pairsOf(guests), async () => {
      const host = await fabric.lab.addHost();
      await fabric.join(host);
      await fabric.lab.populate({ hosts: [host], perHost: 1 });
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
    expect(await fabric.lab.pingMatrix()).toMatchObject({ failed: [] });
    const after = await indexes();
    for (const [id, index] of before) expect(after.get(id)).toBe(index);
    expect(after.get(`${fabric.lab.name}-h3`)).toBe(3);
  });

  test("two that join at the same moment get indexes of their own, and reach everyone", async () => {
    await expectNoLoss(pairsOf(guests), async () => {
      const hosts = await fabric.lab.addHosts([{}, {}]);
      await fabric.join(...hosts);
      await fabric.lab.populate({ hosts, perHost: 1 });
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
    expect([...(await indexes()).values()].sort()).toEqual([1, 2, 3, 4, 5]);
    const last = fabric.lab.guests.at(-1)!;
    const counted = await fabric.lab.countBroadcast(last, { count: 50 });
    expect(counted.none).toEqual([last.name]);
    expect(counted.exactlyOnce).toHaveLength(fabric.lab.guests.length - 1);
  });

  test("a guest that comes while the controller is away works once it is back, and the others lose nothing", async () => {
    const comesMeanwhile = async (): Promise<void> => {
      await fabric.stop();
      const guest = await fabric.lab.host(2).addGuest({ name: "meanwhile", ip: "10.0.2.77/16" });
      expect((await guest.ping(guests[0]!.ip, { count: 1 })).received).toBe(0);
      await fabric.start();
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    };
    await expectNoLoss(pairsOf(guests), comesMeanwhile, { mayLose: 1 });
  });
});
