// The fleet's process: does what it is asked for, one line of work after the other.
import { FleetWork } from "./work.ts";

interface Question {
  readonly id: number;
  readonly method: keyof FleetWork;
  readonly args: readonly unknown[];
}

const work = new FleetWork();

process.on("message", async ({ id, method, args }: Question) => {
  try {
    const call = work[method] as (...given: readonly unknown[]) => unknown;
    process.send?.({ id, result: await call.apply(work, [...args]) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
// It lives no longer than the benchmark.
process.on("disconnect", () => process.exit());
