// Guests that speak in a large lab, where a broadcast takes its time: hosts answer their controller in between.
import { expect, it } from "vitest";
import { Chatter } from "../../../../src/lab/simulated/chatter.ts";
import { Guest } from "../../../../src/sim/guest.ts";

/** More than a turn may take. */
const LONG_MS = 60;

it("Guests whose broadcasts take long speak in turns of their own, and each gets its turn", async () => {
  const chatter = new Chatter();
  let turn = 0;
  const spoke: { readonly name: string; readonly turn: number }[] = [];
  for (const name of ["g1a", "g2a", "g3a"]) {
    const send = (): void => {
      spoke.push({ name, turn });
      const endMs = performance.now() + LONG_MS;
      while (performance.now() < endMs);
      setImmediate(() => {
        turn += 1;
      });
    };
    chatter.add(name, new Guest(name, "02:00:00:00:00:01", "10.0.0.1", send));
  }
  try {
    await expect.poll(() => new Set(spoke.map(({ name }) => name)).size, { timeout: 20_000 }).toBe(3);
  } finally {
    chatter.stop();
  }
  expect(spoke.slice(0, 3).map(({ name }) => name)).toEqual(["g1a", "g2a", "g3a"]);
  expect(new Set(spoke.map((one) => one.turn)).size).toBe(spoke.length);
});
