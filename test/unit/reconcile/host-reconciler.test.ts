// What a host's reconciler tells of others' hands, on a real ovsdb-server: words come after the deed, and not before it.
import { expect, it } from "vitest";
import type { DesiredRows } from "../../../src/pipeline/rows.ts";
import { HostReconciler } from "../../../src/reconcile/host-reconciler.ts";
import { Incidents } from "../../../src/reconcile/incidents.ts";
import type { Timers } from "../../../src/reconcile/timers.ts";
import type { OvsdbSession } from "../../../src/southbound/ovsdb/index.ts";
import type { RealServer } from "../southbound/ovsdb/real-server.ts";
import { useDatabase } from "./database-for-tests.ts";
import { desiredRows } from "./desired-rows-for-tests.ts";

const desired = desiredRows();

let server: RealServer;
let session: OvsdbSession;

useDatabase((database) => {
  ({ server, session } = database);
});

/** Retries come when a test says so. */
class TimersByHand implements Timers {
  readonly #waiting = new Set<() => void>();
  now = (): number => performance.now();
  setTimer = (_delayMs: number, callback: () => void): { cancel(): void } => {
    this.#waiting.add(callback);
    return { cancel: () => void this.#waiting.delete(callback) };
  };

  ring(): void {
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) callback();
  }
}

/** A reconciler at rest, with a database that can be made to wait or to refuse. */
async function atRest() {
  const timers = new TimersByHand();
  const incidents = new Incidents({ code: "host/tampered", timers, timeOfDay: () => "12:00:00" });
  let mayWrite: Promise<void> = Promise.resolve();
  let asked = 0;
  let wanted = desired;
  const reconciler = new HostReconciler(
    {
      label: "the database",
      get rows() {
        return session.rows;
      },
      transact: async (operations) => {
        asked += 1;
        await mayWrite;
        await session.transact(operations);
      },
    },
    {
      desired: () => wanted,
      applied: () => undefined,
      tampered: ({ mended, lost }) => {
        incidents.told(mended, true);
        incidents.told(lost, false);
      },
      settled: () => incidents.restored(),
      failed: () => undefined,
    },
    timers,
  );
  const once = async (): Promise<void> => {
    reconciler.wake();
    await reconciler.idle();
  };
  await once();
  await once();
  asked = 0;
  return {
    timers,
    reconciler,
    once,
    told: () => incidents.problems.map((one) => one.message).join(),
    asked: () => asked,
    want: (other: DesiredRows) => {
      wanted = other;
    },
    writesAfter: (promise: Promise<void>) => {
      mayWrite = promise;
      promise.catch(() => undefined);
    },
  };
}

async function administrator(...command: readonly string[]): Promise<void> {
  const before = session.rows;
  server.vsctl(...command);
  await expect.poll(() => session.rows !== before).toBe(true);
}

const tunnels = () => [...session.rows.interfaces.values()].filter(({ type }) => type === "geneve").length;
const nameOfTunnel = () => [...session.rows.interfaces.values()].find(({ type }) => type === "geneve")?.name ?? "";

it("A tunnel that somebody deletes is told as being restored until the transaction that makes it again is done", async () => {
  const { reconciler, once, told, asked, writesAfter } = await atRest();
  let go: () => void = () => undefined;
  writesAfter(
    new Promise((resolve) => {
      go = resolve;
    }),
  );
  await administrator("del-port", nameOfTunnel());
  reconciler.wake();
  await expect.poll(asked).toBe(1);
  // Woken by whatever else changes meanwhile.
  reconciler.wake();
  expect(tunnels()).toBe(0);
  expect(told()).toContain("was deleted by somebody else at 12:00:00; being restored");
  go();
  await reconciler.idle();
  await once();
  expect(tunnels()).toBe(1);
  expect(told()).toContain("was deleted by somebody else at 12:00:00; restored");
});

it("While the database refuses the repair it is being restored, and restored when it takes it", async () => {
  const { timers, reconciler, once, told, writesAfter } = await atRest();
  writesAfter(Promise.reject(new Error("the disk is full")));
  await administrator("del-port", nameOfTunnel());
  for (let at = 0; at < 3; at++) {
    await once();
    expect(told()).toContain("; being restored");
    expect(reconciler.problems.map(({ code }) => code)).toEqual(["host/transaction-failed"]);
    timers.ring();
    await reconciler.idle();
  }
  writesAfter(Promise.resolve());
  timers.ring();
  await reconciler.idle();
  await once();
  expect(tunnels()).toBe(1);
  expect(told()).toContain("; restored");
  expect(reconciler.problems).toEqual([]);
});

it("A tunnel that can't be made again before ovs-vswitchd has done what was asked of it is being restored until then", async () => {
  const { once, told } = await atRest();
  // As ovs-vsctl does it where it waits for ovs-vswitchd.
  await administrator("del-port", nameOfTunnel(), "--", "set", "open_vswitch", ".", "next_cfg=7");
  await once();
  expect(tunnels()).toBe(0);
  expect(told()).toContain("; being restored");
  await administrator("set", "open_vswitch", ".", "cur_cfg=7");
  await once();
  await once();
  expect(tunnels()).toBe(1);
  expect(told()).toContain("; restored");
});

it("What Weft itself writes, and no longer wants when it is written, is held against nobody", async () => {
  const { reconciler, once, told, asked, want, writesAfter } = await atRest();
  let go: () => void = () => undefined;
  writesAfter(
    new Promise((resolve) => {
      go = resolve;
    }),
  );
  const slower = new Map([
    ["enable", "true"],
    ["min_rx", "1000"],
  ]);
  want({ ...desired, tunnels: desired.tunnels.map((tunnel) => ({ ...tunnel, bfd: slower })) });
  reconciler.wake();
  await expect.poll(asked).toBe(1);
  want(desired);
  reconciler.wake();
  go();
  await reconciler.idle();
  await once();
  await once();
  expect(told()).toBe("");
  await administrator("del-port", nameOfTunnel());
  await once();
  expect(told()).toContain("was deleted by somebody else");
});
