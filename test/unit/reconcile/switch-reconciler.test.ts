// One switch made right and kept right, on a real ovs-vswitchd: refusals, others' hands, and reports that are not true.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FlowRemoved, formatFlow, OFPFF, OFPG, OFPP, OFPRR } from "../../../proto/openflow13/index.ts";
import { type DesiredSwitch, desiredFlow, desiredGroup, type FlowSpec } from "../../../src/pipeline/desired.ts";
import { hostGroup } from "../../../src/pipeline/registry.ts";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";
import type { Drift } from "../../../src/reconcile/drift.ts";
import { type SwitchConnection, SwitchReconciler } from "../../../src/reconcile/switch-reconciler.ts";
import { type FlowNews, type OpenFlowSession, serveOpenFlow } from "../../../src/southbound/openflow/index.ts";
import { type Listener, listen, systemClock } from "../../../src/southbound/stream/index.ts";
import { RealSwitch } from "../southbound/openflow/real-switch.ts";

const FORWARD: FlowSpec = {
  table: "forward",
  priority: 200,
  match: [{ field: "eth_dst", value: 0x0200_0000_0001n }],
  cookie: { kind: "local-endpoint", place: 1, vni: 7 },
  instructions: [{ kind: "apply_actions", actions: [{ kind: "output", port: 1, maxLen: 0 }] }],
};
const LEARNED: FlowSpec = {
  table: "learn",
  priority: 200,
  match: [
    { field: "in_port", value: 1 },
    { field: "eth_src", value: 0x0200_0000_0002n },
  ],
  cookie: { kind: "known-mac", place: 1, vni: 7 },
  instructions: [],
  idleTimeoutSec: 30,
  flags: OFPFF.SEND_FLOW_REM,
};
const LEARN = desiredFlow(LEARNED).tableId;
const TO_HOST_9: FlowSpec = {
  ...FORWARD,
  match: [{ field: "eth_dst", value: 0x0200_0000_0003n }],
  instructions: [{ kind: "apply_actions", actions: [{ kind: "group", groupId: hostGroup(9) }] }],
};
const HOST_9 = desiredGroup(hostGroup(9), "indirect", [
  { weight: 0, watchPort: OFPP.ANY, watchGroup: OFPG.ANY, actions: [{ kind: "output", port: 2, maxLen: 0 }] },
]);

function wanted(specs: readonly FlowSpec[], groups: readonly (typeof HOST_9)[] = []): DesiredSwitch {
  const flows = specs.map(desiredFlow);
  return {
    flows: new Map(flows.map((flow) => [flow.key, flow])),
    groups: new Map(groups.map((group) => [group.groupId, group])),
    meters: new Map(),
  };
}

interface Told {
  readonly drifts: Drift[];
  settled: number;
  flowMods: number;
}

