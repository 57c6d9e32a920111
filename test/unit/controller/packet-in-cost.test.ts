// What a packet-in of a known MAC takes: bytes that are allocated for it, which do not depend on how fast the machine is.
import { Session } from "node:inspector/promises";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { encode, OFP_NO_BUFFER, type OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import { Counters } from "../../../src/controller/counters.ts";
import { Durations } from "../../../src/controller/durations.ts";
import type { Islands } from "../../../src/controller/islands.ts";
import type { LoopProbes } from "../../../src/controller/loop-probes.ts";
import { takePacketIn } from "../../../src/controller/packet-ins.ts";
import { Switches } from "../../../src/controller/switches.ts";
import { Trouble } from "../../../src/controller/trouble.ts";
import { Whereabouts } from "../../../src/discovery/whereabouts.ts";
import { encodeCookie } from "../../../src/pipeline/registry.ts";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";
import { serveOpenFlow } from "../../../src/southbound/openflow/index.ts";
import { FakeClock, FakeStream, HANDSHAKE } from "../southbound/openflow/fake-stream.ts";

const RULES = { duplicateWindowMs: 1000, quietMs: 1000, moves: { count: 5, windowMs: 1000 }, proofMs: 1000 };
const VNI = 7;
const STATIONS = 512;
const SECOND = 1_000;
/** Twice what it takes at the time of writing, on Node 20. */
const MOST_BYTES = 1_800;
const SAMPLE_BYTES = 16 * 1024;

const PORT = { portNo: 1, hwAddr: "02:00:00:00:00:01", name: "tap0", config: 0, state: 0 };
const RATES = { curr: 0, advertised: 0, supported: 0, peer: 0, currSpeedKbps: 0, maxSpeedKbps: 0 };

function answers(message: OpenFlowMessage): readonly OpenFlowMessage[] {
  if (message.kind !== "multipart_request") return [];
  const { xid, body } = message;
  const part = { kind: "multipart_reply", xid, flags: 0 } as const;
  if (body.kind === "flow") return [{ ...part, body: { kind: "flow", flows: [] } }];
  if (body.kind === "group_desc") return [{ ...part, body: { kind: "group_desc", groups: [] } }];
  if (body.kind === "onf_flow_monitor") return [{ ...part, body: { kind: "onf_flow_monitor", updates: [] } }];
  return [];
}

function packetIn(station: number): Uint8Array {
  const data = new Uint8Array(60);
  data.set([0x02, 0, 0, 1, 0, 0, 0x02, 0, 0, 2, station >>> 8, station & 0xff, 0x08, 0x00, 0x45], 0);
  // UDP between ports that are not DHCP's.
  data.set([17], 23);
  data.set([0x30, 0x39, 0x30, 0x3a], 34);
  return encode({
    ...{ kind: "packet_in", xid: 0, bufferId: OFP_NO_BUFFER, totalLen: data.length, reason: 1, tableId: 10, data },
    cookie: encodeCookie({ kind: "unknown-mac", place: PORT.portNo, vni: 0 }),
    match: [
      { field: "in_port", value: PORT.portNo },
      { field: "metadata", value: BigInt(VNI) },
    ],
  });
}

/** A switch whose messages go the way of the controller's, from their bytes to what is concluded of them. */
async function served() {
  const stream = new FakeStream();
  const [log, counters, timers] = [pino({ level: "silent" }), new Counters(), new FakeClock()];
  const whereabouts = new Whereabouts(RULES, STATIONS);
  let news = 0;
  const switches = new Switches({
    ...{ whereabouts, log, timers, counters, maxEntries: 10, pace: new AuditPace(), desired: () => null },
    durations: new Durations(),
    trouble: new Trouble(log, counters, () => timers.now()),
    loneWhereabouts: () => whereabouts,
    timeOfDay: () => "12:00:00",
    isKept: () => true,
    forwardsByOthers: () => false,
    changed: () => {
      news += 1;
    },
    found: () => undefined,
    blockedFound: () => undefined,
    judge: () => null,
    elsewhere: () => null,
    provenFor: () => null,
    turnAway: () => undefined,
  });
  const takers = { counters, switches, senders: [], loops: {} as LoopProbes, islands: {} as Islands };
  serveOpenFlow(
    stream,
    {
      onReady: (session) => switches.ready(session),
      onPacketIn: (session, message) => takePacketIn(takers, session, message),
      onFlowRemoved: () => undefined,
      onPortStatus: () => undefined,
      onError: (_, { error }) => {
        throw error;
      },
      onClosed: (_, reason) => {
        throw new Error(reason);
      },
    },
    timers,
  );
  const ports = { ...PORT, ...RATES };
  for (const message of HANDSHAKE) {
    const isPorts = message.kind === "multipart_reply" && message.body.kind === "port_desc";
    stream.receive(isPorts ? { ...message, body: { kind: "port_desc", ports: [ports] } } : message);
  }
  const [entry] = switches.entries.values();
  if (entry === undefined) throw new Error("the switch is not known");
  while (!entry.isRead) {
    for (const message of stream.take()) stream.receive(...answers(message));
    await new Promise(setImmediate);
  }
  switches.believe(entry);
  return { stream, entry, whereabouts, counters, newsSoFar: () => news };
}

/** Bytes that were allocated while `work` ran, whether they were freed meanwhile or not: by samples. */
async function allocated(work: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post("HeapProfiler.startSampling", {
    samplingInterval: SAMPLE_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  work();
  const { profile } = await session.post("HeapProfiler.stopSampling");
  session.disconnect();
  const sum = (node: typeof profile.head): number =>
    node.selfSize + node.children.reduce((all, one) => all + sum(one), 0);
  return sum(profile.head);
}

describe("a packet-in of a MAC that is known where it is", () => {
  it("is taken in, changes nothing, and leaves little to collect", async () => {
    const { stream, entry, whereabouts, counters, newsSoFar } = await served();
    const all = Buffer.concat(Array.from({ length: STATIONS }, (_, station) => packetIn(station)));
    const rounds = (count: number): void => {
      for (let round = 0; round < count; round++) stream.receiveBytes(all);
    };
    // Heard for the first time, for the second, and until the engine has compiled what it will.
    rounds(20);
    expect(whereabouts.observedAt(entry.dpid)).toHaveLength(STATIONS);
    const before = { news: newsSoFar(), packetIns: counters.snapshot().packetIns ?? 0 };
    const count = Math.ceil((100 * SECOND) / STATIONS);
    const bytes = await allocated(() => rounds(count));
    expect(newsSoFar()).toBe(before.news);
    expect((counters.snapshot().packetIns ?? 0) - before.packetIns).toBe(count * STATIONS);
    expect(bytes / (count * STATIONS)).toBeLessThan(MOST_BYTES);
  });
});
