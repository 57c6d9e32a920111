// Ports that flap and a MAC that is everywhere: few writes a second, rest soon after the end; and a reload that costs nothing.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callControl } from "../../src/api/index.ts";
import type { Guest } from "../../src/lab/index.ts";
import { arpFrame } from "../../src/trace/index.ts";
import { expectNoLoss, FabricUnderTest } from "./fabric.ts";
import { recordMeasured, scale, secondsOf, testMs } from "./faults.ts";
import { describeLab } from "./requires.ts";
import { sendFrames } from "./send-frames.ts";

const SECONDS = scale(3, 60);
const SETTLES_WITHIN_SEC = 3;
const FLAPS_PER_SEC = 100;
const MOVES_PER_SEC = 50;
/** Three switches and three databases: each is written to 30 times at once, and 10 times a second from then on. */
const MOST_WRITES_PER_SEC = 6 * (30 / SECONDS + 10);
const QUIET_MS = 500;
const rounded = (figure: number): number => Number(figure.toFixed(1));

describeLab("a fabric of three hosts", () => {
  let fabric: FabricUnderTest;
  let g1: Guest;
  let g2: Guest;
  let g3: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, child: true });
    [g1, g2, g3] = (await fabric.populate({ perHost: 1 })) as [Guest, Guest, Guest];
    await fabric.allHeard();
    await fabric.quiet();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const writes = async () => {
    const { bundles = 0, ovsdbTransactions = 0 } = await fabric.work();
    return bundles + ovsdbTransactions;
  };

  /** Until the churn is over, and then until nothing is written any more. */
  async function during<T>(churn: () => Promise<T>) {
    const before = await writes();
    const started = performance.now();
    const result = await churn();
    const seconds = (performance.now() - started) / 1000;
    const writesPerSec = ((await writes()) - before) / seconds;
    const untilRest = await secondsOf(() => fabric.quiet(SETTLES_WITHIN_SEC + QUIET_MS / 1000));
    return { result, writesPerSec, untilRest };
  }

  test(
    `a port that flaps ${FLAPS_PER_SEC} times a second is written for a few times a second, and rests when it does; others lose nothing`,
    async () => {
      const script = join(import.meta.dirname, "flap_link.py");
      const flap = ["/usr/bin/python3", script, g3.device, `${SECONDS}`, `${FLAPS_PER_SEC}`];
      let churn: Awaited<ReturnType<typeof during<string>>> | undefined;
      const pings = await expectNoLoss([[g1, g2]], async () => {
        churn = await during(async () => (await g3.exec(flap, { timeoutSec: SECONDS + 30 })).stdout);
      });
      if (churn === undefined) throw new Error("nothing flapped");
      const { flaps, seconds } = JSON.parse(churn.result) as { flaps: number; seconds: number };
      expect(flaps / seconds).toBeGreaterThan(0.9 * FLAPS_PER_SEC);
      expect(churn.writesPerSec).toBeLessThan(MOST_WRITES_PER_SEC);
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
      recordMeasured("churn", {
        fault: `port flaps for ${SECONDS} s`,
        repetitions: flaps,
        pings,
        secondsUntilRight: churn.untilRest,
        figures: { flapsPerSecond: rounded(flaps / seconds), writesPerSecond: rounded(churn.writesPerSec) },
      });
    },
    testMs(60, 150),
  );

  test(
    `a MAC that is heard on two hosts by turns, ${MOVES_PER_SEC} times a second, is written for a few times a second; others lose nothing`,
    async () => {
      const frame = arpFrame({
        source: "02:bb:00:00:00:01",
        destination: "ff:ff:ff:ff:ff:ff",
        operation: 1,
        senderIp: "10.0.99.1",
        targetIp: "10.0.99.1",
      });
      const frames = Array.from({ length: (SECONDS * MOVES_PER_SEC) / 2 }, () => frame);
      const gapSec = 2 / MOVES_PER_SEC;
      let churn: Awaited<ReturnType<typeof during<number>>> | undefined;
      const pings = await expectNoLoss([[g1, g2]], async () => {
        churn = await during(async () => {
          const first = sendFrames(g2, frames, { gapSec });
          await sleep(gapSec * 500);
          return Math.max(...(await Promise.all([first, sendFrames(g3, frames, { gapSec })])));
        });
      });
      if (churn === undefined) throw new Error("nothing moved");
      const moves = 2 * frames.length;
      expect(moves / churn.result).toBeGreaterThan(0.9 * MOVES_PER_SEC);
      expect(churn.writesPerSec).toBeLessThan(MOST_WRITES_PER_SEC);
      await fabric.lab.waitUntilAllPing();
      recordMeasured("churn", {
        fault: `MAC moves for ${SECONDS} s`,
        repetitions: moves,
        pings,
        secondsUntilRight: churn.untilRest,
        figures: { movesPerSecond: rounded(moves / churn.result), writesPerSecond: rounded(churn.writesPerSec) },
      });
    },
    testMs(60, 150),
  );

  test("a reload takes a new network over, and refuses what is wrong: no ping is lost by either", async () => {
    const [control, config] = [join(fabric.lab.dir, "controller.sock"), join(fabric.lab.dir, "weft.yaml")];
    const running = JSON.parse(readFileSync(config, "utf8"));
    const write = (text: string): void => {
      writeFileSync(`${config}.new`, text);
      renameSync(`${config}.new`, config);
    };
    await fabric.quiet();
    const before = await fabric.work();
    await expectNoLoss(
      [
        [g1, g2],
        [g1, g3],
        [g2, g3],
      ],
      async () => {
        for (const wrong of ["", '{"networks": {"blue"', `${JSON.stringify(running).slice(0, -1)}, "netwroks": {}}`]) {
          write(wrong);
          await expect(callControl(control, "reload", [])).rejects.toThrow(/weft\.yaml:\d+:\d+: /);
        }
        expect(await fabric.work()).toEqual(before);
        write(JSON.stringify({ ...running, networks: { blue: { tag: 7, vni: 77_777 } }, punts: { burst: 50 } }));
        expect(JSON.parse(await callControl(control, "reload", ["--json"]))).toEqual({
          applied: ["networks.blue", "punts.burst"],
          needsRestart: [],
        });
        await fabric.settled();
      },
    );
    expect((await fabric.work()).meterMods).toBeGreaterThan(before.meterMods ?? 0);
  });
});
