// What is kept of switches: nothing of one that is no longer Weft's.
import pino from "pino";
import { describe, expect, it } from "vitest";
import { type FlowRemoved, type FlowStats, OFPFF, OFPRR } from "../../../proto/openflow13/index.ts";
import { Counters } from "../../../src/controller/counters.ts";
import { Durations } from "../../../src/controller/durations.ts";
import { Switches, type SwitchesOptions } from "../../../src/controller/switches.ts";
import { Trouble } from "../../../src/controller/trouble.ts";
import { Whereabouts } from "../../../src/discovery/whereabouts.ts";
import { type DesiredSwitch, desiredFlow } from "../../../src/pipeline/desired.ts";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";
import type { OpenFlowSession } from "../../../src/southbound/openflow/index.ts";

const RULES = { duplicateWindowMs: 1000, quietMs: 1000, moves: { count: 5, windowMs: 1000 }, proofMs: 1000 };
const timers = { now: () => 0, setTimer: () => ({ cancel: () => undefined }) };
const MAC = "52:54:00:00:00:01";

const wanted = desiredFlow({
  ...{ table: "learn", priority: 200, instructions: [], idleTimeoutSec: 300, flags: OFPFF.SEND_FLOW_REM },
  match: [
    { field: "in_port", value: 1 },
    { field: "eth_src", value: 0x5254_0000_0001n },
  ],
  cookie: { kind: "known-mac", place: 1, vni: 7 },
});
const counted = { durationNsec: 0, hardTimeoutSec: 0, packetCount: 0n, byteCount: 0n, importance: 0 };
const known: FlowStats = { ...counted, durationSec: 1, ...wanted };
const aged: FlowRemoved = {
  ...{ kind: "flow_removed", xid: 0, reason: OFPRR.IDLE_TIMEOUT, durationSec: 400 },
  ...counted,
  ...wanted,
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
    barrier: async () => undefined,
    close: () => undefined,
    monitorFlows: async () => true,
    readFlows: async () => [known],
    readGroups: async () => [],
    readMeters: async () => [],
    readPortStats: async () => [],
  };
  return fake as FakeSession;
}

