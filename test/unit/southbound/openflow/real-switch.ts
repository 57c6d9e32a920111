// A private ovsdb-server and ovs-vswitchd in a temporary directory, with dummy ports: needs no privileges and no kernel.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

export class RealSwitch {
  readonly directory: string;
  readonly #processes: ChildProcess[] = [];
  readonly #env: NodeJS.ProcessEnv;

  private constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "weft-ovs-"));
    this.#env = { ...process.env, OVS_RUNDIR: this.directory, OVS_LOGDIR: this.directory, OVS_DBDIR: this.directory };
  }

  /** With one bridge br0 and dummy ports p1 and p2 as OpenFlow ports 1 and 2. */
  static async start(): Promise<RealSwitch> {
    const sw = new RealSwitch();
    try {
      await run("ovsdb-tool", ["create", join(sw.directory, "conf.db"), SCHEMA], { env: sw.#env });
      sw.#spawn("ovsdb-server", [`--remote=punix:${sw.directory}/db.sock`, join(sw.directory, "conf.db")]);
      await sw.#appears("db.sock");
      await sw.vsctl("--no-wait", "init");
      await sw.startVswitchd();
      await sw.vsctl(
        ..."add-br br0 -- set bridge br0 datapath_type=dummy fail_mode=secure protocols=OpenFlow13".split(" "),
        ..."-- add-port br0 p1 -- set interface p1 type=dummy ofport_request=1".split(" "),
        ..."-- add-port br0 p2 -- set interface p2 type=dummy ofport_request=2".split(" "),
      );
      return sw;
    } catch (error) {
      await sw.stop();
      throw error;
    }
  }

  async startVswitchd(): Promise<void> {
    this.#spawn("ovs-vswitchd", [`unix:${this.directory}/db.sock`, "--enable-dummy", "--disable-system", "--no-chdir"]);
    await this.#until(async () => {
      await this.appctl("ovs-vswitchd", "version");
      return true;
    });
  }

  async vsctl(...args: string[]): Promise<string> {
    return (
      await run("ovs-vsctl", [`--db=unix:${this.directory}/db.sock`, "--timeout=10", ...args], { env: this.#env })
    ).stdout;
  }

  async appctl(target: string, ...args: string[]): Promise<string> {
    const child = this.#processes.find((p) => p.spawnargs[0] === target && p.exitCode === null);
    const socket = join(this.directory, `${target}.ctl`);
    if (child === undefined) throw new Error(`${target} does not run`);
    return (await run("ovs-appctl", ["--timeout=10", "-t", socket, ...args], { env: this.#env })).stdout;
  }

  async ofctl(...args: string[]): Promise<string> {
    const bridge = `unix:${this.directory}/br0.mgmt`;
    const [command = "", ...rest] = args;
    return (await run("ovs-ofctl", ["-OOpenFlow13", command, bridge, ...rest], { env: this.#env })).stdout;
  }

  /** A frame comes in on a dummy port. */
  async receive(port: string, frameHex: string): Promise<void> {
    await this.appctl("ovs-vswitchd", "netdev-dummy/receive", port, frameHex);
  }

  async killVswitchd(): Promise<void> {
    const child = this.#processes.find((p) => p.spawnargs[0] === "ovs-vswitchd" && p.exitCode === null);
    if (child !== undefined) await end(child);
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.reverse()) await end(child);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #spawn(program: string, args: string[]): void {
    const common = [`--unixctl=${this.directory}/${program}.ctl`, `--log-file=${this.directory}/${program}.log`];
    const child = spawn(program, [...args, ...common, "-vconsole:off"], { env: this.#env, stdio: "ignore" });
    this.#processes.push(child);
  }

  async #appears(file: string): Promise<void> {
    await this.#until(() => Promise.resolve(existsSync(join(this.directory, file))));
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const done = await condition().catch((error) => {
        if (attempt > 100) throw error;
        return false;
      });
      if (done) return;
      if (attempt > 100) throw new Error("Open vSwitch did not start");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
