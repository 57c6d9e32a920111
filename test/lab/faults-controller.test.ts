// A controller that is killed at random moments, stands still, or starts again and again: the hosts go on without it.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { heldBy, randomOf, recordMeasured, SEED, scale, secondsOf, testMs } from "./faults.ts";
import { describeLab } from "./requires.ts";

/** What is promised for a controller that is back. */
const RIGHT_AGAIN_SEC = 15;
const KILLS = scale(2, 50);
const RESTARTS = scale(2, 200);
const STANDS_STILL_SEC = scale(6, 60);

describeLab(`a fabric whose controller fails (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, child: true, settings: { timeouts: { startHoldSec: 1 } } });
    guests = await fabric.populate({ perHost: 1 });
    await fabric.allHeard();
    for (const host of fabric.lab.hosts)
      await host.vsctl("add-port", "br-int", "x", "--", "set", "interface", "x", "type=internal");
    await fabric.quiet();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const held = () => heldBy(fabric.lab.hosts);

  /**
   * A declared guest on every host: each is an update of every switch. Its port is there all the time: Open vSwitch's
   * userspace datapath may drop a packet when it takes a port in, also while no controller runs.
   */
  const plug = (number: number) =>
    Promise.all(
      fabric.lab.hosts.map((host) =>
        host.vsctl("set", "interface", "x", `external_ids:attached-mac="${macOf(host, number)}"`),
      ),
    );
  const unplug = () =>
    Promise.all(fabric.lab.hosts.map((host) => host.vsctl("remove", "interface", "x", "external_ids", "attached-mac")));
  const macOf = (host: Host, number: number): string =>
    `02:aa:00:00:0${host.index}:${number.toString(16).padStart(2, "0")}`;

  const startAndSettle = async () => {
    await fabric.start();
    await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC });
  };

  test(
    `killed ${KILLS} times in the middle of updates, it leaves nothing half done: no ping is lost, and the next one is right within 15 s`,
    async () => {
      let slowest = 0;
      const pings = await expectNoLoss(pairsOf(guests), async () => {
        for (let at = 1; at <= KILLS; at++) {
          const changing = at % 2 === 1 ? plug(1) : unplug();
          await sleep(random() * 400);
          await fabric.kill();
          await changing;
          slowest = Math.max(slowest, await secondsOf(startAndSettle));
        }
        await unplug();
        await fabric.settled();
      });
      await fabric.stop();
      await fabric.start();
      await fabric.settled();
      expect(await fabric.work()).toEqual(NO_WORK);
      recordMeasured("controller", {
        fault: "controller killed at random points in the middle of updates",
        repetitions: KILLS,
        pings,
        secondsUntilRight: slowest,
      });
    },
    testMs(120, 900),
  );

  test(
    "standing still, it costs no ping, and is right again within 15 s of going on",
    async () => {
      const before = await held();
      let seconds = Number.NaN;
      const pings = await expectNoLoss(pairsOf(guests), async () => {
        process.kill(fabric.controllerPid, "SIGSTOP");
        try {
          await plug(2);
          await sleep(STANDS_STILL_SEC * 1000);
        } finally {
          process.kill(fabric.controllerPid, "SIGCONT");
        }
        seconds = await secondsOf(async () => {
          await fabric.until(async () => {
            const macs = (await fabric.ask("endpoints")).map((endpoint) => endpoint.mac);
            const wanted = fabric.lab.hosts.map((host) => macOf(host, 2));
            return wanted.filter((mac) => !macs.includes(mac));
          }, RIGHT_AGAIN_SEC);
          await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC });
        });
        await unplug();
        await fabric.settled();
      });
      expect(await held()).toEqual(before);
      const fault = `controller stands still for ${STANDS_STILL_SEC} s`;
      recordMeasured("controller", { fault, repetitions: 1, pings, secondsUntilRight: seconds });
    },
    testMs(120, 200),
  );

  test(
    `started ${RESTARTS} times in a row, it leaves no drift and no residue, and each time finds nothing to do`,
    async () => {
      const before = await held();
      let slowest = 0;
      const pings = await expectNoLoss(pairsOf(guests), async () => {
        for (let at = 0; at < RESTARTS; at++) {
          if (at % 2 === 0) await fabric.kill();
          else await fabric.stop();
          slowest = Math.max(slowest, await secondsOf(startAndSettle));
          expect(await fabric.work()).toEqual(NO_WORK);
        }
      });
      expect(await held()).toEqual(before);
      recordMeasured("controller", {
        fault: "controller restarted in a row, killed and stopped by turns",
        repetitions: RESTARTS,
        pings,
        secondsUntilRight: slowest,
      });
    },
    testMs(120, 3600),
  );
});
