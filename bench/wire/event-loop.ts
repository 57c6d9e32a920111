// How long one host's 20 MB of database hold the event loop of a controller: a whole session over a real socket.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { JsonFramer } from "../../proto/ovsdb/index.ts";
import { parsePassiveMethod } from "../../src/southbound/connection-method.ts";
import { type OvsdbHandlers, serveOvsdb } from "../../src/southbound/ovsdb/index.ts";
import { listen, systemClock } from "../../src/southbound/stream/index.ts";
import { monitorReply } from "./samples.ts";

const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
export const SERVE = "--serve-monitor-reply";

/** Plays the host, in a process of its own: calls the port and answers what a session asks. */
export function serveMonitorReply(port: number, bytes: number): void {
  const schema: unknown = JSON.parse(readFileSync(SCHEMA, "utf8"));
  const socket = connect({ port, host: "127.0.0.1" });
  const framer = new JsonFramer((message) => {
    const { id, method } = message as { id: number; method: string };
    const reply = (result: unknown): boolean => socket.write(JSON.stringify({ id, error: null, result }));
    if (method === "list_dbs") reply(["Open_vSwitch"]);
    else if (method === "get_schema") reply(schema);
    else if (method === "echo") reply([]);
    else socket.write(monitorReply(bytes, id));
  });
  socket.on("data", (chunk) => framer.push(chunk));
  socket.on("error", () => process.exit(0));
  socket.on("close", () => process.exit(0));
}

export interface LoopHold {
  readonly bytes: number;
  /** From the connection to the snapshot. */
  readonly readyMs: number;
  /** The longest time the event loop stood still. */
  readonly longestMs: number;
  readonly rows: number;
}

/** How long this machine lets a busy process wait by itself: turns of 5 ms for two seconds, and the longest of them. */
export async function measureNoise(): Promise<number> {
  const end = performance.now() + 2_000;
  let longest = 0;
  while (performance.now() < end) {
    const start = performance.now();
    while (performance.now() - start < 5);
    await new Promise((resolve) => setImmediate(resolve));
    longest = Math.max(longest, performance.now() - start);
  }
  return longest;
}

/** `program` is this program's own file. Undefined where Open vSwitch's schema is not installed. */
export async function measureLoopHold(program: string, bytes: number): Promise<LoopHold | undefined> {
  if (!existsSync(SCHEMA)) return undefined;
  const delays = monitorEventLoopDelay({ resolution: 1 });
  let start = 0;
  let finish: (hold: LoopHold) => void = () => undefined;
  let fail: (cause: Error) => void = () => undefined;
  const done = new Promise<LoopHold>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const handlers: OvsdbHandlers = {
    onReady(session) {
      const readyMs = performance.now() - start;
      const rows = session.rows.interfaces.size;
      // One more turn, so that the last piece of work is counted too.
      setTimeout(() => {
        delays.disable();
        finish({ bytes, readyMs, longestMs: delays.max / 1e6, rows });
        session.close("done");
      }, 20);
    },
    onChange: () => undefined,
    onClosed: (_session, label, reason) => fail(new Error(`${label}: ${reason}`)),
  };
  const listener = await listen(parsePassiveMethod("ptcp:0:127.0.0.1"), (stream) => {
    start = performance.now();
    delays.enable();
    // More than a host may have unless it is asked for.
    serveOvsdb(stream, handlers, systemClock, { maxMessageBytes: 2 * bytes, maxBytes: 2 * bytes });
  });
  const port = listener.method.kind === "ptcp" ? listener.method.port : 0;
  const child = spawn(process.execPath, [program, SERVE, String(port), String(bytes)], { stdio: "inherit" });
  const hold = await done;
  child.kill();
  await listener.close();
  return hold;
}
