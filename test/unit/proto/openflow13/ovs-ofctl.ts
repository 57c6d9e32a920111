// ovs-ofctl as an independent oracle: it prints what we encode, and encodes what we then decode.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../../../proto/bytes/hex.ts";
import { decode, encode, MessageFramer, type OpenFlowMessage } from "../../../../proto/openflow13/index.ts";

/** Skips where Open vSwitch is not installed, but never in CI: there its absence is a failure. */
export function ovsOfctlMissing(): boolean {
  try {
    execFileSync("ovs-ofctl", ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    if (process.env.CI) throw new Error("ovs-ofctl is not installed, and in CI these tests must run");
    return true;
  }
}

/** What `ovs-ofctl ofp-print` says of a message; with `-m` ports and such are told in more words. */
export function ofpPrint(bytes: Uint8Array): string {
  return execFileSync("ovs-ofctl", ["ofp-print", toHex(bytes)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** One process for many messages: a line for each, with inner line breaks as spaces. */
export function ofpParse(messages: readonly Uint8Array[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), "weft-ofp-"));
  try {
    const file = join(directory, "stream");
    writeFileSync(file, Buffer.concat(messages));
    const out = execFileSync("ovs-ofctl", ["ofp-parse", file], { encoding: "utf8", maxBuffer: 1 << 26 });
    return out
      .split(/^(?=(?:OFP|NX|ONF)\w+(?: request| reply)? \()/m)
      .map((text) => text.trim().replaceAll("\n", " "))
      .filter((text) => text !== "");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Plays the switch for one run of ovs-ofctl and gives every message it sent, as bytes, but for the handshake. */
export async function captureOfctl(command: string, args: string[], stdin = ""): Promise<Uint8Array[]> {
  const directory = mkdtempSync(join(tmpdir(), "weft-ofctl-"));
  const path = join(directory, "switch.mgmt");
  const captured: Uint8Array[] = [];
  const server = createServer((socket) => serveSwitch(socket, captured));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null, _stdout: string, stderr: string) =>
        error === null ? resolve() : reject(new Error(`${error.message}\n${stderr}`));
      const flags = ["-OOpenFlow13", "--timeout=10", command, `unix:${path}`, ...args];
      const child = execFile("ovs-ofctl", flags, done);
      child.stdin?.end(stdin);
    });
    return captured;
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    rmSync(directory, { recursive: true, force: true });
  }
}

function serveSwitch(socket: Socket, captured: Uint8Array[]): void {
  const framer = new MessageFramer();
  const answer = (message: OpenFlowMessage): boolean => socket.write(encode(message));
  socket.on("error", () => undefined);
  socket.on("data", (chunk) =>
    framer.push(chunk, (buffer, start, end) => {
      const bytes = Uint8Array.from(buffer.subarray(start, end));
      const message = decode(bytes);
      const { xid } = message;
      if (message.kind === "hello") answer({ ...message, version: 4, elements: [] });
      else if (message.kind === "barrier_request") answer({ kind: "barrier_reply", xid });
      else if (message.kind === "bundle_control") {
        captured.push(bytes);
        const type = message.type.replace("request", "reply") as typeof message.type;
        answer({ ...message, type });
      } else if (message.kind === "features_request") {
        const counts = { nBuffers: 0, nTables: 254, auxiliaryId: 0, capabilities: 0x4f, reserved: 0 };
        answer({ kind: "features_reply", xid, datapathId: 1n, ...counts });
      } else if (message.kind === "multipart_request" && message.body.kind === "port_desc") {
        answer({ kind: "multipart_reply", xid, flags: 0, body: { kind: "port_desc", ports: [] } });
      } else if (message.kind === "multipart_request" && message.body.kind === "table_features") {
        // Table features: one table with the eight properties that are required, all empty.
        const table = new Uint8Array(128);
        table[1] = table.length;
        for (let i = 0; i < 8; i++) table.set([0, i * 2, 0, 4], 64 + i * 8);
        answer({ kind: "multipart_reply", xid, flags: 0, body: { kind: "unknown", type: 12, bytes: table } });
      } else if (message.kind === "multipart_request" || message.kind === "experimenter") {
        answer({ kind: "error", xid, type: 1, code: 2, data: bytes.subarray(0, 64) });
      } else captured.push(bytes);
    }),
  );
}
