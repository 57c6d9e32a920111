// A controller that stops, is killed, and starts again while guests talk: nothing is lost, nothing is written again.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, PORTS, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** Short, so that the time after it is tried as well. */
const startHoldSec = 3;

/** Everything but what is counted: the same before and after. */
async function shape(fabric: FabricUnderTest) {
  const { hosts, tunnels, networks, endpoints, fabric: id } = await fabric.ask("topology");
  return { id, hosts, tunnels, networks, endpoints };
}

/** All that stands in the hosts' databases by Weft's hand, and what their switches hold. */
async function installed(fabric: FabricUnderTest) {
  return Promise.all(
    fabric.lab.hosts.map(async (host) => ({
      flows: (await host.ofctl("--no-stats", "--sort", "dump-flows", "br-int")).split("\n").sort(),
      groups: (await host.ofctl("dump-groups", "br-int")).split("\n").slice(1).sort(),
      interfaces: await host.vsctl("--columns=name,type,options,ofport,external_ids", "list", "interface"),
    })),
  );
}

describeLab("a controller that is stopped and started again", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 4, settings: { timeouts: { startHoldSec } } });
    await fabric.populate({ perHost: 1 });
    // One whose MAC is declared, and so is no concern of the idle timeout.
    const declared = { name: "declared", ip: "10.0.1.9/16", attachedMac: true };
    await fabric.lab.host(1).addGuest(declared);
    guests = fabric.lab.guests;
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("loses no ping, writes nothing, and knows all that it knew", async () => {
    const before = await shape(fabric);
    const held = await installed(fabric);
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      await fabric.start();
      await fabric.settled();
      await sleep(startHoldSec * 1000);
    });
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(await shape(fabric)).toEqual(before);
    expect(await installed(fabric)).toEqual(held);
  });

  test("loses no ping and writes nothing while hosts come back one by one, some by halves, one not at all", async () => {
    const before = await shape(fabric);
    const held = await installed(fabric);
    const [, h2, h3, h4] = fabric.lab.hosts;
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      // The second by OVSDB alone, the third by OpenFlow alone, the fourth not at all.
      await Promise.all([
        h2!.hold(PORTS.openflow),
        h3!.hold(PORTS.ovsdb),
        h4!.hold(PORTS.ovsdb),
        h4!.hold(PORTS.openflow),
      ]);
      await fabric.start();
      await fabric.until(async () => {
        const [first, second] = await Promise.all([fabric.hostView(1), fabric.hostView(2)]);
        const missing: string[] = [];
        if (first?.state !== "up") missing.push(`host 1 is ${first?.state}`);
        if (second?.ovsdb !== "connected") missing.push(`host 2's OVSDB is ${second?.ovsdb}`);
        const third = await fabric.hostView(3);
        if (third?.openflow !== "connected") missing.push(`host 3's OpenFlow is ${third?.openflow}`);
        return missing;
      });
      // Past the hold: what was not read by now must be kept none the less.
      await sleep((startHoldSec + 1) * 1000);
      const halves = await Promise.all([2, 3, 4].map((number) => fabric.hostView(number)));
      expect(halves.map((view) => [view?.ovsdb, view?.openflow, view?.state])).toEqual([
        ["connected", "disconnected", "joining"],
        ["disconnected", "connected", "down"],
        ["disconnected", "disconnected", "down"],
      ]);
      expect(await fabric.work()).toEqual(NO_WORK);
      expect(await installed(fabric)).toEqual(held);
      await h3!.release(PORTS.ovsdb);
      await sleep(1500);
      await h2!.release(PORTS.openflow);
      await sleep(1500);
      await h4!.release(PORTS.openflow);
      await sleep(1500);
      await h4!.release(PORTS.ovsdb);
      await fabric.settled({ timeoutSec: 40 });
    });
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(await shape(fabric)).toEqual(before);
    expect(await installed(fabric)).toEqual(held);
  });

  test("a new tunnel type is brought in host by host as they come back, and no ping is lost meanwhile", async () => {
    const [, h2, h3, h4] = fabric.lab.hosts;
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      await Promise.all([h2!, h4!].map((host) => host.hold(PORTS.openflow)));
      await Promise.all([h3!, h4!].map((host) => host.hold(PORTS.ovsdb)));
      await fabric.start({ tunnel: "vxlan" });
      await fabric.until(async () => ((await fabric.hostView(1))?.state === "up" ? [] : ["host 1 is not up"]));
      await sleep((startHoldSec + 1) * 1000);
      await h4!.release(PORTS.openflow);
      await h2!.release(PORTS.openflow);
      await sleep(1500);
      await h3!.release(PORTS.ovsdb);
      await sleep(1500);
      await h4!.release(PORTS.ovsdb);
      await fabric.settled({ timeoutSec: 40 });
      await fabric.until(async () => {
        const old = await Promise.all(fabric.lab.hosts.map((host) => host.vsctl("list-ports", "br-int")));
        return old.some((ports) => ports.includes("geneve")) ? [`old tunnels: ${old.join(" ")}`] : [];
      });
    });
  });
});

describeLab("a controller in a process of its own that is killed", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, child: true, tunnel: "vxlan" });
    guests = await fabric.populate({ perHost: 2 });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("with kill -9 and started again loses no ping, writes nothing, and knows all that it knew", async () => {
    const before = await shape(fabric);
    const held = await installed(fabric);
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.kill();
      await sleep(1000);
      await fabric.start();
      await fabric.settled();
    });
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(await shape(fabric)).toEqual(before);
    expect(await installed(fabric)).toEqual(held);
  });
});
