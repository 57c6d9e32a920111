// Controllers beside Weft, each a process of its own on a port of the loopback address: what they can do with the same load.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../harness/results.ts";

export interface Reference {
  readonly port: number;
  stop(): Promise<void>;
}

export interface ReferenceKind {
  readonly name: string;
  /** Null where it is installed; else what to install. */
  readonly missing: () => string | null;
  readonly start: () => Promise<Reference>;
}

const START_TIMEOUT_MS = 60_000;
const PROBE_MS = 50;
const SCRIPT = join(ROOT, "bench/openflow/simple_switch_13.py");

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await exit;
  clearTimeout(force);
}

/** Resolves when somebody listens there: looked up, not tried, since a connection would be taken for a switch. */
async function listens(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  while (performance.now() < deadline && child.exitCode === null) {
    const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => readFileSync(file, "utf8").split("\n"));
    if (lines.some((line) => line.includes(wanted) && / 0A /.test(line))) return;
    await sleep(PROBE_MS);
  }
  throw new Error(`nobody listens on port ${port}`);
}

async function started(command: string, args: readonly string[], port: number): Promise<Reference> {
  const child = spawn(command, [...args], { stdio: ["pipe", "ignore", "ignore"] });
  child.on("error", () => undefined);
  try {
    await listens(child, port);
  } catch (error) {
    await stopped(child);
    throw error;
  }
  return { port, stop: () => stopped(child) };
}

export function rawNode(mode: "learn" | "spread" | "install", flows = 0): ReferenceKind {
  return {
    name: "raw Node",
    missing: () => null,
    start: async () => {
      const port = await freePort();
      const program = join(import.meta.dirname, "raw-node.js");
      return started(process.execPath, [program, String(port), mode, String(flows)], port);
    },
  };
}

const TESTCONTROLLER = "/usr/bin/ovs-testcontroller";

export const testcontroller: ReferenceKind = {
  name: "ovs-testcontroller",
  missing: () => (existsSync(TESTCONTROLLER) ? null : "apt install openvswitch-testcontroller"),
  start: async () => {
    const port = await freePort();
    return started(
      TESTCONTROLLER,
      ["--protocols=OpenFlow13", "--verbose=off", "--unixctl=none", `ptcp:${port}:127.0.0.1`],
      port,
    );
  },
};

const OSKEN = "/usr/bin/osken-manager";

export const osKen: ReferenceKind = {
  name: "os-ken simple_switch_13",
  missing: () => (existsSync(OSKEN) ? null : "apt install python3-os-ken"),
  start: async () => {
    const port = await freePort();
    const args = ["--ofp-listen-host", "127.0.0.1", "--ofp-tcp-listen-port", String(port), SCRIPT];
    return started(OSKEN, args, port);
  },
};
