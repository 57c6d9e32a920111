// The session over a stream that a test turns by hand: damage, timeouts, back-pressure, switches without bundles.
import { describe, expect, it } from "vitest";
import { fromHex } from "../../../../proto/bytes/hex.ts";
import { encode, OFP_NO_BUFFER, OFPG, OFPP, type OpenFlowMessage } from "../../../../proto/openflow13/index.ts";
import {
  type ApplicableMessage,
  type OpenFlowSession,
  type SessionError,
  serveOpenFlow,
} from "../../../../src/southbound/openflow/index.ts";
import { FakeClock, FakeStream, HANDSHAKE } from "./fake-stream.ts";

function connect(options: Parameters<typeof serveOpenFlow>[3] = {}, onReady?: (session: OpenFlowSession) => void) {
  const stream = new FakeStream();
  const clock = new FakeClock();
  const sessions: OpenFlowSession[] = [];
  const errors: SessionError[] = [];
  const closed: string[] = [];
  const packetIns: number[] = [];
  const handlers = {
    onReady: (session: OpenFlowSession) => {
      sessions.push(session);
      onReady?.(session);
    },
    onPacketIn: (_: OpenFlowSession, m: { xid: number }) => packetIns.push(m.xid),
    onFlowRemoved: () => undefined,
    onPortStatus: () => undefined,
    onError: (_: OpenFlowSession | undefined, error: SessionError) => errors.push(error),
    onClosed: (_: OpenFlowSession | undefined, reason: string, error?: Error) =>
      closed.push(error === undefined ? reason : `${reason} [${(error as { code?: string }).code}]`),
  };
  serveOpenFlow(stream, handlers, clock, options);
  return { stream, clock, sessions, errors, closed, packetIns };
}

function ready(options: Parameters<typeof serveOpenFlow>[3] = {}) {
  const world = connect(options);
  world.stream.receive(...HANDSHAKE);
  world.stream.take();
  return { ...world, session: world.sessions[0] as OpenFlowSession };
}

const FLOW: ApplicableMessage = {
  kind: "flow_mod",
  cookie: 0n,
  cookieMask: 0n,
  tableId: 0,
  command: "add",
  idleTimeoutSec: 0,
  hardTimeoutSec: 0,
  priority: 1,
  bufferId: OFP_NO_BUFFER,
  outPort: OFPP.ANY,
  outGroup: OFPG.ANY,
  flags: 0,
  match: [],
  instructions: [],
};

const BAD_REQUEST = { kind: "error", type: 1, code: 3, data: new Uint8Array(0) } as const;

