// tshark's dissector as a second oracle: it finds nothing malformed in what we encode, and the same headers.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../../proto/bytes/hex.ts";
import {
  encode,
  FLOW_FILTER_ALL,
  type MultipartRequestBody,
  type OpenFlowMessage,
  parseFlow,
  parseInstructions,
  peekHeader,
} from "../../../../proto/openflow13/index.ts";
import { FROM_SWITCH } from "./from-switch.ts";
import { VECTORS } from "./vectors.ts";

const PORT = 6653;

function tsharkMissing(): boolean {
  try {
    execFileSync("tshark", ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    if (process.env.CI) throw new Error("tshark is not installed, and in CI these tests must run");
    return true;
  }
}

/** A capture with each message in a TCP segment of its own. */
function capture(messages: readonly Uint8Array[]): Buffer {
  const fileHeader = Buffer.alloc(24);
  fileHeader.writeUInt32LE(0xa1b2c3d4, 0);
  fileHeader.writeUInt16LE(2, 4);
  fileHeader.writeUInt16LE(4, 6);
  fileHeader.writeUInt32LE(0xffff, 16);
  fileHeader.writeUInt32LE(1, 20);
  let sequence = 1;
  const packets = messages.map((message) => {
    const frame = Buffer.alloc(54 + message.length);
    frame.writeUInt16BE(0x0800, 12);
    frame.set([0x45, 0], 14);
    frame.writeUInt16BE(40 + message.length, 16);
    frame.set([64, 6], 22);
    frame.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
    frame.writeUInt16BE(43210, 34);
    frame.writeUInt16BE(PORT, 36);
    frame.writeUInt32BE(sequence, 38);
    frame.set([0x50, 0x18, 0xff, 0xff], 46);
    frame.set(message, 54);
    sequence += message.length;
    const header = Buffer.alloc(16);
    header.writeUInt32LE(frame.length, 8);
    header.writeUInt32LE(frame.length, 12);
    return Buffer.concat([header, frame]);
  });
  return Buffer.concat([fileHeader, ...packets]);
}

/** Fields of each frame, and whether tshark calls it malformed. */
function dissect(messages: readonly Uint8Array[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), "weft-tshark-"));
  try {
    const file = join(directory, "messages.pcap");
    writeFileSync(file, capture(messages));
    const fields = ["openflow_v4.type", "openflow_v4.length", "openflow_v4.xid", "_ws.malformed"];
    const args = ["-r", file, "-d", `tcp.port==${PORT},openflow`, "-T", "fields", "-E", "occurrence=f"];
    const out = execFileSync("tshark", [...args, ...fields.flatMap((field) => ["-e", field])], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return out.replace(/\n$/, "").split("\n");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const request = (body: MultipartRequestBody): OpenFlowMessage => ({
  kind: "multipart_request",
  xid: 110,
  flags: 0,
  body,
});

/** What is not among the vectors. */
const FROM_CONTROLLER: readonly OpenFlowMessage[] = [
  { kind: "features_request", xid: 98 },
  { kind: "get_config_request", xid: 99 },
  { kind: "barrier_request", xid: 100 },
  { kind: "echo_request", xid: 101, data: Uint8Array.of(1, 2, 3) },
  { kind: "get_async_request", xid: 102 },
  { kind: "set_async", xid: 103, packetIn: [7, 0], portStatus: [7, 7], flowRemoved: [15, 0] },
  { kind: "set_config", xid: 104, flags: 0, missSendLen: 0xffff },
  { kind: "queue_get_config_request", xid: 105, port: 1 },
  { kind: "table_mod", xid: 106, tableId: 1, config: 3 },
  {
    ...{ kind: "port_mod", xid: 107, portNo: 1, hwAddr: "0a:00:00:00:00:01", config: 1, mask: 0x65, advertise: 0 },
  },
  ...(["desc", "table", "group_desc", "group_features", "meter_features", "port_desc"] as const).map((kind) =>
    request({ kind }),
  ),
  ...(["flow", "aggregate"] as const).map((kind) => request({ kind, ...FLOW_FILTER_ALL })),
  ...(["meter", "meter_config"] as const).map((kind) => request({ kind, meterId: 1 })),
  request({ kind: "group", groupId: 1 }),
  request({ kind: "port_stats", portNo: 1 }),
  request({ kind: "queue", portNo: 1, queueId: 2 }),
  request({ kind: "table_features", tables: [] }),
  {
    ...{ xid: 120, ...parseFlow("table=1,tcp,in_port=1,dl_vlan=5,nw_src=10.0.0.0/8,tp_dst=80 actions=drop") },
    instructions: parseInstructions(
      "meter:1,push_vlan:0x8100,set_field:4101->vlan_vid,dec_ttl,group:5,output:2,clear_actions,write_actions(output:1),write_metadata:1/3,goto_table:9",
    ),
  },
];

/** tshark 4.0 reads past the end of every experimenter's multipart reply; docs/wire-oracles.md. */
const EXPERIMENTER_REPLY = /^0413.{12}ffff/;

describe.skipIf(tsharkMissing())("tshark", () => {
  it("finds no message malformed, and reads the same headers", () => {
    const sent = [...FROM_CONTROLLER, ...FROM_SWITCH.map(([, message]) => message)];
    const messages = [...VECTORS.map((vector) => vector.bytes), ...sent.map((message) => encode(message))];
    // Every type of the specification is among them.
    expect(new Set(messages.map((bytes) => bytes[1]))).toEqual(new Set(Array.from({ length: 30 }, (_, type) => type)));
    const expected = messages.map((bytes) => {
      const header = peekHeader(bytes);
      const wrong = EXPERIMENTER_REPLY.test(toHex(bytes)) ? "[Malformed Packet: openflow_v4]" : "";
      return `${header?.type}\t${header?.length}\t${header?.xid}\t${wrong}`;
    });
    expect(dissect(messages)).toEqual(expected);
  });
});
