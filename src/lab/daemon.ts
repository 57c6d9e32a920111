// One ovsdb-server or ovs-vswitchd of a host: start, stop, kill, pause.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, inNamespace, run } from "./command.ts";
import { LabError } from "./lab-error.ts";
import { isMarked, isRunning, markOf, signalProcess, waitUntilGone } from "./processes.ts";

export type DaemonProgram = "ovsdb-server" | "ovs-vswitchd";

/** Where a host's Open vSwitch keeps its database, sockets, pid files and logs. */
export const hostDirOf = (labDir: string, host: string): string => join(labDir, host);

export const databaseSocketOf = (hostDir: string): string => join(hostDir, "db.sock");

/** What Open vSwitch's programs need to find one host's sockets rather than the machine's. */
export const ovsEnvOf = (labDir: string, hostDir: string): Readonly<Record<string, string>> => ({
  ...markOf(labDir),
  OVS_RUNDIR: hostDir,
  OVS_LOGDIR: hostDir,
  OVS_DBDIR: hostDir,
});

/** The command that starts a daemon; it returns when the daemon serves. */
export function daemonCommand(program: DaemonProgram, hostDir: string): string[] {
  const at = (name: string): string => join(hostDir, name);
  const shared = [
    `--unixctl=${at(`${program}.ctl`)}`,
    `--pidfile=${at(`${program}.pid`)}`,
    `--log-file=${at(`${program}.log`)}`,
    "--no-chdir",
    "--detach",
    "-vconsole:off",
  ];
  if (program === "ovs-vswitchd") return [program, `unix:${databaseSocketOf(hostDir)}`, "--disable-system", ...shared];
  return [
    program,
    at("conf.db"),
    `--remote=punix:${databaseSocketOf(hostDir)}`,
    // Without this remote, set-manager does nothing.
    "--remote=db:Open_vSwitch,Open_vSwitch,manager_options",
    // As ovs-ctl starts it: else set-ssl does nothing.
    "--private-key=db:Open_vSwitch,SSL,private_key",
    "--certificate=db:Open_vSwitch,SSL,certificate",
    "--bootstrap-ca-cert=db:Open_vSwitch,SSL,ca_cert",
    ...shared,
  ];
}

export interface DaemonPlace {
  readonly labDir: string;
  readonly hostDir: string;
  readonly namespace: string;
  /** Gives back what the daemon's end took with it. */
  readonly afterStart: () => Promise<void>;
}

export class Daemon {
  readonly program: DaemonProgram;
  readonly #place: DaemonPlace;

  constructor(program: DaemonProgram, place: DaemonPlace) {
    this.program = program;
    this.#place = place;
  }

  /** The pid of the running daemon, never that of another process that has taken the number of a dead one. */
  get pid(): number | undefined {
    let pid: number;
    try {
      pid = Number(readFileSync(join(this.#place.hostDir, `${this.program}.pid`), "utf8").trim());
    } catch {
      return undefined;
    }
    return Number.isInteger(pid) && pid > 1 && isRunning(pid) && isMarked(pid, this.#place.labDir) ? pid : undefined;
  }

  /** Starts the daemon if it does not run, and gives back what was lost with it: addresses, cuts. */
  async start(): Promise<void> {
    if (this.pid !== undefined) return;
    const { labDir, hostDir, namespace, afterStart } = this.#place;
    await run(inNamespace(namespace, daemonCommand(this.program, hostDir)), { env: ovsEnvOf(labDir, hostDir) });
    await afterStart();
  }

  /** Asks it to end, as a service manager would. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async restart(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await this.#end(signal);
    await this.start();
  }

  /** The daemon stands still, its sockets stay open: what a peer sees of a machine that hangs. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  appctl(args: readonly string[], options: { readonly check?: boolean } = {}): Promise<CommandResult> {
    const socket = join(this.#place.hostDir, `${this.program}.ctl`);
    return run(["ovs-appctl", "--timeout=20", "-t", socket, ...args], options);
  }

  #signal(signal: NodeJS.Signals): number {
    const pid = this.pid;
    if (pid === undefined || !signalProcess(pid, signal))
      throw new LabError("lab/not-running", `${this.program} of ${this.#place.namespace} does not run`, {
        context: { program: this.program, namespace: this.#place.namespace },
      });
    return pid;
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const pid = this.#signal(signal);
    if (signal === "SIGTERM") signalProcess(pid, "SIGCONT"); // A paused process would not hear it.
    await waitUntilGone([pid], 20);
  }
}
