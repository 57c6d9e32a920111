// The gate of the real-switch suite: it runs where it can, says loudly where it cannot, and fails in CI if it did not run.
import { beforeAll, describe, test } from "vitest";
import { checkRequirements, Lab, type Missing } from "../../src/lab/index.ts";

const always = checkRequirements();

/** Whether real Open vSwitch hosts can be built here. */
export const labIsPossible = always.length === 0;

/**
 * `describe` for tests on real Open vSwitch hosts. Without root or Open vSwitch they are skipped, and in CI that is a failure.
 * @param further what this suite needs beside, and lacks.
 */
export function describeLab(title: string, body: () => void, further: readonly Missing[] = []): void {
  const missing = [...always, ...further];
  if (missing.length === 0) {
    describe(title, () => {
      // What a run that was killed has left would take memory and time from this one.
      beforeAll(() => Lab.sweep());
      body();
    });
    return;
  }
  const list = missing.map(({ what, remedy }) => `  - ${what}: ${remedy}`).join("\n");
  const notice = `The real-switch suite "${title}" DID NOT RUN. Missing on this machine:\n${list}`;
  process.stderr.write(`\n${"=".repeat(100)}\n${notice}\n${"=".repeat(100)}\n\n`);
  if (process.env.CI === "true")
    test(`${title} can run in CI`, () => {
      throw new Error(notice);
    });
  else describe.skip(title, body);
}