function switchesWith(
  whereabouts: Whereabouts,
  desired: () => DesiredSwitch | null = () => null,
  others: Partial<SwitchesOptions> = {},
): Switches {
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
    elsewhere: () => null,
    provenFor: () => null,
    turnAway: () => undefined,
    ...others,
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

describe("a flow that ages while it is still wanted", () => {
  it.each([
    ["whatever was heard meanwhile", true],
    ["when nothing else has changed", false],
  ])("is put back, not before what is wanted was drawn again, %s", async (_, isHeardAgain) => {
    const whereabouts = new Whereabouts(RULES, 100);
    const desired: DesiredSwitch = { flows: new Map([[wanted.key, wanted]]), groups: new Map(), meters: new Map() };
    const switches = switchesWith(whereabouts, () => desired);
    const one = session(7n);
    switches.ready(one);
    const [entry] = switches.entries.values();
    if (entry === undefined) throw new Error("it is not known");
    switches.wakeAll();
    await entry.reconciler?.idle();
    switches.believe(entry);
    switches.flowRemoved(one, aged);
    expect(whereabouts.observedAt(entry.dpid)).toEqual([]);
    const again = { vni: 7, mac: MAC, ofport: 1, ip: null, router: null };
    if (isHeardAgain) whereabouts.hear(entry.dpid, again, 1);
    await entry.reconciler?.idle();
    expect(one.applied).toBe(0);
    switches.wakeAll();
    await entry.reconciler?.idle();
    expect(one.applied).toBe(1);
    switches.wakeAll();
    await entry.reconciler?.idle();
    expect(one.applied).toBe(1);
  });
});

describe("a switch that comes from elsewhere than its host", () => {
  const problem = { code: "switch/other-address", message: "it is not where its host is", remedy: "look there" };

  function withStrays() {
    const strays = new Set<OpenFlowSession>();
    const away: OpenFlowSession[] = [];
    const whereabouts = new Whereabouts(RULES, 100);
    const switches = switchesWith(whereabouts, () => null, {
      elsewhere: (_dpid, one) => (strays.has(one) ? problem : null),
      turnAway: (one) => void away.push(one),
    });
    const connect = (isStray: boolean): OpenFlowSession => {
      const one = session(7n);
      if (isStray) strays.add(one);
      switches.ready(one);
      return one;
    };
    const entry = () => [...switches.entries.values()][0];
    return { switches, strays, away, whereabouts, connect, entry };
  }

  it("is used as long as none comes from there, and gives way at once, with all that it said", async () => {
    const { switches, away, whereabouts, connect, entry } = withStrays();
    const stray = connect(true);
    expect(entry()?.session).toBe(stray);
    await expect.poll(() => entry()?.isRead).toBe(true);
    const one = entry();
    if (one !== undefined) switches.believe(one);
    expect(whereabouts.observedAt("0000000000000007")).toHaveLength(1);
    const home = connect(false);
    expect(entry()?.session).toBe(home);
    expect(away).toEqual([stray]);
    expect(entry()?.spares).toEqual([]);
    expect([entry()?.believed, entry()?.readback]).toEqual([false, null]);
    expect(whereabouts.observedAt("0000000000000007")).toEqual([]);
    // Its end is told once more, when the socket is gone.
    switches.closed(stray, "it is gone");
    expect(entry()?.session).toBe(home);
  });

  it("takes the place of no other that answers, and of one that ends only where no better one waits", async () => {
    const { switches, away, connect, entry } = withStrays();
    const home = connect(false);
    const stray = connect(true);
    const second = connect(false);
    expect([entry()?.session, entry()?.spares]).toEqual([home, [stray, second]]);
    switches.closed(home, "a bad line");
    expect(entry()?.session).toBe(second);
    switches.closed(second, "a bad line");
    expect(entry()?.session).toBe(stray);
    expect(away).toEqual([]);
  });

  it("is the first to end where there are too many, before any that comes from there", () => {
    const { connect, entry } = withStrays();
    const spares = () => entry()?.spares;
    connect(false);
    const [oldest, , second, late] = [connect(false), connect(true), connect(false), connect(true)];
    const newest = connect(false);
    expect(spares()).toEqual([oldest, second, late, newest]);
    const more = [connect(false), connect(false)];
    // From there alone: the oldest ends; and another stray has no room.
    expect(spares()).toEqual([second, newest, ...more]);
    connect(true);
    expect(spares()).toEqual([second, newest, ...more]);
  });

  it("gives way also where it is known only later whose it is", () => {
    const { switches, strays, away, connect, entry } = withStrays();
    const [first, second] = [connect(false), connect(false)];
    strays.add(first);
    switches.judgeAll();
    expect(entry()?.session).toBe(second);
    expect(away).toEqual([first]);
  });
});

describe("a switch that came from where its host was", () => {
  it("is known as such while its connection lives, and its host while it is away", async () => {
    const home = new Set<OpenFlowSession>();
    const switches = switchesWith(new Whereabouts(RULES, 100), () => null, {
      provenFor: (_dpid, one) => (home.has(one) ? "h" : null),
    });
    const [first, second] = [session(7n), session(7n)];
    const state = () => [...switches.entries.values()].map(({ provenFor, isProven }) => [provenFor, isProven])[0];
    switches.ready(first);
    expect(state()).toEqual([null, false]);
    home.add(first);
    switches.judgeAll();
    expect(state()).toEqual(["h", true]);
    home.delete(first);
    switches.judgeAll();
    expect(state()).toEqual(["h", true]);
    // Also where it was to be handed back, and could not be.
    await switches.cleanse("0000000000000007", { normal: true });
    switches.resume("0000000000000007");
    expect(state()).toEqual(["h", true]);
    switches.closed(first, "a bad line");
    expect(state()).toEqual(["h", false]);
    switches.ready(second);
    expect(state()).toEqual(["h", false]);
  });
});

describe("what is loaded of a switch", () => {
  it("is loaded wholly the next time, where it failed half-way", async () => {
    const whereabouts = new Whereabouts(RULES, 100);
    const blocked: string[] = [];
    let fails = true;
    const switches = switchesWith(whereabouts, () => null, {
      blockedFound: (dpid) => {
        if (fails) throw new RangeError("a port that can't be remembered");
        blocked.push(dpid);
      },
    });
    switches.ready(session(7n));
    const [entry] = switches.entries.values();
    if (entry === undefined) throw new Error("it is not known");
    await expect.poll(() => entry.isRead).toBe(true);
    expect(() => switches.believe(entry)).toThrow("can't be remembered");
    fails = false;
    switches.believe(entry);
    switches.believe(entry);
    expect(blocked).toEqual([entry.dpid]);
    expect(whereabouts.observedAt(entry.dpid)).toHaveLength(1);
  });
});

describe("a switch of which it can't be told whose it is", () => {
  it("loses its connection, and stands in no other's way", () => {
    const closed: string[] = [];
    const asked: string[] = [];
    const log = pino({ level: "silent" });
    const trouble = new Trouble(log, new Counters(), timers.now);
    let fails = false;
    const switches = switchesWith(new Whereabouts(RULES, 100), () => null, {
      trouble,
      judge: (dpid) => {
        asked.push(dpid);
        if (fails && dpid.endsWith("7")) throw new RangeError("no such host");
        return null;
      },
    });
    const named = (datapathId: bigint) =>
      Object.assign(session(datapathId), { close: () => void closed.push(`${datapathId}`) });
    switches.ready(named(7n));
    switches.ready(named(8n));
    fails = true;
    asked.length = 0;
    switches.judgeAll();
    expect(asked).toEqual(["0000000000000007", "0000000000000008"]);
    expect(closed).toEqual(["7"]);
    expect(trouble.problems().map(({ message }) => message)).toEqual([
      expect.stringContaining("judging whose switch 0000000000000007 is"),
    ]);
  });
});
