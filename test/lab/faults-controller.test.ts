// A controller that is killed at random moments, stands still, or starts again and again: the hosts go on without it.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
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
    await fabric.quiet();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const held = () => heldBy(fabric.lab.hosts);

  /** Ports of declared guests on every host: each is an update of every switch. */
  const plug = (name: string, number: number) =>
    Promise.all(
      fabric.lab.hosts.map((host) =>
        host.vsctl(
          ...["--may-exist", "add-port", "br-int", name, "--", "set", "interface", name, "type=internal"],
          `external_ids:attached-mac="02:aa:00:00:0${host.index}:${number.toString(16).padStart(2, "0")}"`,
        ),
      ),
    );
  const unplug = (name: string) =>
    Promise.all(fabric.lab.hosts.map((host) => host.vsctl("--if-exists", "del-port", "br-int", name)));

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
          const changing = at % 2 === 1 ? plug("x1", 1) : unplug("x1");
          await sleep(random() * 400);
          await fabric.kill();
          await changing;
          slowest = Math.max(slowest, await secondsOf(startAndSettle));
        }
        await unplug("x1");
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
          await plug("x2", 2);
          await sleep(STANDS_STILL_SEC * 1000);
        } finally {
          process.kill(fabric.controllerPid, "SIGCONT");
        }
        seconds = await secondsOf(async () => {
          await fabric.until(async () => {
            const macs = (await fabric.ask("endpoints")).map((endpoint) => endpoint.mac);
            const wanted = fabric.lab.hosts.map((host) => `02:aa:00:00:0${host.index}:02`);
            return wanted.filter((mac) => !macs.includes(mac));
          }, RIGHT_AGAIN_SEC);
          await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC });
        });
        await unplug("x2");
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