/** Lets promises go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe("a session's requests", () => {
  it("are answered by xid, in any order, and in as many parts as the switch likes", async () => {
    const { session, stream } = ready();
    const groups = session.readGroups();
    const barrier = session.barrier();
    const [read, fence] = stream.take();
    const part = (id: number, flags: number): OpenFlowMessage => ({
      kind: "multipart_reply",
      xid: read?.xid ?? 0,
      flags,
      body: { kind: "group_desc", groups: [{ type: "all", groupId: id, buckets: [] }] },
    });
    stream.receive({ kind: "barrier_reply", xid: fence?.xid ?? 0 }, part(1, 1), part(2, 1), part(3, 0));
    await barrier;
    expect((await groups).map((group) => group.groupId)).toEqual([1, 2, 3]);
  });

  it("reject when no answer comes in time, and the connection lives on while the peer does", async () => {
    const { session, stream, clock } = ready({ requestTimeoutMs: 8_000 });
    const barrier = session.barrier();
    const outcome = expect(barrier).rejects.toMatchObject({ code: "openflow/timeout", retryable: true });
    clock.advance(5_000);
    stream.receive({ kind: "echo_reply", xid: 6, data: new Uint8Array(0) });
    clock.advance(3_000);
    await outcome;
    expect(stream.closed).toBe(false);
  });

  it("reject with the switch's error", async () => {
    const { session, stream } = ready();
    const flows = session.readFlows();
    const [read] = stream.take();
    stream.receive({ ...BAD_REQUEST, xid: read?.xid ?? 0 });
    await expect(flows).rejects.toMatchObject({
      code: "openflow/refused",
      context: { peer: "tcp:10.0.0.1:43210", errorCode: "OFPBRC_BAD_EXPERIMENTER" },
    });
  });

  it("reject when the connection ends, with its reason", async () => {
    const { session, stream, closed, clock } = ready();
    const flows = session.readFlows();
    stream.end();
    await expect(flows).rejects.toMatchObject({ code: "openflow/closed" });
    await expect(session.barrier()).rejects.toMatchObject({ code: "openflow/closed" });
    expect(closed).toEqual(["the peer closed the connection"]);
    expect(clock.pending).toBe(0);
  });

  it("end the connection when a reply exceeds its cap", async () => {
    const { session, stream, closed } = ready({ maxReplyBytes: 100 });
    const flows = session.readFlows();
    const [read] = stream.take();
    const groups = Array.from({ length: 20 }, (_, i) => ({ type: "all" as const, groupId: i, buckets: [] }));
    const rejected = expect(flows).rejects.toMatchObject({ code: "openflow/closed" });
    stream.receive({ kind: "multipart_reply", xid: read?.xid ?? 0, flags: 1, body: { kind: "group_desc", groups } });
    await rejected;
    expect(closed[0]).toMatch(
      /the answer to the request for its flows has more than 100 bytes \[openflow\/reply-too-large\]/,
    );
  });
});

describe("a reply without an end", () => {
  const groups = Array.from({ length: 8_000 }, (_, i) => ({ type: "all" as const, groupId: i, buckets: [] }));

  it("of groups ends the connection when it has more than groups can have, and nobody waits for it any more", async () => {
    const { session, stream, closed } = ready();
    const read = session.readGroups();
    const xid = stream.take()[0]?.xid ?? 0;
    const rejected = expect(read).rejects.toMatchObject({ code: "openflow/closed" });
    const part = { kind: "multipart_reply", xid, flags: 1, body: { kind: "group_desc", groups } } as const;
    let parts = 0;
    while (!stream.closed && parts < 1_000) {
      stream.receive(part);
      parts += 1;
    }
    await rejected;
    expect(parts).toBe(Math.ceil((16 * 1024 * 1024) / (8_000 * 8 + 16)));
    expect(closed[0]).toContain("more than 16777216 bytes");
  });
});

describe("what does not decode", () => {
  it("is answered by an error with the start of the message, reported with peer, offset and xid, and ends the connection", async () => {
    const { stream, errors, closed, packetIns } = ready();
    const bad = fromHex(
      `040a 0030 00000063 ffffffff 0000 00 00 0000000000000000 0001 0003 00000000 ${"00".repeat(16)}`,
    );
    stream.receiveBytes(Uint8Array.from([...bad, ...bad]));
    await settle();
    expect(stream.take()).toEqual([{ kind: "error", xid: 0x63, type: 1, code: 6, data: bad.subarray(0, 64) }]);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.error).toMatchObject({
      code: "openflow/undecodable",
      context: { peer: "tcp:10.0.0.1:43210", offset: 26, field: "match.length", xid: 0x63 },
    });
    expect(closed).toHaveLength(1);
    expect(closed[0]).toMatch(/does not decode.*openflow\/undecodable/);
    expect(packetIns).toEqual([]);
  });

  it("has the fitting code for a wrong version and for an unknown type", () => {
    for (const [hex, code] of [
      ["0114 0008 00000001", 0],
      ["0463 0008 00000001", 1],
    ] as const) {
      const { stream } = ready();
      stream.receiveBytes(fromHex(hex));
      expect(stream.take()).toMatchObject([{ kind: "error", type: 1, code }]);
    }
  });

  it("ends the connection when the stream has lost its frame", async () => {
    const { stream, errors } = ready();
    stream.receiveBytes(fromHex("0402 0003 00000001"));
    await settle();
    expect(stream.closed).toBe(true);
    expect(errors[0]?.error.code).toBe("openflow/undecodable");
  });
});

describe("apply", () => {
  /** Answers everything as a switch would, except where `refuse` has an error for it. */
  function play(stream: FakeStream, refuse: (m: OpenFlowMessage) => OpenFlowMessage[] | undefined = () => undefined) {
    const log: string[] = [];
    const answer = async () => {
      for (let round = 0; round < 50; round++) {
        await settle();
        for (const m of stream.take()) {
          log.push(m.kind === "bundle_control" ? m.type : m.kind === "bundle_add" ? `add ${m.message.kind}` : m.kind);
          const refused = refuse(m);
          if (refused !== undefined) stream.receive(...refused);
          else if (m.kind === "barrier_request") stream.receive({ kind: "barrier_reply", xid: m.xid });
          else if (m.kind === "bundle_control") {
            stream.receive({ ...m, type: m.type.replace("request", "reply") as typeof m.type });
          }
        }
      }
      return log;
    };
    return answer();
  }

  it("puts meters first and keeps the order of the rest", async () => {
    const { session, stream } = ready();
    const meter: ApplicableMessage = { kind: "meter_mod", command: "add", flags: 2, meterId: 1, bands: [] };
    const group: ApplicableMessage = { kind: "group_mod", command: "add", type: "all", groupId: 1, buckets: [] };
    const result = session.apply([group, FLOW, meter, group]);
    expect(await play(stream)).toEqual([
      ...["meter_mod", "barrier_request", "open_request", "add group_mod", "add flow_mod", "add group_mod"],
      ...["barrier_request", "commit_request"],
    ]);
    expect(await result).toEqual({ ok: true, bundled: true });
  });

  it("discards the bundle when a message was refused, and names it", async () => {
    const { session, stream, errors } = ready();
    const other: ApplicableMessage = { ...FLOW, priority: 2 };
    const result = session.apply([FLOW, other]);
    const refuse = (m: OpenFlowMessage): OpenFlowMessage[] | undefined =>
      m.kind === "bundle_add" && m.message.kind === "flow_mod" && m.message.priority === 2
        ? [{ kind: "error", xid: m.xid, type: 2, code: 4, data: new Uint8Array(0) }]
        : undefined;
    expect((await play(stream, refuse)).slice(-2)).toEqual(["barrier_request", "discard_request"]);
    expect(await result).toMatchObject({ ok: false, bundled: true, errors: [{ message: other }] });
    expect(errors).toEqual([]);
  });

  it("does not wait for a bundle to be opened on a switch that has opened one before", async () => {
    const { session, stream } = ready();
    const first = session.apply([FLOW]);
    await play(stream);
    await first;
    const second = session.apply([FLOW, FLOW]);
    await settle();
    const sent = stream.take();
    expect(sent.map((m) => (m.kind === "bundle_control" ? m.type : m.kind))).toEqual([
      ...["open_request", "bundle_add", "bundle_add", "barrier_request"],
    ]);
    for (const m of sent) {
      if (m.kind === "bundle_control") stream.receive({ ...m, type: "open_reply" });
      else if (m.kind === "barrier_request") stream.receive({ kind: "barrier_reply", xid: m.xid });
    }
    expect(await play(stream)).toEqual(["commit_request"]);
    expect(await second).toEqual({ ok: true, bundled: true });
  });

  it("discards what it has written to a bundle that the switch would not open", async () => {
    const { session, stream } = ready();
    const first = session.apply([FLOW]);
    await play(stream);
    await first;
    const second = session.apply([FLOW]);
    const refuse = (m: OpenFlowMessage): OpenFlowMessage[] | undefined =>
      m.kind === "bundle_control" && m.type === "open_request" ? [{ ...BAD_REQUEST, xid: m.xid }] : undefined;
    expect((await play(stream, refuse)).at(-1)).toBe("discard_request");
    expect(await second).toMatchObject({ ok: false, bundled: true, errors: [{ error: { code: "openflow/refused" } }] });
  });

  it("writes without a bundle what may come into force one by one, and has it confirmed all the same", async () => {
    const { session, stream } = ready();
    const other: ApplicableMessage = { ...FLOW, priority: 2 };
    const result = session.apply([FLOW, other], { stepwise: true });
    const refuse = (m: OpenFlowMessage): OpenFlowMessage[] | undefined =>
      m.kind === "flow_mod" && m.priority === 2
        ? [{ kind: "error", xid: m.xid, type: 5, code: 1, data: new Uint8Array(0) }]
        : undefined;
    expect(await play(stream, refuse)).toEqual(["flow_mod", "flow_mod", "barrier_request"]);
    expect(await result).toMatchObject({ ok: false, bundled: false, errors: [{ message: other }] });
  });

  it("writes plainly on a switch without bundles, and remembers that", async () => {
    const { session, stream } = ready();
    const refuse = (m: OpenFlowMessage): OpenFlowMessage[] | undefined =>
      m.kind === "bundle_control" ? [{ ...BAD_REQUEST, xid: m.xid }] : undefined;
    const first = session.apply([FLOW]);
    expect(await play(stream, refuse)).toEqual(["open_request", "flow_mod", "barrier_request"]);
    expect(await first).toEqual({ ok: true, bundled: false });
    const second = session.apply([FLOW]);
    expect(await play(stream, refuse)).toEqual(["flow_mod", "barrier_request"]);
    expect(await second).toEqual({ ok: true, bundled: false });
  });

  it("waits for a peer that does not read, and goes on when it does", async () => {
    const { session, stream } = ready({ highWaterBytes: 1_000 });
    /** As many as need a second buffer. */
    const flows: readonly ApplicableMessage[] = Array.from({ length: 1_000 }, () => FLOW);
    const result = session.apply(flows);
    await settle();
    const open = stream.take()[0] as Extract<OpenFlowMessage, { kind: "bundle_control" }>;
    stream.pendingBytes = 2_000;
    stream.receive({ ...open, type: "open_reply" });
    await settle();
    const first = stream.take();
    expect(new Set(first.map((m) => m.kind))).toEqual(new Set(["bundle_add"]));
    expect(first.length).toBeLessThan(flows.length);
    stream.drain();
    const rest = await play(stream);
    const others = flows.slice(first.length).map(() => "add flow_mod");
    expect(rest).toEqual([...others, "barrier_request", "commit_request"]);
    expect(await result).toEqual({ ok: true, bundled: true });
  });

  it("writes a thousand flows in three buffers, not one by one", async () => {
    const { session, stream } = ready();
    const result = session.apply(Array.from({ length: 1_000 }, () => FLOW));
    await settle();
    const open = stream.take()[0] as Extract<OpenFlowMessage, { kind: "bundle_control" }>;
    const before = stream.writes;
    stream.receive({ ...open, type: "open_reply" });
    await settle();
    // And the barrier behind them.
    expect(stream.writes - before).toBeLessThanOrEqual(3 + 1);
    expect(stream.sent.filter(({ kind }) => kind === "bundle_add")).toHaveLength(1_000);
    await play(stream);
    expect(await result).toEqual({ ok: true, bundled: true });
  });

  it("counts a message that cannot be encoded as refused, and applies nothing", async () => {
    const { session, stream } = ready();
    const bad: ApplicableMessage = { ...FLOW, tableId: 256 };
    const result = session.apply([FLOW, bad]);
    expect((await play(stream)).slice(-1)).toEqual(["discard_request"]);
    expect(await result).toMatchObject({ ok: false, errors: [{ message: bad, error: { code: "wire/range" } }] });
  });

  it("counts a message that fits the wire and no bundle as refused, and applies nothing", async () => {
    const { session, stream } = ready();
    const bucket = { weight: 0, watchPort: 0xffff_ffff, watchGroup: 0xffff_ffff, actions: [] };
    // 16 bytes of a GROUP_MOD and 16 for each bucket: 65,520 in all.
    const buckets = new Array<typeof bucket>(4094).fill(bucket);
    const long: ApplicableMessage = { kind: "group_mod", command: "add", type: "all", groupId: 1, buckets };
    const result = session.apply([FLOW, long]);
    expect((await play(stream)).slice(-1)).toEqual(["discard_request"]);
    expect(await result).toMatchObject({ ok: false, errors: [{ message: long, error: { code: "wire/range" } }] });
  });

  it("closes the connection when the switch stops answering, since nobody knows what it did", async () => {
    const { session, stream, clock } = ready({ requestTimeoutMs: 3_000 });
    const result = expect(session.apply([FLOW])).rejects.toMatchObject({ code: "openflow/timeout" });
    await settle();
    clock.advance(3_000);
    await result;
    expect(stream.closeReason).toMatch(/applying failed/);
  });

  it("runs one after the other", async () => {
    const { session, stream } = ready();
    const both = Promise.all([session.apply([FLOW]), session.apply([FLOW])]);
    const once = ["open_request", "add flow_mod", "barrier_request", "commit_request"];
    expect(await play(stream)).toEqual([...once, ...once]);
    expect(await both).toEqual([
      { ok: true, bundled: true },
      { ok: true, bundled: true },
    ]);
  });
});

