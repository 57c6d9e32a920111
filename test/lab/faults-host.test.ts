// A host's daemons are killed, its database is lost, its paths are cut: what does not concern others costs them nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, PORTS, pairsOf } from "./fabric.ts";
import { loseDatabase, recordMeasured, scale, secondsOf, testMs } from "./faults.ts";
import { describeLab } from "./requires.ts";

const probeSec = 1;
/** From the switch's OpenFlow connection to its flows. */
const FLOWS_BACK_SEC = 2;
const DATABASE_AWAY_SEC = scale([3], [3, 60]);
const PARTITION_SEC = scale([3], [5, 60, 600]);
const CONTROL_CUT_SEC = scale(1, 60);
/** Of a connection through which nothing comes any more. */
const NOTICED_WITHIN_SEC = 15;

describeLab("a fabric of three hosts, one of which has bad luck", () => {
  let fabric: FabricUnderTest;
  let g1: Guest;
  let g2: Guest;
  let g3: Guest;
  let unlucky: Host;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, settings: { timeouts: { probeSec } } });
    [g1, g2, g3] = (await fabric.populate({ perHost: 1 })) as [Guest, Guest, Guest];
    unlucky = fabric.lab.host(3);
    await fabric.allHeard();
    await fabric.quiet();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const repaired = async () => {
    await fabric.lab.waitUntilAllPing();
    await fabric.settled();
  };
  /** What the others have by way of tunnels to the unlucky host: rows and all. */
  const tunnelsOfOthers = () =>
    Promise.all(
      [1, 2].map((number) =>
        fabric.lab.host(number).vsctl("--columns=_uuid,name,type,options,ofport", "list", "interface"),
      ),
    );

  test("flows are back within 2 s of the connection of an ovs-vswitchd that was restarted; other pairs lose nothing", async () => {
    let secondsUntilRight = Number.NaN;
    const pings = await expectNoLoss([[g1, g2]], async () => {
      await unlucky.vswitchd.kill();
      await fabric.until(async () =>
        (await fabric.hostView(3))?.openflow === "disconnected" ? [] : ["still connected by OpenFlow"],
      );
      const started = unlucky.vswitchd.start();
      await fabric.until(async () => ((await fabric.hostView(3))?.openflow === "connected" ? [] : ["no connection"]));
      secondsUntilRight = await secondsOf(() =>
        fabric.until(async () => {
          const { desired, installed } = (await fabric.hostView(3))?.flows ?? { desired: 1, installed: 0 };
          return desired > 20 && installed === desired ? [] : [`${installed} flows of ${desired}`];
        }, FLOWS_BACK_SEC),
      );
      await started;
      await repaired();
    });
    const fault = "ovs-vswitchd restarted: from its connection to its flows";
    recordMeasured("host", { fault, repetitions: 1, pings, secondsUntilRight });
  });

  test(
    // Without its database ovs-vswitchd stands still, and with it a userspace datapath, whoever controls it: the host's
    // own pairs can't be asked for.
    "a database that is away costs others no ping, and no transaction",
    async () => {
      const before = await fabric.work();
      const tunnels = await tunnelsOfOthers();
      for (const seconds of DATABASE_AWAY_SEC) {
        let secondsUntilRight = Number.NaN;
        const pings = await expectNoLoss([[g1, g2]], async () => {
          await unlucky.ovsdb.kill();
          await sleep(seconds * 1000);
          await unlucky.ovsdb.start();
          secondsUntilRight = await secondsOf(repaired);
        });
        const fault = `ovsdb-server away for ${seconds} s`;
        recordMeasured("host", { fault, repetitions: 1, pings, secondsUntilRight });
      }
      expect((await fabric.work()).ovsdbTransactions).toBe(before.ovsdbTransactions);
      expect(await tunnelsOfOthers()).toEqual(tunnels);
    },
    testMs(60, 150),
  );

  test.each([
    ["while ovs-vswitchd runs", false],
    ["with ovs-vswitchd, as in a reboot", true],
  ] as const)(
    "a database that is lost %s leaves the host its index, and others' tunnels to it as they are; other pairs lose nothing",
    async (how, reboot) => {
      const tunnels = await tunnelsOfOthers();
      const before = await fabric.hostView(3);
      const names = (await unlucky.vsctl("list-ports", "br-int")).split("\n").sort();
      let secondsUntilRight = Number.NaN;
      const pings = await expectNoLoss([[g1, g2]], async () => {
        await loseDatabase(fabric.lab, unlucky, reboot);
        secondsUntilRight = await secondsOf(async () => {
          await fabric.join(3);
          await unlucky.waitForBridge();
          await unlucky.vsctl("add-port", "br-int", g3.port);
          await repaired();
        });
      });
      const after = await fabric.hostView(3);
      expect([after?.id, after?.index, after?.tunnelIp]).toEqual([before?.id, before?.index, before?.tunnelIp]);
      expect((await fabric.ask("hosts")).length).toBe(3);
      expect((await unlucky.vsctl("list-ports", "br-int")).split("\n").sort()).toEqual(names);
      expect(await tunnelsOfOthers()).toEqual(tunnels);
      recordMeasured("host", { fault: `database lost ${how}`, repetitions: 1, pings, secondsUntilRight });
    },
    testMs(60, 60),
  );

  test(
    "a path that is cut between hosts is whole again afterwards, with nothing written that lasts",
    async () => {
      const tunnels = await tunnelsOfOthers();
      const rows = await unlucky.vsctl("--columns=_uuid,name,type,options,ofport", "list", "interface");
      for (const seconds of PARTITION_SEC) {
        let secondsUntilRight = Number.NaN;
        const pings = await expectNoLoss([[g1, g2]], async () => {
          await Promise.all([fabric.lab.cut(1, 3), fabric.lab.cut(2, 3)]);
          await sleep(seconds * 1000);
          await Promise.all([fabric.lab.heal(1, 3), fabric.lab.heal(2, 3)]);
          secondsUntilRight = await secondsOf(repaired);
        });
        const fault = `underlay partition of ${seconds} s`;
        recordMeasured("host", { fault, repetitions: 1, pings, secondsUntilRight });
      }
      expect(await tunnelsOfOthers()).toEqual(tunnels);
      expect(await unlucky.vsctl("--columns=_uuid,name,type,options,ofport", "list", "interface")).toBe(rows);
    },
    testMs(60, 900),
  );

  test(
    "the control path alone cut, to all hosts, costs nobody a ping; when it is back nothing is written",
    async () => {
      const { hosts } = fabric.lab;
      const ports = [PORTS.ovsdb, PORTS.openflow];
      const before = await fabric.work();
      let secondsUntilRight = Number.NaN;
      const pings = await expectNoLoss(pairsOf(fabric.lab.guests), async () => {
        await Promise.all(hosts.flatMap((host) => ports.map((port) => host.hold(port))));
        const since = performance.now();
        await fabric.until(async () => {
          const there = (await fabric.ask("hosts")).filter((host) => host.state !== "down");
          return there.map(({ id }) => `${id} is thought to be there`);
        }, NOTICED_WITHIN_SEC);
        await sleep(Math.max(0, CONTROL_CUT_SEC * 1000 - (performance.now() - since)));
        await Promise.all(hosts.flatMap((host) => ports.map((port) => host.release(port))));
        secondsUntilRight = await secondsOf(repaired);
      });
      expect({ ...(await fabric.work()), sessionErrors: 0 }).toEqual({ ...before, sessionErrors: 0 });
      const fault = `control path alone cut for ${CONTROL_CUT_SEC} s`;
      recordMeasured("host", { fault, repetitions: 1, pings, secondsUntilRight });
    },
    testMs(90, 200),
  );

  test("a wall clock that jumps by an hour or by years disconnects nobody, and changes nothing", async () => {
    await fabric.quiet();
    const before = await fabric.work();
    const views = async () =>
      (await fabric.ask("hosts")).map(({ id, ovsdb, openflow, state }) => [id, ovsdb, openflow, state]);
    const connected = await views();
    expect(connected.every(([, ...states]) => states.join() === "connected,connected,up")).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      for (const at of ["1971-01-01T00:00:00Z", "1971-01-01T01:00:00Z", "2038-02-01T00:00:00Z"]) {
        vi.setSystemTime(new Date(at));
        // Longer than what a silent peer is given.
        await sleep(2 * probeSec * 1000 + 200);
        expect(await views()).toEqual(connected);
      }
    } finally {
      vi.useRealTimers();
    }
    expect(await fabric.work()).toEqual(before);
  });

  test("a tunnel IP or a datapath id that another has is told of both, by name; the first is served, and the second when it has its own", async () => {
    const [first, second] = [fabric.lab.host(1), unlucky].map((host) => `${fabric.lab.name}-${host.name}`);
    const told = async (code: string, ...of: readonly number[]) => {
      await fabric.until(async () => {
        const views = await Promise.all(of.map((number) => fabric.hostView(number)));
        return views.flatMap((view) => {
          const found = view?.problems.find((problem) => problem.code === code);
          const isNamed = [first, second].every((id) => found?.message.includes(id ?? ""));
          return isNamed && found?.remedy.startsWith(`on ${second}: ovs-vsctl set`) ? [] : [`${code} of ${view?.id}`];
        });
      }, NOTICED_WITHIN_SEC);
    };
    let secondsUntilRight = 0;
    const rightAgain = async () => {
      const seconds = await secondsOf(() =>
        fabric.until(async () => (await fabric.hostView(3))?.problems.map((one) => one.code) ?? ["no host"]),
      );
      await repaired();
      secondsUntilRight = Math.max(secondsUntilRight, seconds);
    };
    const pings = await expectNoLoss([[g1, g2]], async () => {
      await unlucky.vsctl("set", "open_vswitch", ".", `external_ids:weft-tunnel-ip=${fabric.lab.host(1).ip}`);
      await told("host/tunnel-ip-taken", 3);
      await unlucky.vsctl("remove", "open_vswitch", ".", "external_ids", "weft-tunnel-ip");
      await rightAgain();
      const dpid = (await fabric.hostView(1))?.dpid;
      await unlucky.vsctl("set", "bridge", "br-int", `other_config:datapath-id=${dpid}`);
      await told("host/duplicate-dpid", 1, 3);
      expect(await fabric.hostView(1)).toMatchObject({ state: "up", openflow: "connected" });
      expect((await fabric.hostView(3))?.state).not.toBe("up");
      await unlucky.vsctl("remove", "bridge", "br-int", "other_config", "datapath-id");
      await rightAgain();
    });
    expect((await fabric.hostView(1))?.problems).toEqual([]);
    const fault = "a tunnel IP, then a datapath id, that another host has";
    recordMeasured("host", { fault, repetitions: 1, pings, secondsUntilRight });
  });

  test("after all of it a controller that starts finds nothing to do", async () => {
    await fabric.allHeard();
    await fabric.quiet();
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
