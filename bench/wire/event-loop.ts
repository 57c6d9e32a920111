// How long one host's 20 MB of database hold the event loop of a controller: a whole session over a real socket.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parsePassiveMethod } from "../../src/southbound/connection-method.ts";
import { type OvsdbHandlers, serveOvsdb } from "../../src/southbound/ovsdb/index.ts";
import { listen, systemClock } from "../../src/southbound/stream/index.ts";
import { SCHEMA } from "./played-host.ts";

const PLAYED_HOST = join(import.meta.dirname, "played-host.js");

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

/** Undefined where Open vSwitch's schema is not installed. */
export async function measureLoopHold(bytes: number): Promise<LoopHold | undefined> {
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
  const child = spawn(process.execPath, [PLAYED_HOST, String(port), String(bytes)], { stdio: "inherit" });
  const hold = await done;
  child.kill();
  await listener.close();
  return hold;
}
