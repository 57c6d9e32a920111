// The short scenarios in a world of simulated hosts alone: what each expects of a fabric. Beside real hosts: test/lab/both-worlds.test.ts.
import { afterAll, beforeAll, describe, it } from "vitest";
import { HOSTS, SCENARIOS, SETTINGS } from "../../worlds/scenarios.ts";
import { SimulatedWorld } from "../../worlds/simulated-world.ts";
import { Account } from "../../worlds/snapshot.ts";

/** Frames take no time here, and no kernel finds out later. */
const QUIET_MS = 150;

describe("in a world of simulated hosts", { timeout: 60_000 }, () => {
  let world: SimulatedWorld;

  beforeAll(async () => {
    world = await SimulatedWorld.create(HOSTS, SETTINGS, QUIET_MS);
  });

  afterAll(() => world?.destroy());

  for (const { title, run } of SCENARIOS.filter(({ isLong }) => isLong !== true))
    it(title, () => run(world, new Account(world)));
});
