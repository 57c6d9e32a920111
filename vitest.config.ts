// Test lanes: "unit" (pure, parallel), "lab" (real Open vSwitch, three files at a time) and "lab-alone" (one at a time).
import { defineConfig } from "vitest/config";

/**
 * Real daemons on a busy machine: one more try, and the run names every test that needed it (scripts/run-tests.mjs). The
 * long form of the fault tests measures: what fails there has failed.
 */
const retry = process.env.WEFT_FAULTS === "long" ? 0 : 1;
const REAL = { setupFiles: ["test/setup.ts"], retry, testTimeout: 120_000, hookTimeout: 120_000 };

/** Those that say how fast paths heal, and those with the most hosts, have the machine for themselves. */
const ALONE = ["healing", "healing-pairs", "topology", "scenario-3", "faults-host", "faults-controller"].map(
  (name) => `test/lab/${name}.test.ts`,
);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: ["test/setup.ts"],
          include: ["test/unit/**/*.test.ts", "test/property/**/*.test.ts"],
          testTimeout: 30_000,
          // Vitest would leave a processor to itself.
          maxWorkers: 2,
          // Some compile the program before they try it.
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...REAL,
          name: "lab",
          include: ["test/lab/**/*.test.ts"],
          exclude: ALONE,
          // Labs mostly wait. Three stand side by side, with names of their own, once the unit tests have left the processors.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...REAL,
          name: "lab-alone",
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
