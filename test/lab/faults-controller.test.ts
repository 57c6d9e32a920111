// A controller that is killed at random moments, stands still, or starts again and again: the hosts go on without it.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { randomOf, SEED, scale, testMs } from "./faults.ts";
import { describeLab } from "./requires.ts";

/** What is promised for a controller that is back. */
const RIGHT_AGAIN_SEC = 15;
const KILLS = scale(2, 50);
const RESTARTS = scale(2, 200);

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

  /** All that stands in the hosts' databases by Weft's hand, and what their switches hold. */
  const held = () =>
    Promise.all(
      fabric.lab.hosts.map(async (host) => ({
        flows: (await host.ofctl("--no-stats", "--sort", "dump-flows", "br-int")).split("\n").sort(),
        groups: (await host.ofctl("dump-groups", "br-int")).split("\n").slice(1).sort(),
        meters: (await host.ofctl("dump-meters", "br-int")).split("\n").slice(1).sort(),
        rows: await host.vsctl("--columns=name,type,options,ofport,external_ids", "list", "interface"),
      })),
    );

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

  test(
    `killed ${KILLS} times in the middle of updates, it leaves nothing half done: no ping is lost, and the next one is right within 15 s`,
    async () => {
      await expectNoLoss(pairsOf(guests), async () => {
        for (let at = 1; at <= KILLS; at++) {
          const changing = at % 2 === 1 ? plug("x1", 1) : unplug("x1");
          await sleep(random() * 400);
          await fabric.kill();
          await changing;
          await fabric.start();
          await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC });
        }
        await unplug("x1");
        await fabric.settled();
      });
      await fabric.stop();
      await fabric.start();
      await fabric.settled();
      expect(await fabric.work()).toEqual(NO_WORK);
    },
    testMs(120, 900),
  );

  test(
    "standing still, it costs no ping, and is right again within 15 s of going on",
    async () => {
      const before = await held();
      await expectNoLoss(pairsOf(guests), async () => {
        process.kill(fabric.controllerPid, "SIGSTOP");
        try {
          await plug("x2", 2);
          await sleep(scale(6_000, 60_000));
        } finally {
          process.kill(fabric.controllerPid, "SIGCONT");
        }
        await fabric.until(async () => {
          const macs = (await fabric.ask("endpoints")).map((endpoint) => endpoint.mac);
          const wanted = fabric.lab.hosts.map((host) => `02:aa:00:00:0${host.index}:02`);
          return wanted.filter((mac) => !macs.includes(mac));
        }, RIGHT_AGAIN_SEC);
        await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC });
        await unplug("x2");
        await fabric.settled();
      });
      expect(await held()).toEqual(before);
    },
    testMs(120, 200),
  );

  test(
    `started ${RESTARTS} times in a row, it leaves no drift and no residue, and each time finds nothing to do`,
    async () => {
      const before = await held();
      await expectNoLoss(pairsOf(guests), async () => {
        for (let at = 0; at < RESTARTS; at++) {
          if (at % 2 === 0) await fabric.kill();
          else await fabric.stop();
          await fabric.start();
          await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC });
          expect(await fabric.work()).toEqual(NO_WORK);
        }
      });
      expect(await held()).toEqual(before);
    },
    testMs(120, 3600),
  );
});
