// The mesh heals itself, in the switches: paths cut between hosts, under pings, with the controller and without it.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** With so few peers BFD goes every 100 ms; detection takes three. The machine of a CI gets as much again. */
const FOUR_INTERVALS_SEC = 0.4;
const SLACK_SEC = 0.4;

describeLab("healing", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ quickBfd: true, hosts: 4 });
    guests = await fabric.populate({ perHost: 1 });
    // Sessions of BFD that have just come up still go once a second, and agree on how often from then on (RFC 5880, section 6.8.3).
    await sleep(3000);
  });
  afterEach(async () => {
    await fabric.lab.healAll();
    // A test that failed half-way must not take the others along.
    if (!fabric.isRunning) await fabric.start();
  });
  afterAll(() => fabric?.destroy());

  function guestOf(host: number): Guest {
    const guest = guests[host - 1];
    if (guest === undefined) throw new Error(`no guest on host ${host}`);
    return guest;
  }

  /** The longest silence of pings from one guest to another, in seconds, while something happens. */
  async function gap(from: number, to: number, during: () => Promise<void>): Promise<number> {
    const ping = guestOf(from).startPing(guestOf(to).ip);
    await ping.waitForReply();
    await during();
    await sleep(1500);
    const result = await ping.stop();
    expect(result.duplicates).toBe(0);
    return result.longestGapSec;
  }

  async function expectBroadcastOnce(): Promise<void> {
    const { exactlyOnce } = await fabric.lab.countBroadcast(guestOf(1), { count: 10 });
    expect([...exactlyOnce].sort()).toEqual(
      guests
        .map((guest) => guest.name)
        .filter((name) => name !== "g1a")
        .sort(),
    );
  }

  it("passes by a relay when the direct path is cut, unicast and broadcast, with no controller at all", async () => {
    await fabric.stop();
    expect(await gap(1, 2, () => fabric.lab.cut(1, 2))).toBeLessThan(FOUR_INTERVALS_SEC + SLACK_SEC);
    await expectBroadcastOnce();
    expect(await gap(1, 2, () => fabric.lab.heal(1, 2))).toBeLessThan(0.1);
    await expectBroadcastOnce();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toMatchObject(NO_WORK);
  });

  it("counts a failure in one direction as a failure", async () => {
    await fabric.settled();
    expect(await gap(1, 2, () => fabric.lab.cut(1, 2, { oneWay: true }))).toBeLessThan(FOUR_INTERVALS_SEC + SLACK_SEC);
    await fabric.until(async () => {
      const tunnels = await fabric.ask("tunnels");
      const down = tunnels.filter((tunnel) => tunnel.state === "down");
      return down.length === 2 ? [] : [`${down.length} tunnels are shown down`];
    });
    await fabric.lab.healAll();
  });

  it("finds the relay whose both legs are up, after a double cut, with the controller's help", async () => {
    for (const other of [3, 4]) {
      await fabric.settled();
      const silence = await gap(2, 1, async () => {
        await Promise.all([fabric.lab.cut(1, 2), fabric.lab.cut(1, other)]);
      });
      expect(silence).toBeLessThan(1 + SLACK_SEC);
      await expectBroadcastOnce();
      await fabric.lab.healAll();
    }
  });

  it("loses nothing when BFD is on at one end only", async () => {
    await fabric.settled();
    const tunnels = await fabric.ask("tunnels");
    const name = tunnels.find(({ from, to }) => from.endsWith("-h1") && to.endsWith("-h2"))?.name ?? "";
    await fabric.stop();
    await fabric.lab.host(1).vsctl("set", "interface", name, "bfd:enable=false");
    await sleep(1000);
    const ping = guestOf(1).startPing(guestOf(2).ip);
    await ping.waitForReply();
    await sleep(2000);
    const result = await ping.stop();
    expect(result.lost).toBe(0);
    expect(result.duplicates).toBe(0);
    await fabric.start();
    await fabric.settled();
  });

  it("does not let a restarted controller undo what a cut has changed", async () => {
    await fabric.settled();
    await Promise.all([fabric.lab.cut(1, 2), fabric.lab.cut(1, 3)]);
    await fabric.until(async () => {
      const tunnels = await fabric.ask("tunnels");
      const down = tunnels.filter((tunnel) => tunnel.state === "down");
      return down.length === 4 ? [] : [`${down.length} tunnels are shown down`];
    });
    await fabric.quiet();
    await fabric.lab.waitUntilAllPing([guestOf(2), guestOf(1)]);
    await expectNoLoss([[guestOf(2), guestOf(1)]], async () => {
      await fabric.stop();
      await fabric.start();
      await sleep(4000);
    });
    await fabric.lab.healAll();
    await fabric.settled();
  });
});
