import { expect, it } from "vitest";
import type { FlowStats } from "../../../proto/openflow13/index.ts";
import { encodeCookie, PASSING_SEC, TABLES } from "../../../src/pipeline/registry.ts";
import { switchDeviations } from "../../../src/reconcile/deviation.ts";
import { afterReadingFlows } from "../../../src/reconcile/drift.ts";
import { installedFrom, NOTHING_INSTALLED } from "../../../src/reconcile/installed.ts";

const NOTHING = { flows: new Map(), groups: new Map(), meters: new Map() };
const deviations = (flow: FlowStats) => switchDeviations(NOTHING, { flows: [flow], groups: [], meters: [] });
const stats = (hardTimeoutSec: number): FlowStats => ({
  ...{ tableId: TABLES.egress.id, priority: 250, durationSec: 1, durationNsec: 0, idleTimeoutSec: 0, hardTimeoutSec },
  ...{ flags: 0, packetCount: 0n, byteCount: 0n, match: [], instructions: [] },
  cookie: encodeCookie({ kind: "trace-end", place: 0, vni: 0 }),
});

it("Flows that catch probes are no part of what a switch holds, and nobody's tampering, while they pass", () => {
  expect(installedFrom([stats(PASSING_SEC)], [], [])).toEqual(NOTHING_INSTALLED);
  expect(afterReadingFlows(NOTHING_INSTALLED, TABLES.egress.id, [stats(PASSING_SEC)]).drifts).toEqual([]);
  expect(deviations(stats(PASSING_SEC))).toEqual([]);
});

it.each([0, PASSING_SEC + 1])(
  "One of the same cookie that would stay for %d seconds (0: for good) is tampering",
  (sec) => {
    expect(installedFrom([stats(sec)], [], []).flows.size).toBe(1);
    expect(afterReadingFlows(NOTHING_INSTALLED, TABLES.egress.id, [stats(sec)]).drifts).toHaveLength(1);
    expect(deviations(stats(sec))).toMatchObject([{ what: "flow", state: "extra" }]);
  },
);
