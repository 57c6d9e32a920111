// The rounds of the audit go on, whatever the timers of the system do.
import { expect, it } from "vitest";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";
import { NOTHING_INSTALLED } from "../../../src/reconcile/installed.ts";
import { type AuditedSwitch, SwitchAudit } from "../../../src/reconcile/switch-audit.ts";

it("looks when its timer fires, also where that is a little before its time, and winds it again", async () => {
  let now = 0;
  let armed: { readonly atMs: number; readonly run: () => void } | null = null;
  const timers = {
    now: () => now,
    setTimer: (delayMs: number, run: () => void) => {
      armed = { atMs: now + delayMs, run };
      return { cancel: () => undefined };
    },
  };
  let readings = 0;
  const audited: AuditedSwitch = {
    readFlows: async () => [],
    countFlows: async () => 0,
    countPassing: async () => 0,
    readGroups: async () => {
      readings += 1;
      return [];
    },
    readMeters: async () => [],
    monitorFlows: async () => true,
  };
  const looks: Promise<void>[] = [];
  const audit = new SwitchAudit(audited, timers, new AuditPace(), () => {
    looks.push(
      audit.look(
        () => NOTHING_INSTALLED,
        () => undefined,
      ),
    );
  });
  audit.begin();
  for (let round = 1; round <= 5; round++) {
    const due: { readonly atMs: number; readonly run: () => void } | null = armed;
    if (due === null) throw new Error("no timer is wound");
    armed = null;
    now = (due as { atMs: number }).atMs - 0.4;
    (due as { run: () => void }).run();
    await Promise.all(looks);
    expect(readings).toBe(round);
  }
});
