// What is kept of switches: nothing of one that is no longer Weft's.
import pino from "pino";
import { describe, expect, it } from "vitest";
import type { FlowStats } from "../../../proto/openflow13/index.ts";
import { Counters } from "../../../src/controller/counters.ts";
import { Durations } from "../../../src/controller/durations.ts";
import { Switches } from "../../../src/controller/switches.ts";
import { Trouble } from "../../../src/controller/trouble.ts";
import { Whereabouts } from "../../../src/discovery/whereabouts.ts";
import { type DesiredSwitch, desiredFlow } from "../../../src/pipeline/desired.ts";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";
import type { OpenFlowSession } from "../../../src/southbound/openflow/index.ts";

const RULES = { duplicateWindowMs: 1000, quietMs: 1000, moves: { count: 5, windowMs: 1000 }, proofMs: 1000 };
const timers = { now: () => 0, setTimer: () => ({ cancel: () => undefined }) };
const MAC = "52:54:00:00:00:01";

const known: FlowStats = {
  ...{ durationSec: 1, durationNsec: 0, hardTimeoutSec: 0, packetCount: 0n, byteCount: 0n, importance: 0 },
  ...desiredFlow({
    ...{ table: "learn", priority: 200, instructions: [], idleTimeoutSec: 300 },
    match: [
      { field: "in_port", value: 1 },
      { field: "eth_src", value: 0x5254_0000_0001n },
    ],
    cookie: { kind: "known-mac", place: 1, vni: 7 },
  }),
};

interface FakeSession extends OpenFlowSession {
  /** How often something was written. */
  readonly applied: number;
}

function session(datapathId: bigint): FakeSession {
  let applied = 0;
  const fake: Partial<FakeSession> = {
    get applied() {
      return applied;
    },
    async apply() {
      applied += 1;
      return { ok: true, bundled: true };
    },
    ...{ label: "tcp:192.0.2.1:4711", datapathId, ports: new Map(), meters: { maxMeter: 0 } },
    send: () => undefined,
    close: () => undefined,
    monitorFlows: async () => true,
    readFlows: async () => [known],
    readGroups: async () => [],
    readMeters: async () => [],
    readPortStats: async () => [],
  };
  return fake as FakeSession;
}

function switchesWith(whereabouts: Whereabouts, desired: () => DesiredSwitch | null = () => null): Switches {
  const log = pino({ level: "silent" });
  const counters = new Counters();
  return new Switches({
    ...{ whereabouts, log, timers, counters, maxEntries: 10, pace: new AuditPace(), desired },
    durations: new Durations(),
    trouble: new Trouble(log, counters, timers.now),
    loneWhereabouts: () => whereabouts,
    timeOfDay: () => "12:00:00",
    isKept: () => true,
    forwardsByOthers: () => false,
    changed: () => undefined,
    found: () => undefined,
    blockedFound: () => undefined,
    judge: () => null,
    turnAway: () => undefined,
  });
}

describe("a switch that is released", () => {
  it("is not written to by a connection that comes meanwhile, unless it could not be released", async () => {
    const nothing: DesiredSwitch = { flows: new Map(), groups: new Map(), meters: new Map() };
    const switches = switchesWith(new Whereabouts(RULES, 100), () => nothing);
    const [first, second] = [session(7n), session(7n)];
    switches.ready(first);
    const [entry] = switches.entries.values();
    if (entry === undefined) throw new Error("it is not known");
    await entry.reconciler?.idle();
    await switches.cleanse(entry.dpid, { normal: true });
    switches.closed(first, "it is a bad line");
    switches.ready(second);
    await entry.reconciler?.idle();
    expect([entry.isRead, second.applied]).toEqual([true, 0]);
    switches.resume(entry.dpid);
    await entry.reconciler?.idle();
    expect(second.applied).toBeGreaterThan(0);
  });

  it("leaves nothing behind of who was heard there", async () => {
    const whereabouts = new Whereabouts(RULES, 100);
    const switches = switchesWith(whereabouts);
    switches.ready(session(7n));
    const [entry] = switches.entries.values();
    if (entry === undefined) throw new Error("it is not known");
    await expect.poll(() => entry.isRead).toBe(true);
    switches.believe(entry);
    expect(whereabouts.observedAt(entry.dpid).map((one) => one.mac)).toEqual([MAC]);
    switches.forget(entry.dpid);
    expect(whereabouts.observedAt(entry.dpid)).toEqual([]);
    expect(whereabouts.hear("0000000000000008", { vni: 7, mac: MAC, ofport: 3, ip: null, router: null }, 0)).toBe(true);
    expect(whereabouts.disputes()).toEqual([]);
  });
});
