// Every pair of a mesh of four is cut and healed under pings of all pairs, by switches alone; then many paths at once.
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { ContinuousPing, Guest } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/**
 * BFD goes every 100 ms here, and four of these are what it may take. On an idle machine it takes three, as bench/heal
 * measures; on a busy one BFD, its timers and the pings themselves come late, so that a bound near to it would test the
 * machine. What this one tells apart is healing in the switch from all that a spanning tree or a controller's timeout takes.
 */
const FOUR_INTERVALS_SEC = 0.4;
const SLACK_SEC = 0.6;

const HOSTS = [1, 2, 3, 4];

describeLab("a mesh of four", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];
  const indexes = new Map<number, number>();

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ quickBfd: true, hosts: HOSTS.length });
    guests = await fabric.populate({ perHost: 1 });
    await fabric.allHeard();
    await fabric.settled();
    for (const host of HOSTS) indexes.set(host, (await fabric.hostView(host))?.index ?? Number.NaN);
    await fabric.stop();
  });
  afterEach(() => fabric.lab.healAll());
  afterAll(() => fabric?.destroy());

  /** What BFD says at both ends of a path. */
  async function bfdBecomes(state: "up" | "down", a: number, b: number): Promise<void> {
    await fabric.until(async () => {
      const ends = [
        [a, b],
        [b, a],
      ] as const;
      const states = await Promise.all(
        ends.map(([here, there]) =>
          fabric.lab.host(here).vsctl("get", "interface", `geneve${indexes.get(there)}`, "bfd_status:forwarding"),
        ),
      );
      return states.every((text) => text.includes("true") === (state === "up")) ? [] : [`BFD says ${states}`];
    });
  }

  async function expectBroadcastOnce(from: Guest): Promise<void> {
    const { exactlyOnce } = await fabric.lab.countBroadcast(from, { count: 5 });
    const others = guests.filter((guest) => guest !== from).map((guest) => guest.name);
    expect([...exactlyOnce].sort()).toEqual(others.sort());
  }

  it.each(pairsOf(HOSTS))("goes round when %i and %i are cut off from each other, and back again", async (a, b) => {
    const pings = pairsOf(guests).map(([from, to]) => ({ from, to, ping: from.startPing(to.ip) }));
    const isCut = ({ from, to }: { from: Guest; to: Guest }): boolean => from === guests[a - 1] && to === guests[b - 1];
    const answered = (): Promise<unknown> => Promise.all(pings.map(({ ping }) => ping.waitForReply()));
    const stop = async ({ from, to, ping }: { from: Guest; to: Guest; ping: ContinuousPing }) => ({
      between: `${from.name} and ${to.name}`,
      cut: isCut({ from, to }),
      result: await ping.stop(),
    });
    let results: Awaited<ReturnType<typeof stop>>[] = [];
    try {
      await answered();
      await fabric.lab.cut(a, b);
      await bfdBecomes("down", a, b);
      await answered();
      await expectBroadcastOnce(guests[a - 1]!);
      await fabric.lab.heal(a, b);
      await bfdBecomes("up", a, b);
      await answered();
    } finally {
      results = await Promise.all(pings.map(stop));
    }
    for (const { between, cut, result } of results) {
      expect(result.duplicates, between).toBe(0);
      expect(result.longestGapSec, between).toBeLessThan(cut ? FOUR_INTERVALS_SEC + SLACK_SEC : 0.01);
      // One row of lost echoes, that of the cut: nothing is lost on the way back.
      expect(result.lost * 0.01, between).toBeCloseTo(result.longestGapSec, 5);
    }
    expect(results.filter(({ cut, result }) => cut && result.lost > 0)).toHaveLength(1);
  });

  it("goes round two cuts that have no host in common, by switches alone", async () => {
    await Promise.all([fabric.lab.cut(1, 2), fabric.lab.cut(3, 4)]);
    await Promise.all([bfdBecomes("down", 1, 2), bfdBecomes("down", 3, 4)]);
    expect(await fabric.lab.pingMatrix(guests, { count: 2 })).toMatchObject({ failed: [] });
    await expectBroadcastOnce(guests[0]!);
    await fabric.lab.healAll();
    await Promise.all([bfdBecomes("up", 1, 2), bfdBecomes("up", 3, 4)]);
  });

  it("has been left as it was: a controller that comes back has nothing to do", async () => {
    if (fabric.isRunning) await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toMatchObject(NO_WORK);
  });

  it.each([1, 4])(
    "reaches everybody by host %i when no other path is left, with the controller's help",
    async (hub) => {
      await fabric.settled();
      const spokes = HOSTS.filter((host) => host !== hub);
      const [first, second, third] = spokes.map((host) => guests[host - 1]!) as [Guest, Guest, Guest];
      const pings = [first.startPing(second.ip), second.startPing(third.ip), third.startPing(first.ip)];
      await Promise.all(pings.map((ping) => ping.waitForReply()));
      await Promise.all(pairsOf(spokes).map(([a, b]) => fabric.lab.cut(a, b)));
      for (const [a, b] of pairsOf(spokes)) await bfdBecomes("down", a, b);
      await Promise.all(pings.map((ping) => ping.waitForReply()));
      await expectBroadcastOnce(first);
      const results = await Promise.all(pings.map((ping) => ping.stop()));
      // A second with the controller's help, and the slack as above.
      for (const { longestGapSec, duplicates } of results) {
        expect(longestGapSec).toBeLessThan(1 + SLACK_SEC);
        expect(duplicates).toBe(0);
      }
      await fabric.lab.healAll();
    },
  );
});
