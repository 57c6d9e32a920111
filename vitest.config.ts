// Test lanes: "unit" (pure, parallel) and "lab" (real Open vSwitch, two files at a time).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: ["test/setup.ts"],
          include: ["test/unit/**/*.test.ts", "test/property/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "lab",
          setupFiles: ["test/setup.ts"],
          include: ["test/lab/**/*.test.ts"],
          // Labs mostly wait. Two stand side by side, with names of their own, once the unit tests have left the processors.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          // Real daemons on a busy machine: one more try, and the run names every test that needed it (scripts/run-tests.mjs).
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