describe("a session", () => {
  it("ties an error to the message sent, until a barrier has settled it", async () => {
    const { session, stream, errors } = ready();
    session.send([FLOW]);
    const xid = stream.take()[0]?.xid ?? 0;
    stream.receive({ kind: "error", xid, type: 5, code: 1, data: new Uint8Array(0) });
    expect(errors[0]?.cause).toBe(FLOW);
    expect(errors[0]?.error.message).toMatch(/refused a flow_mod \(add, table 0, priority 1\).*OFPFMFC_TABLE_FULL/);
    const barrier = session.barrier();
    stream.receive({ kind: "barrier_reply", xid: stream.take()[0]?.xid ?? 0 });
    await barrier;
    stream.receive({ kind: "error", xid, type: 5, code: 1, data: new Uint8Array(0) });
    expect(errors[1]).not.toHaveProperty("cause");
  });

  it("sends a barrier of its own now and then, so that what was sent need not be remembered for ever", () => {
    const { session, stream } = ready();
    for (let i = 0; i < 1_100; i++) session.packetOut({ actions: [], data: new Uint8Array(0) });
    expect(stream.take().filter((m) => m.kind === "barrier_request")).toHaveLength(2);
  });

  it("is ended by a handler that throws, which is reported with the bytes it failed at", async () => {
    const { stream, errors, closed } = connect({}, () => {
      throw new Error("no such table");
    });
    stream.receive(...HANDSHAKE);
    expect(errors[0]?.error).toMatchObject({
      code: "openflow/fault",
      message: expect.stringContaining("no such table"),
    });
    expect(errors[0]?.bytes?.length).toBeGreaterThan(0);
    await settle();
    expect(closed).toEqual([expect.stringContaining("[openflow/fault]")]);
  });

  it("keeps one timer, and notices a silent peer by it", async () => {
    const { stream, clock, closed } = ready();
    for (let i = 0; i < 1_000; i++) stream.receive({ kind: "echo_request", xid: i, data: new Uint8Array(0) });
    expect(clock.pending).toBe(1);
    clock.advance(9_999);
    expect(stream.closed).toBe(false);
    clock.advance(1);
    await settle();
    expect(closed[0]).toMatch(/nothing received for 10000 ms.*\[openflow\/silent\]/);
    expect(clock.pending).toBe(0);
  });

  it("answers a switch of another version with an error and closes", async () => {
    const { stream, closed, sessions } = connect();
    stream.take();
    stream.receiveBytes(encode({ kind: "hello", xid: 9, version: 1, elements: [] }));
    await settle();
    expect(stream.take()).toMatchObject([{ kind: "error", xid: 9, type: 0, code: 0 }]);
    expect(closed[0]).toMatch(/add OpenFlow13 to the bridge's protocols \[openflow\/version\]/);
    expect(sessions).toEqual([]);
  });
});
