// What a switch tells of its flows faster than it answers: only so much of it is kept, and then it is read.
import { describe, expect, it } from "vitest";
import type { FlowUpdate } from "../../../proto/openflow13/index.ts";
import { desiredFlow } from "../../../src/pipeline/desired.ts";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";
import { afterUpdates } from "../../../src/reconcile/drift.ts";
import { NOTHING_INSTALLED } from "../../../src/reconcile/installed.ts";
import { SwitchAudit } from "../../../src/reconcile/switch-audit.ts";

const NONE = (): void => undefined;
const timers = { now: () => 1_000_000, setTimer: () => ({ cancel: NONE }) };

describe("news of a switch's flows", () => {
  const reads: (number | undefined)[] = [];
  const audited = {
    readFlows: async (tableId?: number) => {
      reads.push(tableId);
      return [];
    },
    countFlows: async () => 0,
    countPassing: async () => 0,
    readGroups: async () => [],
    readMeters: async () => [],
    monitorFlows: async () => true,
  };
  const flow = desiredFlow({
    ...{ table: "forward", priority: 1, match: [], instructions: [] },
    cookie: { kind: "flood", place: 0, vni: 1 },
  });
  const added: FlowUpdate = { kind: "added", reason: 0, hardTimeoutSec: 0, ...flow };

  it("that nobody has taken in yet are dropped when there are too many, and the switch is read instead", async () => {
    const audit = new SwitchAudit(audited, timers, new AuditPace(), () => undefined);
    audit.begin();
    await Promise.resolve();
    for (let at = 0; at < 70; at++) audit.hear(Array.from({ length: 1000 }, () => added));
    let told = 0;
    await audit.look(
      () => NOTHING_INSTALLED,
      ({ drifts }) => {
        told += drifts.length;
      },
    );
    expect(told).toBeLessThan(70_000);
    expect(reads).toContain(flow.tableId);
    audit.stop();
  });

  it("of flows that others wrote are kept of so many flows only", () => {
    let installed = NOTHING_INSTALLED;
    for (let round = 0; round < 7; round++) {
      const updates = Array.from({ length: 10_000 }, (_, at): FlowUpdate => {
        const match = [{ field: "eth_dst", value: BigInt(round * 10_000 + at) }] as const;
        return { ...added, cookie: 1n, match };
      });
      ({ installed } = afterUpdates(installed, updates));
    }
    expect(installed.foreign.size).toBe(65_536);
  });

  it("are taken in as they are where there are few, and nothing is read for them", async () => {
    reads.length = 0;
    const audit = new SwitchAudit(audited, timers, new AuditPace(), () => undefined);
    audit.begin();
    await Promise.resolve();
    audit.hear([added]);
    const told: number[] = [];
    await audit.look(
      () => NOTHING_INSTALLED,
      ({ drifts }) => told.push(drifts.length),
    );
    expect([told, reads]).toEqual([[1], []]);
    audit.stop();
  });
});

describe("a count of a switch's flows", () => {
  it("that probes' flows are among is no reason to read it, unless they stay", async () => {
    let now = 0;
    const reads: (number | undefined)[] = [];
    let more = 2;
    const audited = {
      readFlows: async (tableId?: number) => {
        reads.push(tableId);
        return [];
      },
      countFlows: async () => more,
      countPassing: async () => 2,
      readGroups: async () => [],
      readMeters: async () => [],
      monitorFlows: async () => true,
    };
    const clock = { now: () => now, setTimer: () => ({ cancel: NONE }) };
    const audit = new SwitchAudit(audited, clock, new AuditPace(), NONE);
    const look = async (): Promise<number> => {
      reads.length = 0;
      now += 120_000;
      await audit.look(() => NOTHING_INSTALLED, NONE);
      return reads.length;
    };
    audit.begin();
    await Promise.resolve();
    expect([await look(), await look(), await look()]).toEqual([0, 0, 0]);
    expect(await look()).toBeGreaterThan(0);
    more = 3;
    expect(await look()).toBeGreaterThan(0);
    audit.stop();
  });
});
