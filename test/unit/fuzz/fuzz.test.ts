// The short form of `npm run fuzz`: 20,000 damaged inputs for every parser.
import { describe, expect, it } from "vitest";
import { fuzz, MAX_CASE_MS } from "../../fuzz/fuzz.ts";
import { TARGETS } from "../../fuzz/targets.ts";

const CASES = 20_000;
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;

describe("damaged input", () => {
  it.each(TARGETS.map((target) => [target.name, target] as const))(
    "to the parser of %s is refused or taken, in time and without leaving anything behind",
    { timeout: 300_000 },
    (_, target) => {
      const result = fuzz(target, CASES, 1_000_000);
      expect(result.finds).toEqual([]);
      expect(result.accepted).toBeGreaterThan(0);
      expect(result.slowestMs).toBeLessThanOrEqual(MAX_CASE_MS);
      expect(result.grownBytes).toBeLessThan(MAX_GROWTH_BYTES);
    },
  );
});
