// Test lanes: "unit" (pure, parallel) and "lab" (real Open vSwitch, one file at a time: the hosts share one kernel).
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
          fileParallelism: false,
          // Real daemons on a busy machine: one more try, and the run names every test that needed it (scripts/run-tests.mjs).
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
