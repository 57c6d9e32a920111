// DELTA's checks of the control channel: versions, unknown types, the HELLO, damaged messages. Each ends its own connection alone.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fromHex } from "../../../proto/bytes/hex.ts";
import { encode, errorNumbers, OFP_NO_BUFFER, type OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { portDesc, WireSwitch } from "./wire-switch.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

let controller: ControllerOnLoopback;
let witness: WireSwitch;
let lastDpid = 0x100n;

beforeAll(async () => {
  controller = await ControllerOnLoopback.start();
  witness = await WireSwitch.connect(controller.openFlowPort, 0x1n);
  await until("the witness is connected", () => witness.received.some((m) => m.kind === "multipart_request"));
});

afterAll(async () => {
  witness?.socket.destroy();
  await controller?.stop();
});

function aSwitch(talks: boolean): Promise<WireSwitch> {
  lastDpid += 1n;
  return WireSwitch.connect(controller.openFlowPort, lastDpid, { talks });
}

async function readySwitch(): Promise<WireSwitch> {
  const one = await aSwitch(true);
  const isReady = () => one.received.some((m) => m.kind === "multipart_request" && m.body.kind === "flow");
  await until("the switch is ready", isReady);
  return one;
}

const HELLO: OpenFlowMessage = { kind: "hello", xid: 1, version: 4, elements: [] };
const text = (name: string): string => {
  const numbers = errorNumbers(name);
  return `${numbers?.type}/${numbers?.code}`;
};

/** The connection ends, by the error named if there is one, and nobody else notices. */
async function expectEnd(peer: WireSwitch, error: string | null): Promise<void> {
  await peer.endedWithin(30_000);
  expect(peer.errors()).toEqual(error === null ? [] : [text(error)]);
  expect(witness.isOpen).toBe(true);
  await witness.isHeard();
}

describe("a peer that is no OpenFlow 1.3 switch", () => {
  it.each([
    ["OpenFlow 1.0, in the old way", "0100000800000001"],
    ["OpenFlow 1.2 alone, by a bitmap", "0600001000000001" + "0001000800000008"],
    ["OpenFlow 1.4 and 1.5 alone, by a bitmap", "0600001000000001" + "0001000800000060"],
    ["no version at all, by an empty bitmap", "0400001000000001" + "0001000800000000"],
    ["a version of 0", "0000000800000001"],
    ["a version of 255", "ff00000800000001"],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: weft\r\n\r\n").toString("hex")],
    ["TLS", "1603010200010001fc0303"],
    ["OVSDB", Buffer.from('{"id":1,"method":"list_dbs","params":[]}').toString("hex")],
  ])("is told so when it speaks %s", async (_, hex) => {
    const peer = await aSwitch(false);
    peer.write(fromHex(hex));
    await expectEnd(peer, "OFPHFC_INCOMPATIBLE");
  });

  it("is told where to go when it speaks OVSDB or TLS", () => {
    expect(controller.said()).toContain("the peer speaks OVSDB here: set-manager must point at the OVSDB port");
    expect(controller.said()).toContain("the peer speaks TLS here");
  });

  it("is served when its bitmap has OpenFlow 1.3 among others, whatever its header says", async () => {
    const peer = await aSwitch(false);
    peer.write(fromHex("0600001000000001" + "0001000800000072"));
    await until("it is asked who it is", () => peer.received.some((m) => m.kind === "features_request"));
    peer.socket.destroy();
  });
});

describe("the HELLO", () => {
  it.each<[string, OpenFlowMessage]>([
    [
      "a FEATURES_REPLY",
      {
        kind: "features_reply",
        xid: 2,
        datapathId: 9n,
        nBuffers: 0,
        nTables: 1,
        auxiliaryId: 0,
        capabilities: 0,
        reserved: 0,
      },
    ],
    [
      "a PACKET_IN",
      {
        kind: "packet_in",
        xid: 2,
        bufferId: OFP_NO_BUFFER,
        totalLen: 0,
        reason: 0,
        tableId: 0,
        cookie: 0n,
        match: [],
        data: new Uint8Array(0),
      },
    ],
    ["a PORT_STATUS", { kind: "port_status", xid: 2, reason: "add", port: portDesc(1) }],
    ["a BARRIER_REPLY", { kind: "barrier_reply", xid: 2 }],
    ["a GET_CONFIG_REQUEST", { kind: "get_config_request", xid: 2 }],
  ])("may not be missing: %s before it is refused", async (_, message) => {
    const peer = await aSwitch(false);
    peer.send(message);
    await expectEnd(peer, "OFPHFC_INCOMPATIBLE");
  });

  it("may not come twice while the switch is asked who it is", async () => {
    const peer = await aSwitch(false);
    peer.send(HELLO, HELLO);
    await expectEnd(peer, "OFPBRC_BAD_TYPE");
  });

  it("may not come again on a connection that stands", async () => {
    const peer = await readySwitch();
    peer.send(HELLO);
    await expectEnd(peer, "OFPBRC_BAD_TYPE");
  });

  it("has to come within 5 s, and the rest of the handshake within 10 s, for half-hearted peers too", async () => {
    const silent = await aSwitch(false);
    const greeted = await aSwitch(false);
    greeted.send(HELLO);
    // Bytes alone are no progress.
    const lively = await aSwitch(false);
    lively.send(HELLO);
    const babble = setInterval(() => lively.send({ kind: "echo_request", xid: 1, data: new Uint8Array(0) }), 500);
    const slow = await aSwitch(false);
    void slow.trickle(encode({ ...HELLO, elements: [{ kind: "version_bitmap", bitmaps: [16] }] }), 1_000);
    await Promise.all([silent.endedWithin(30_000), slow.endedWithin(30_000)]);
    await Promise.all([greeted.endedWithin(30_000), lively.endedWithin(30_000)]);
    clearInterval(babble);
    expect(controller.said()).toContain("no HELLO within 5000 ms");
    expect(controller.said()).toContain("no answer within 10000 ms: FEATURES, PORT_DESC, DESC, METER_FEATURES");
    await witness.isHeard();
  });
});

describe("a connection that stands ends by", () => {
  /** Message, and the error that the specification has for it. */
  it.each([
    ["another version", "0105000800000007", "OFPBRC_BAD_VERSION"],
    ["an unknown type", "041e000800000007", "OFPBRC_BAD_TYPE"],
    ["the highest type", "04ff000800000007", "OFPBRC_BAD_TYPE"],
    ["a length of 0", "0402000000000007", "OFPBRC_BAD_LEN"],
    ["a length that is less than a header", "0402000700000007", "OFPBRC_BAD_LEN"],
    ["a PACKET_IN that is only a header", "040a000800000007", "OFPBRC_BAD_LEN"],
    [
      "a PACKET_IN cut in its match",
      "040a001c00000007" + "ffffffff00000000" + "0000000000000000" + "0001000c",
      "OFPBRC_BAD_LEN",
    ],
    [
      "a match of no length",
      "040a002200000007" + "ffffffff00000000" + "0000000000000000" + "00010000" + "00000000" + "0000",
      "OFPBRC_BAD_LEN",
    ],
    [
      "a match longer than its message",
      "040a002200000007" + "ffffffff00000000" + "0000000000000000" + "0001ffff" + "00000000" + "0000",
      "OFPBRC_BAD_LEN",
    ],
    [
      "an OXM longer than its match",
      "040a002a00000007" + "ffffffff00000000" + "0000000000000000" + "0001000c800000ff" + "0000000100000000" + "0000",
      "OFPBRC_BAD_LEN",
    ],
    ["a PORT_STATUS that is too short", "040c001000000007" + "0000000000000000", "OFPBRC_BAD_LEN"],
    ["a PORT_STATUS that is too long", `040c005800000007${"00".repeat(80)}`, "OFPBRC_BAD_LEN"],
    ["a FLOW_REMOVED that is too short", `040b000f00000007${"00".repeat(7)}`, "OFPBRC_BAD_LEN"],
    ["an ERROR without type and code", "0401000a00000007" + "0000", "OFPBRC_BAD_LEN"],
    ["a BARRIER_REPLY with something behind it", "0415000900000007" + "00", "OFPBRC_BAD_LEN"],
    ["an EXPERIMENTER without a body", "0404000800000007", "OFPBRC_BAD_LEN"],
    ["a FEATURES_REQUEST, which is a controller's", "0405000800000007", "OFPBRC_BAD_TYPE"],
    ["a BARRIER_REQUEST, which is a controller's", "0414000800000007", "OFPBRC_BAD_TYPE"],
    [
      "a ROLE_REQUEST, which is a controller's",
      "0418001800000007" + "0000000200000000" + "0000000000000001",
      "OFPBRC_BAD_TYPE",
    ],
    [
      "a multipart reply with flows of no length",
      "0413001800000007" + "0001000000000000" + "0000000000000000",
      "OFPBRC_BAD_LEN",
    ],
    ["a multipart reply of ports, cut", `0413002000000007000d000000000000${"00".repeat(16)}`, "OFPBRC_BAD_LEN"],
    ["a group without a length", "0413001800000007" + "0007000000000000" + "0000000000000001", "OFPBRC_BAD_LEN"],
  ])("%s", async (_, hex, error) => {
    const peer = await readySwitch();
    peer.write(fromHex(hex));
    await expectEnd(peer, error);
  });

  it("each of the messages that only controllers send", async () => {
    const orders = [0x05, 0x07, 0x09, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x14, 0x16, 0x18, 0x1a, 0x1c, 0x1d];
    for (const type of orders) {
      const peer = await readySwitch();
      peer.write(Uint8Array.of(4, type, 0, 8, 0, 0, 0, 7));
      await peer.endedWithin(30_000);
      expect(peer.errors()).toHaveLength(1);
    }
    await witness.isHeard();
  });
});

describe("a connection that stands is not ended by", () => {
  it.each<[string, readonly OpenFlowMessage[]]>([
    [
      "answers that nobody asked for",
      [
        { kind: "barrier_reply", xid: 0xdead },
        {
          kind: "features_reply",
          xid: 0xdead,
          datapathId: 0xbadn,
          nBuffers: 0,
          nTables: 1,
          auxiliaryId: 0,
          capabilities: 0,
          reserved: 0,
        },
        { kind: "multipart_reply", xid: 0xdead, flags: 0, body: { kind: "flow", flows: [] } },
        { kind: "role_reply", xid: 0xdead, role: "slave", generationId: 0n },
        { kind: "echo_reply", xid: 0xdead, data: new Uint8Array(9) },
      ],
    ],
    [
      "an error about a message that was never sent",
      [
        { kind: "error", xid: 0xdead, type: 5, code: 1, data: new Uint8Array(64) },
        { kind: "error", xid: 0xdead, type: 0xfffe, code: 0xffff, data: new Uint8Array(0) },
      ],
    ],
    [
      "a word of another vendor",
      [
        {
          kind: "experimenter",
          xid: 7,
          experimenter: 0xbad,
          expType: 1,
          data: new Uint8Array(8),
        },
      ],
    ],
  ])("%s", async (_, messages) => {
    const peer = await readySwitch();
    peer.send(...messages);
    await peer.isHeard();
    expect(peer.errors()).toEqual([]);
    // Who it is has not changed by it.
    expect(controller.queries.hosts().some((host) => host.dpid?.endsWith("bad"))).toBe(false);
    peer.socket.destroy();
  });
});
