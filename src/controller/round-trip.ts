// How long a switch takes to answer.
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";

/** One is often kept waiting by something else; the least of several is not. */
const ROUNDS = 10;

/** Milliseconds, there and back, at its shortest. */
export async function roundTripMs(session: OpenFlowSession, { now }: Timers): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = now();
    await session.barrier();
    least = Math.min(least, now() - before);
  }
  return least;
}
