// The same scenarios on real Open vSwitch hosts and on simulated ones: what comes of them is compared, to the last flow and row.
import { afterAll, beforeAll, expect, test } from "vitest";
import { RealWorld } from "../worlds/real-world.ts";
import { HOSTS, SCENARIOS, SETTINGS } from "../worlds/scenarios.ts";
import { SimulatedWorld } from "../worlds/simulated-world.ts";
import { Account, differences } from "../worlds/snapshot.ts";
import type { World } from "../worlds/world.ts";
import { describeLab } from "./requires.ts";

/** `npm run test:worlds` */
const wantsLong = process.env.WEFT_FAULTS === "long";

describeLab("on real hosts and on simulated ones the same comes of it that", () => {
  let worlds: readonly World[] = [];

  beforeAll(async () => {
    worlds = await Promise.all([RealWorld.create(HOSTS, SETTINGS), SimulatedWorld.create(HOSTS, SETTINGS)]);
  });

  afterAll(async () => {
    for (const world of worlds) await world.destroy();
  });

  // What one leaves behind the next one finds: a second try would start from something else.
  for (const { title, run } of SCENARIOS.filter(({ isLong }) => wantsLong || isLong !== true))
    test(title, { retry: 0 }, async () => {
      const [real, simulated] = await Promise.all(
        worlds.map(async (world) => {
          const account = new Account(world);
          await run(world, account);
          return account.entries;
        }),
      );
      expect(differences(real ?? [], simulated ?? [])).toEqual([]);
    });
});
