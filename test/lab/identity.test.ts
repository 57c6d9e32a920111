// Who is who: clones, hosts that were installed anew, indexes that are exchanged, strangers that come first.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, PORTS, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const timeouts = { startHoldSec: 6 };

describeLab("the identity of hosts", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, tunnel: "gre", settings: { timeouts } });
    guests = await fabric.populate({ perHost: 1 });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const idOf = (number: number) => `${fabric.lab.name}-h${number}`;
  const indexes = async () => new Map((await fabric.ask("hosts")).map((host) => [host.id, host.index]));

  test("a host that comes first after a restart, before all that were there, does not take their place", async () => {
    const before = await indexes();
    const old = fabric.lab.hosts;
    const stranger = await fabric.lab.addHost();
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      for (const host of old) await Promise.all([host.hold(PORTS.ovsdb), host.hold(PORTS.openflow)]);
      await fabric.start();
      await fabric.join(stranger);
      await fabric.until(async () => ((await fabric.hostView(4))?.ovsdb === "connected" ? [] : ["no stranger"]));
      for (const host of old) {
        await Promise.all([host.release(PORTS.ovsdb), host.release(PORTS.openflow)]);
        await sleep(200);
      }
      await fabric.lab.populate({ hosts: [stranger], perHost: 1 });
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
    const after = await indexes();
    expect([...before].map(([id]) => [id, after.get(id)])).toEqual([...before]);
    expect(after.get(idOf(4))).toBe(4);
  });

  test("a host that was installed anew under its old system-id is the host it was", async () => {
    const host = fabric.lab.host(2);
    const before = await indexes();
    const [g1, , g3] = guests as [Guest, Guest, Guest];
    await expectNoLoss([[g1, g3]], async () => {
      await host.vsctl(
        ...["del-br", "br-int", "--", "remove", "open_vswitch", ".", "external_ids"],
        ...["weft-index", "weft-fabric", "weft-host"],
      );
      await host.waitForBridge();
      const guest = fabric.lab.guests.find((one) => one.host === host.name)!;
      await host.vsctl("--may-exist", "add-port", "br-int", guest.port);
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
    expect(await indexes()).toEqual(before);
  });

  test("a clone of a host's disk under a new name gets an index of its own", async () => {
    const stored = await fabric.lab.host(1).vsctl("--format=json", "get", "open_vswitch", ".", "external_ids");
    const externalIds = Object.fromEntries(
      [...stored.matchAll(/(weft-[a-z-]+)="?([^",}]+)"?/g)].map((m) => [m[1], m[2]]),
    );
    expect(Object.keys(externalIds).sort()).toContain("weft-index");
    const before = await indexes();
    await expectNoLoss(pairsOf(guests), async () => {
      const clone = await fabric.lab.addHost({ externalIds: externalIds as Record<string, string> });
      await fabric.join(clone);
      await fabric.lab.populate({ hosts: [clone], perHost: 1 });
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
    const after = await indexes();
    expect([...before].map(([id]) => [id, after.get(id)])).toEqual([...before]);
    expect(after.get(idOf(5))).toBe(5);
  });

  test("a second host with the system-id of another is told so by name, and the first keeps service", async () => {
    await expectNoLoss(pairsOf(guests), async () => {
      const clone = await fabric.lab.addHost({ systemId: idOf(1) });
      await fabric.join(clone);
      const duplicate = async () =>
        (await fabric.hostView(1))?.problems.find((problem) => problem.code === "host/duplicate-id");
      await fabric.until(async () => ((await duplicate()) ? [] : ["nothing is told"]));
      expect((await duplicate())?.remedy).toContain(clone.ip);
      expect((await clone.vsctl("list-br")).split("\n")).toEqual(["br-phy"]);
      // With a name of its own it is welcome.
      await clone.vsctl("set", "open_vswitch", ".", `external_ids:system-id=${idOf(6)}`);
      await fabric.lab.populate({ hosts: [clone], perHost: 1 });
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
    expect((await indexes()).get(idOf(6))).toBe(6);
  });

  test("a switch with the datapath id of another host's, from another address, is told with the remedy, and costs that host nothing", async () => {
    const [one, three] = [fabric.lab.host(1), fabric.lab.host(3)];
    const dpid = (await one.vsctl("get", "bridge", "br-int", "datapath_id")).replaceAll('"', "").trim();
    const told = async () =>
      (await fabric.hostView(1))?.problems.find((problem) => problem.code === "switch/other-address");
    expect(await told()).toBeUndefined();
    await expectNoLoss(pairsOf(guests), async () => {
      await three.vsctl(
        ...["add-br", "br-x", "--", "set", "bridge", "br-x", "datapath_type=netdev", "fail_mode=secure"],
        ...[`other_config:datapath-id=${dpid}`, "other_config:disable-in-band=true", "protocols=OpenFlow13"],
        ...["--", "set-controller", "br-x", `tcp:${fabric.lab.controllerIp}:${PORTS.openflow}`],
      );
      await fabric.until(async () => ((await told()) ? [] : ["nothing is told"]));
      const problem = await told();
      expect(problem?.message).toContain(`${three.ip}:`);
      expect(problem?.message).toContain(`which is at ${one.ip}: it is not used`);
      expect(problem?.remedy).toContain("get-controller");
      // Nothing of the host's is written to it.
      expect(await three.ofctl("--no-stats", "dump-flows", "br-x")).not.toContain("cookie=0x5745");
      await three.vsctl("del-br", "br-x");
      await fabric.until(async () => ((await told()) ? ["it is still told"] : []));
      await fabric.settled();
    });
  });

  test("indexes that the configuration exchanges are exchanged, and every tunnel works afterwards", async () => {
    const before = await indexes();
    const [two, three] = [before.get(idOf(2)), before.get(idOf(3))];
    const hosts = { [idOf(2)]: { index: three }, [idOf(3)]: { index: two } };
    await fabric.stop();
    await fabric.start({ settings: { timeouts, hosts } });
    await fabric.until(async () => {
      const now = await indexes();
      return now.get(idOf(2)) === three && now.get(idOf(3)) === two ? [] : [JSON.stringify([...now])];
    });
    await fabric.settled({ guests: [] });
    await fabric.lab.waitUntilAllPing();
    await fabric.settled();
  });
});
