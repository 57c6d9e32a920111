// tshark's dissector as a second oracle: it finds nothing malformed in what we encode, and the same headers.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encode, type OpenFlowMessage, peekHeader } from "../../../../proto/openflow13/index.ts";
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

describe.skipIf(tsharkMissing())("tshark", () => {
  it("finds no message malformed, and reads the same headers", () => {
    const more: OpenFlowMessage[] = [
      { kind: "barrier_request", xid: 100 },
      { kind: "echo_request", xid: 101, data: Uint8Array.of(1, 2, 3) },
      { kind: "get_async_request", xid: 102 },
      { kind: "set_async", xid: 103, packetIn: [7, 0], portStatus: [7, 7], flowRemoved: [15, 0] },
      { kind: "set_config", xid: 104, flags: 0, missSendLen: 0xffff },
      { kind: "queue_get_config_request", xid: 105, port: 1 },
      { kind: "table_mod", xid: 106, tableId: 1, config: 3 },
      ...(["desc", "table", "group_desc", "group_features", "meter_features", "port_desc"] as const).map(
        (kind, i): OpenFlowMessage => ({ kind: "multipart_request", xid: 110 + i, flags: 0, body: { kind } }),
      ),
    ];
    const messages = [...VECTORS.map((vector) => vector.bytes), ...more.map((message) => encode(message))];
    const expected = messages.map((bytes) => {
      const header = peekHeader(bytes);
      return `${header?.type}\t${header?.length}\t${header?.xid}\t`;
    });
    expect(dissect(messages)).toEqual(expected);
  });
});
