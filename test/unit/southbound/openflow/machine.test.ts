// The life of a connection as transcripts: what happens, when, and what the machine wants done.
import { describe, expect, it } from "vitest";
import type { Hello, OpenFlowMessage, PortDesc } from "../../../../proto/openflow13/index.ts";
import {
  DEFAULT_TIMES,
  type Effect,
  type MachineEvent,
  type MachineState,
  nextDeadline,
  start,
  step,
} from "../../../../src/southbound/openflow/machine.ts";

/** Runs events at their times and keeps a line for each effect. */
class Transcript {
  readonly lines: string[] = [];
  state: MachineState;

  constructor() {
    const first = start(0, DEFAULT_TIMES);
    this.state = first.state;
    this.#note(0, first.effects);
  }

  at(nowMs: number, event: MachineEvent): this {
    const next = step(this.state, event, nowMs);
    this.state = next.state;
    this.#note(nowMs, next.effects);
    return this;
  }

  receive(nowMs: number, message: OpenFlowMessage): this {
    return this.at(nowMs, { kind: "received" }).at(nowMs, { kind: "message", message });
  }

  tick(nowMs: number): this {
    return this.at(nowMs, { kind: "tick" });
  }

  /** The lines since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }

  #note(nowMs: number, effects: readonly Effect[]): void {
    for (const effect of effects) this.lines.push(`${nowMs} ${describeEffect(effect)}`);
  }
}

function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case "send": {
      const m = effect.message;
      if (m.kind === "multipart_request") return `send ${m.body.kind}`;
      if (m.kind === "error") return `send error ${m.type}/${m.code}: ${new TextDecoder().decode(m.data)}`;
      return `send ${m.kind}`;
    }
    case "deliver":
      return `deliver ${effect.message.kind}`;
    case "ready":
      return `ready ${effect.identity.ports.map((port) => port.name).join(" ")} meters=${effect.identity.maxMeter}`;
    case "close":
      return `close ${effect.error.code}: ${effect.reason}`;
  }
}

const hello = (version: number, bitmap?: number): Hello => ({
  kind: "hello",
  xid: 77,
  version,
  elements: bitmap === undefined ? [] : [{ kind: "version_bitmap", bitmaps: [bitmap] }],
});

const features: OpenFlowMessage = {
  kind: "features_reply",
  xid: 2,
  datapathId: 1n,
  nBuffers: 0,
  nTables: 254,
  auxiliaryId: 0,
  capabilities: 0,
  reserved: 0,
};

function port(portNo: number, name: string): PortDesc {
  const speeds = { curr: 0, advertised: 0, supported: 0, peer: 0, currSpeedKbps: 0, maxSpeedKbps: 0 };
  return { portNo, hwAddr: "0a:00:00:00:00:01", name, config: 0, state: 0, ...speeds };
}

function ports(list: PortDesc[], more = false): OpenFlowMessage {
  return { kind: "multipart_reply", xid: 3, flags: more ? 1 : 0, body: { kind: "port_desc", ports: list } };
}

const desc: OpenFlowMessage = {
  kind: "multipart_reply",
  xid: 4,
  flags: 0,
  body: { kind: "desc", desc: { mfr: "m", hw: "h", sw: "s", serial: "n", dp: "d" } },
};

const noMeters: OpenFlowMessage = { kind: "error", xid: 5, type: 1, code: 2, data: new Uint8Array(0) };
const barrierReply: OpenFlowMessage = { kind: "barrier_reply", xid: 99 };

function ready(): Transcript {
  const t = new Transcript();
  t.receive(1, hello(4)).receive(2, features).receive(3, ports([])).receive(4, desc).receive(5, noMeters);
  t.take();
  return t;
}

describe("the handshake", () => {
  it("greets at once, asks who the switch is, and is ready when all has come, in any order", () => {
    const t = new Transcript();
    expect(t.take()).toEqual(["0 send hello"]);
    t.receive(10, hello(4, 0x10));
    expect(t.take()).toEqual([
      "10 send features_request",
      "10 send port_desc",
      "10 send desc",
      "10 send meter_features",
    ]);
    t.receive(20, desc)
      .receive(21, noMeters)
      .receive(22, ports([port(1, "p1")], true))
      .receive(23, features);
    expect(t.take()).toEqual([]);
    t.receive(24, ports([port(2, "p2")]));
    expect(t.take()).toEqual(["24 ready p1 p2 meters=0"]);
  });

  it("takes in a port change that comes between the port list and the end of the handshake", () => {
    const t = new Transcript();
    t.receive(1, hello(4)).receive(2, ports([port(1, "p1"), port(2, "p2")]));
    t.receive(3, { kind: "port_status", xid: 0, reason: "delete", port: port(1, "p1") });
    t.receive(4, { kind: "port_status", xid: 0, reason: "add", port: port(3, "p3") });
    t.receive(5, features).receive(6, desc).receive(7, noMeters);
    expect(t.take().at(-1)).toBe("7 ready p2 p3 meters=0");
  });

  it.each([
    ["1.0 alone", hello(1), "at most 0x01"],
    ["1.0 and 1.4 by its bitmap", hello(5, 0x22), "0x01, 0x05"],
    ["1.0 by its bitmap, whatever its header says", hello(4, 0x02), "0x01"],
  ])("refuses a switch that speaks %s, in words, and closes", (_, theirs, offer) => {
    const t = new Transcript();
    t.take();
    t.receive(5, theirs);
    const text = `this controller speaks OpenFlow 1.3 (0x04) alone, the switch offers ${offer}; add OpenFlow13 to the bridge's protocols`;
    expect(t.take()).toEqual([`5 send error 0/0: ${text}`, `5 close openflow/version: ${text}`]);
    expect(nextDeadline(t.state)).toBeUndefined();
  });

  it.each([
    ["1.3 to 1.5 by its bitmap", hello(6, 0x70)],
    ["a higher version without a bitmap", hello(6)],
  ])("accepts a switch that speaks %s", (_, theirs) => {
    const t = new Transcript();
    t.take();
    expect(t.receive(5, theirs).take()[0]).toBe("5 send features_request");
  });

  it("closes when the first message is no HELLO", () => {
    const t = new Transcript();
    t.take();
    t.receive(5, features);
    const text = "the first message must be HELLO, not features_reply";
    expect(t.take()).toEqual([`5 send error 0/0: ${text}`, `5 close openflow/no-hello: ${text}`]);
  });

  it("tells the switch's own words when it refuses us", () => {
    const t = new Transcript();
    t.take();
    t.receive(5, { kind: "error", xid: 1, version: 1, type: 0, code: 0, data: new TextEncoder().encode("only 1.0") });
    expect(t.take()).toEqual([
      "5 close openflow/refused: the peer refused the connection: OFPET_HELLO_FAILED OFPHFC_INCOMPATIBLE: only 1.0",
    ]);
  });

  it("closes after 5 s without a HELLO, and after 10 s without all answers, whatever else comes", () => {
    const silent = new Transcript();
    silent.take();
    expect(silent.tick(4_999).take()).toEqual([]);
    expect(silent.tick(5_000).take()).toEqual(["5000 close openflow/no-hello: no HELLO within 5000 ms"]);

    const slow = new Transcript().receive(4_000, hello(4)).receive(9_000, features).receive(9_900, desc);
    slow.take();
    expect(nextDeadline(slow.state)).toBe(10_000);
    expect(slow.tick(10_000).take()).toEqual([
      "10000 close openflow/handshake: no answer within 10000 ms: PORT_DESC, METER_FEATURES",
    ]);
  });

  it("answers echo requests in every phase", () => {
    const t = new Transcript();
    t.take();
    const echo: OpenFlowMessage = { kind: "echo_request", xid: 9, data: Uint8Array.of(1) };
    expect(t.receive(1, echo).take()).toEqual(["1 send echo_reply"]);
    t.receive(2, hello(4)).take();
    expect(t.receive(3, echo).take()).toEqual(["3 send echo_reply"]);
    expect(ready().receive(9, echo).take()).toEqual(["9 send echo_reply"]);
  });
});

describe("liveness", () => {
  it("asks after 5 s of silence and closes after 10 s", () => {
    const t = ready();
    expect(nextDeadline(t.state)).toBe(5_005);
    expect(t.tick(5_004).take()).toEqual([]);
    expect(t.tick(5_005).take()).toEqual(["5005 send echo_request"]);
    expect(t.tick(10_004).take()).toEqual([]);
    expect(t.tick(10_005).take()).toEqual([
      "10005 close openflow/silent: nothing received for 10000 ms, and no answer to an echo request",
    ]);
    expect(t.tick(99_999).take()).toEqual([]);
  });

  it("takes anything that is received for an answer", () => {
    const t = ready().tick(5_005);
    t.receive(9_000, barrierReply);
    expect(t.take()).toEqual(["5005 send echo_request", "9000 deliver barrier_reply"]);
    expect(nextDeadline(t.state)).toBe(14_000);
  });

  it("does not give the peer up when it was this process that was held up", () => {
    const t = ready().tick(5_005);
    t.take();
    expect(t.tick(30_000).take()).toEqual(["30000 send echo_request"]);
    expect(t.tick(35_000).take()).toHaveLength(1);
  });

  it("does nothing any more once closed", () => {
    const t = ready().at(6, { kind: "closed" });
    t.receive(7, barrierReply).tick(99_999);
    expect(t.take()).toEqual([]);
  });
});