describe("the reconciler of a switch", () => {
  let sw: RealSwitch;
  let listener: Listener;
  let session: OpenFlowSession;
  let hears: ((news: FlowNews) => void) | null = null;
  let hearsRemoved: ((removed: FlowRemoved) => void) | null = null;
  let reconciler: SwitchReconciler | null = null;
  /** What the clock is ahead. */
  let aheadMs = 0;

  beforeAll(async () => {
    sw = await RealSwitch.start();
    const path = join(sw.directory, "controller.sock");
    let onReady: (ready: OpenFlowSession) => void = () => undefined;
    const ready = new Promise<OpenFlowSession>((resolve) => {
      onReady = resolve;
    });
    listener = await listen({ kind: "punix", path }, (stream) => {
      const handlers = {
        onReady,
        onPacketIn: () => undefined,
        onFlowRemoved: (_: unknown, removed: FlowRemoved) => hearsRemoved?.(removed),
        onFlowNews: (_: unknown, news: FlowNews) => hears?.(news),
        onPortStatus: () => undefined,
        onError: () => undefined,
        onClosed: () => undefined,
      };
      serveOpenFlow(stream, handlers, systemClock);
    });
    await sw.vsctl("set-controller", "br0", `unix:${path}`);
    session = await ready;
  }, 30_000);

  afterEach(async () => {
    reconciler?.stop();
    [reconciler, hears, hearsRemoved, aheadMs] = [null, null, null, 0];
    await sw.ofctl("del-flows");
    await sw.ofctl("del-groups");
  });

  afterAll(async () => {
    session?.close("the test is over");
    await listener?.close();
    await sw?.stop();
  });

  const timers = { now: () => systemClock.now() + aheadMs, setTimer: systemClock.setTimer };

  function start(desired: () => DesiredSwitch, changes: Partial<SwitchConnection> = {}): Told {
    const told: Told = { drifts: [], settled: 0, flowMods: 0 };
    const connection: SwitchConnection = {
      label: session.label,
      readFlows: (tableId) => session.readFlows(tableId === undefined ? {} : { tableId }),
      countFlows: () => session.countFlows(),
      countPassing: async () => 0,
      readGroups: () => session.readGroups(),
      readMeters: async () => [],
      monitorFlows: () => session.monitorFlows(),
      async apply(messages) {
        const result = await session.apply(messages);
        if (result.ok) return result;
        return {
          ok: false,
          errors: result.errors.map(({ message, error }) => ({
            text: error.message,
            ...(message === undefined ? {} : { message: message as (typeof messages)[number] }),
          })),
        };
      },
      ...changes,
    };
    const events = {
      desired,
      installedChanged: () => undefined,
      drifted: (_: unknown, drifts: readonly Drift[]) => void told.drifts.push(...drifts),
      settled: () => {
        told.settled += 1;
      },
      applied: ({ flowMods }: { flowMods: number }) => {
        told.flowMods += flowMods;
      },
      failed: () => undefined,
    };
    const made = new SwitchReconciler(connection, events, timers, new AuditPace());
    reconciler = made;
    hears = (news) => (news.kind === "updates" ? made.flowsChanged(news.updates) : made.flowNewsLost());
    made.wake();
    return told;
  }

  const until = (check: () => unknown, timeout = 5_000) => expect.poll(check, { timeout, interval: 20 }).toBeTruthy();
  const held = async () =>
    (await session.readFlows()).map((flow) => formatFlow(flow).replace(/duration=\S+/, "")).sort();

  it("puts back what another deletes or changes, counts it by table, and takes none of its own writes for another's", async () => {
    let desired = wanted([FORWARD]);
    const told = start(() => desired);
    await until(() => told.settled > 0);
    desired = wanted([FORWARD, LEARNED]);
    reconciler?.wake();
    await until(() => told.flowMods === 2);
    const before = await held();
    expect(told.drifts).toEqual([]);

    await sw.ofctl("del-flows");
    await until(() => told.flowMods === 4);
    expect(await held()).toEqual(before);
    expect(told.drifts.map(({ deed, where }) => `${deed} ${where}`).sort()).toEqual([
      "deleted FORWARD",
      "deleted LEARN",
    ]);

    await sw.ofctl("mod-flows", "table=30,actions=drop");
    await until(() => told.flowMods === 5);
    expect(await held()).toEqual(before);
    expect(told.drifts.at(-1)).toMatchObject({ deed: "changed", where: "FORWARD" });
  });

  it("finds by reading, on a switch without a flow monitor, what it is not told", async () => {
    const told = start(() => wanted([FORWARD], [HOST_9]), { monitorFlows: async () => false });
    await until(() => told.settled > 0);
    const before = await held();
    hears = null;
    await sw.ofctl("del-flows");
    await until(() => told.flowMods === 2, 10_000);
    expect(await held()).toEqual(before);
    expect(told.drifts).toMatchObject([{ deed: "deleted", where: "FORWARD" }]);
  });

  it("finds by counting what a switch does not tell although it monitors", async () => {
    const told = start(() => wanted([FORWARD]));
    await until(() => told.settled > 0);
    hears = null;
    await sw.ofctl("del-flows");
    aheadMs = 61_000;
    await until(() => told.flowMods === 2);
    expect(told.drifts).toMatchObject([{ deed: "deleted", where: "FORWARD" }]);
  });

  it("ties a refusal to its flow, brings the others in, tells of it, and tries again when that can help", async () => {
    let desired = wanted([FORWARD, TO_HOST_9]);
    const told = start(() => desired);
    await until(() => told.settled > 0, 10_000);
    expect(await held()).toHaveLength(1);
    expect(reconciler?.problems).toMatchObject([
      {
        code: "switch/refused",
        message: expect.stringMatching(/a flow \(add\) of table FORWARD, priority 200.*BAD_OUT_GROUP/),
      },
    ]);
    desired = wanted([FORWARD, TO_HOST_9], [HOST_9]);
    aheadMs = 31_000;
    reconciler?.wake();
    await until(async () => (await held()).length === 2);
    await until(() => reconciler?.problems.length === 0);
  });

  it("is told that a bundle was refused as a whole, where the switch names no message", async () => {
    const refused: Partial<SwitchConnection> = { apply: async () => ({ ok: false, errors: [{ text: "no room" }] }) };
    start(() => wanted([FORWARD]), refused);
    await until(() => reconciler?.problems.some((problem) => problem.message.includes("a change as a whole: no room")));
  });

  const removed: FlowRemoved = {
    kind: "flow_removed",
    xid: 0,
    cookie: desiredFlow(LEARNED).cookie,
    priority: 200,
    reason: OFPRR.IDLE_TIMEOUT,
    tableId: LEARN,
    durationSec: 31,
    durationNsec: 0,
    idleTimeoutSec: 30,
    hardTimeoutSec: 0,
    packetCount: 0n,
    byteCount: 0n,
    match: LEARNED.match,
  };

  it.each<[string, Partial<FlowRemoved>]>([
    ["was there for less than its timeout", { durationSec: 29 }],
    ["has no timeout", { idleTimeoutSec: 0 }],
    ["has another timeout", { idleTimeoutSec: 20 }],
    ["has another cookie", { cookie: 5n }],
    ["was never there", { match: [{ field: "in_port", value: 2 }] }],
    ["ended by a timeout it has not", { reason: OFPRR.HARD_TIMEOUT }],
  ])("concludes nothing from the timeout of a flow that %s: it is still there, and stays", async (_, change) => {
    const read: number[] = [];
    const told = start(() => wanted([LEARNED]), {
      readFlows: (tableId) => {
        if (tableId !== undefined) read.push(tableId);
        return session.readFlows(tableId === undefined ? {} : { tableId });
      },
    });
    await until(() => told.settled > 0);
    expect(reconciler?.flowRemoved({ ...removed, ...change })).toBe(false);
    await until(() => read.length > 0);
    await session.barrier();
    expect(read).toEqual([LEARN]);
    expect(told).toMatchObject({ drifts: [], flowMods: 1 });
    expect(await held()).toHaveLength(1);
    expect(reconciler?.problems).toMatchObject([{ code: "switch/untrue-report" }]);
  });

  it("takes a timeout that can be for the end of what the flow stood for", async () => {
    const short = { ...LEARNED, idleTimeoutSec: 1 };
    let desired = wanted([short]);
    const told = start(() => desired);
    const over: boolean[] = [];
    hearsRemoved = (one) => {
      over.push(reconciler?.flowRemoved(one) === true);
      desired = wanted([]);
    };
    await until(() => over.length > 0);
    expect(over).toEqual([true]);
    reconciler?.wake();
    await until(() => told.settled > 1);
    expect(told).toMatchObject({ drifts: [], flowMods: 1 });
  });

  it("writes only a few times a second against somebody who writes all the time", async () => {
    const told = start(() => wanted([FORWARD]));
    await until(() => told.settled > 0);
    const end = Date.now() + 1_000;
    while (Date.now() < end) await sw.ofctl("del-flows");
    expect(told.flowMods).toBeGreaterThan(2);
    expect(told.flowMods).toBeLessThan(10);
  });
});
