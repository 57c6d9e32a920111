// Pings between all pairs of guests, in parallel but bounded.
import { setTimeout as sleep } from "node:timers/promises";
import type { Guest } from "./guest.ts";
import { LabError } from "./lab-error.ts";
import { mapLimited } from "./limited.ts";
import type { PingOptions, PingResult } from "./ping.ts";

export interface PingPair {
  readonly from: string;
  readonly to: string;
  readonly result: PingResult;
  /** Every echo came back, once. */
  readonly ok: boolean;
}

export interface PingMatrix {
  readonly guests: readonly string[];
  /** In the order of the guests, first by sender. */
  readonly pairs: readonly PingPair[];
  readonly failed: readonly PingPair[];
  readonly ok: boolean;
}

export interface PingMatrixOptions extends PingOptions {
  /** Pings that run at one time; 16 unless given. */
  readonly parallel?: number;
}

export const orderedPairs = <T>(items: readonly T[]): [T, T][] =>
  items.flatMap((from) => items.filter((to) => to !== from).map((to): [T, T] => [from, to]));

export async function pingMatrix(guests: readonly Guest[], options: PingMatrixOptions = {}): Promise<PingMatrix> {
  const pairs = await mapLimited(orderedPairs(guests), options.parallel ?? 16, async ([from, to]) => {
    const result = await from.ping(to.ip, options);
    const ok = result.received === result.sent && result.duplicates === 0;
    return { from: from.name, to: to.name, result, ok };
  });
  const failed = pairs.filter((pair) => !pair.ok);
  return { guests: guests.map((guest) => guest.name), pairs, failed, ok: failed.length === 0 };
}

/** Repeats until every pair pings; rejects with the pairs that do not. */
export async function waitUntilAllPing(guests: readonly Guest[], timeoutSec: number): Promise<void> {
  const deadline = Date.now() + timeoutSec * 1000;
  for (;;) {
    const { failed } = await pingMatrix(guests, { count: 1, timeoutSec: 1 });
    if (failed.length === 0) return;
    if (Date.now() > deadline) {
      const list = failed.map((pair) => `${pair.from} -> ${pair.to}`).join(", ");
      throw new LabError("lab/timeout", `after ${timeoutSec} s these do not ping: ${list}`, { context: { failed } });
    }
    await sleep(100);
  }
}
