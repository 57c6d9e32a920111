// A real ovsdb-server with a database of its own, for one test file.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface RealServer {
  readonly directory: string;
  /** Its Unix socket. */
  readonly socket: string;
  /** `ovs-vsctl` on it, without waiting for a vswitchd. */
  vsctl(...args: string[]): string;
  client(...args: string[]): string;
  stop(): Promise<void>;
  /** Starts it again on the same database. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export const VSWITCH_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

export interface ServerOptions {
  /** Further arguments of ovsdb-server. */
  readonly args?: readonly string[];
  /** Bytes beyond which its files cannot grow, as if the disk were full. */
  readonly fileSizeLimit?: number;
}

/** The file is there a moment before the server listens on it. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

export async function startServer(schema: string = VSWITCH_SCHEMA, options: ServerOptions = {}): Promise<RealServer> {
  const directory = mkdtempSync(join(tmpdir(), "weft-ovsdb-"));
  const socket = join(directory, "db.sock");
  const database = join(directory, "conf.db");
  execFileSync("ovsdb-tool", ["create", database, schema]);
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const args = [
      database,
      "-vconsole:off",
      `--remote=punix:${socket}`,
      `--unixctl=${join(directory, "ctl")}`,
      "--no-chdir",
    ];
    const limit =
      options.fileSizeLimit === undefined ? "" : `trap "" XFSZ; ulimit -f ${options.fileSizeLimit / 1024}; `;
    child = spawn("bash", ["-c", `${limit}exec ovsdb-server "$@"`, "bash", ...args, ...(options.args ?? [])], {
      stdio: "ignore",
      env: { ...process.env, OVS_RUNDIR: directory },
    });
    for (let i = 0; i < 500 && !(await answers(socket)); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const stop = async (): Promise<void> => {
    const running = child;
    if (running === undefined || running.exitCode !== null) return;
    const exited = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await exited;
    rmSync(socket, { force: true });
  };
  await start();
  return {
    directory,
    socket,
    vsctl: (...args) =>
      execFileSync("ovs-vsctl", [`--db=unix:${socket}`, "--no-wait", ...args], { encoding: "utf8" }).trim(),
    client: (...args) => execFileSync("ovsdb-client", args, { encoding: "utf8" }).trim(),
    stop,
    start,
    remove: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
