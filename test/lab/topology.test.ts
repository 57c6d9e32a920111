// Topologies other than the full mesh, on real Open vSwitch: hubs, the loss of one, and changes under traffic.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import type { Settings } from "./controller-under-test.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const HOSTS = 5;
const SPOKES = HOSTS - 2;
/** Directed: each spoke and each hub, both ways; and the hubs with each other. */
const HUB_TUNNELS = 2 * 2 * SPOKES + 2;

describeLab("topologies", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];
  const hubs = (...names: string[]) => ({
    topology: { hubs: names.map((name) => `${fabric.lab.name}-${name}`) },
  });

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({
      quickBfd: true,
      hosts: HOSTS,
      settings: (lab) => ({ topology: { hubs: [`${lab.name}-h1`, `${lab.name}-h2`] } }),
    });
    guests = await fabric.lab.populate({ perHost: 1 });
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled({ tunnels: HUB_TUNNELS });
  });
  afterAll(() => fabric?.destroy());

  async function expectBroadcastOnce(): Promise<void> {
    const [from, ...others] = guests;
    if (from === undefined) throw new Error("no guests");
    const { exactlyOnce } = await fabric.lab.countBroadcast(from, { count: 10 });
    expect([...exactlyOnce].sort()).toEqual(others.map((guest) => guest.name).sort());
  }

  it("with two hubs have tunnels to the hubs alone, reach everyone, and give a broadcast to each guest once", async () => {
    const tunnels = await fabric.ask("tunnels");
    const isHub = (id: string): boolean => id.endsWith("-h1") || id.endsWith("-h2");
    expect(tunnels.every(({ from, to }) => isHub(from) || isHub(to))).toBe(true);
    const matrix = await fabric.lab.pingMatrix(guests, { count: 2 });
    expect(matrix.failed).toEqual([]);
    await expectBroadcastOnce();
  });

  it("survive the loss of a hub, with no controller", async () => {
    await fabric.stop();
    const spokes = guests.slice(2);
    await fabric.lab.host(1).vswitchd.pause();
    await sleep(1500);
    const matrix = await fabric.lab.pingMatrix(spokes, { count: 2 });
    await fabric.lab.host(1).vswitchd.resume();
    expect(matrix.failed).toEqual([]);
    await fabric.start();
    await fabric.settled({ tunnels: HUB_TUNNELS });
  });

  async function expectChangeWithoutLoss(settings: Settings, tunnels: number): Promise<void> {
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      await fabric.start({ settings });
      await fabric.settled({ tunnels });
    });
    await expectBroadcastOnce();
    await fabric.stop();
    await fabric.start({ settings });
    await fabric.settled({ tunnels });
    expect(await fabric.work()).toMatchObject(NO_WORK);
  }

  it("become a full mesh without a lost ping", () => expectChangeWithoutLoss({ topology: {} }, HOSTS * (HOSTS - 1)));

  it("become hubs without a lost ping", () => expectChangeWithoutLoss(hubs("h1", "h2"), HUB_TUNNELS));

  it("get other hubs without a lost ping", () => expectChangeWithoutLoss(hubs("h3", "h4"), HUB_TUNNELS));
});
