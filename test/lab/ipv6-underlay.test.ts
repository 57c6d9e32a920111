// An underlay of IPv6 alone: hosts join by an IPv6 address, and every type of tunnel runs over it, for each pair and flow-based.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, pairsOf, type TunnelType } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const FILTERS: Readonly<Record<TunnelType, string>> = {
  geneve: "ip6 and udp dst port 6081",
  vxlan: "ip6 and udp dst port 4789",
  gre: "ip6 proto 47",
};
/** 20 bytes less than over IPv4. */
const MTUS: Readonly<Record<TunnelType, number>> = { geneve: 1422, vxlan: 1422, gre: 1430 };

describeLab("three hosts on an underlay of IPv6", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, family: "ipv6", quickBfd: true });
    guests = await fabric.populate({ perHost: 1 });
  });
  afterAll(() => fabric?.destroy());

  async function expectRunsOver(type: TunnelType): Promise<void> {
    const [a, b] = guests as [Guest, Guest];
    const capture = await fabric.lab.capture("underlay", FILTERS[type]);
    expect((await a.ping(b.ip, { count: 5, intervalSec: 0.05 })).received).toBe(5);
    expect((await capture.stop()).packets).toBeGreaterThanOrEqual(10);
    await fabric.lab.tcpMatrix([a, b], 500_000);
    const { mtu } = (await fabric.ask("networks")).find(({ name }) => name === "default") ?? {};
    expect(mtu).toBe(MTUS[type]);
  }

  it("have IPv6 addresses for the controller and for each other's tunnels, and all is carried", async () => {
    const addresses = fabric.lab.hosts.map((host) => host.ip);
    expect(addresses.every((ip) => ip.startsWith("fd57:"))).toBe(true);
    for (const host of fabric.lab.hosts) {
      expect(await host.vsctl("get-manager")).toMatch(/^tcp:\[fd57:/);
      expect(await host.vsctl("get-controller", "br-int")).toMatch(/^tcp:\[fd57:/);
    }
    const views = await fabric.ask("tunnels");
    expect(new Set(views.map(({ remoteIp }) => remoteIp))).toEqual(new Set(addresses));
    await expectRunsOver("geneve");
    const [from, ...others] = guests as [Guest, ...Guest[]];
    const { exactlyOnce } = await fabric.lab.countBroadcast(from, { count: 10 });
    expect([...exactlyOnce].sort()).toEqual(others.map((guest) => guest.name).sort());
  });

  it("are found as they are by a controller that starts with nothing", async () => {
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      await fabric.start();
      await fabric.settled();
    });
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  it("heal a path that is cut", async () => {
    const [a, b] = guests as [Guest, Guest];
    await fabric.lab.cut(1, 2);
    await fabric.until(async () => {
      const down = (await fabric.ask("tunnels")).filter(({ state }) => state === "down");
      return down.length === 2 ? [] : [`${down.length} tunnels are down`];
    });
    await fabric.until(async () => ((await a.ping(b.ip, { count: 2 })).received === 2 ? [] : ["no answer"]));
    await fabric.lab.healAll();
    await fabric.settled();
  });

  it("change to other types, and to flow-based tunnels, without a lost ping", async () => {
    for (const [type, flowBased] of [
      ["vxlan", "never"],
      ["gre", "never"],
      ["geneve", "always"],
    ] as const) {
      await expectNoLoss(pairsOf(guests), async () => {
        await fabric.stop();
        await fabric.start({ tunnel: type, settings: { tunnel: { type, flowBased } } });
        await fabric.settled();
      });
      await expectRunsOver(type);
    }
    expect(new Set((await fabric.ask("tunnels")).map(({ name }) => name))).toEqual(new Set(["geneve-flow"]));
    await fabric.stop();
    await fabric.start({ settings: { tunnel: { type: "geneve", flowBased: "always" } } });
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
