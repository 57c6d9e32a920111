// The controller as a user runs it: a process of its own that ends with this one, and can be profiled.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callControl, type StatusView } from "../../src/api/index.ts";
import type { Profiles } from "./profiles.ts";

export interface WeftProcessOptions {
  /** Keys of weft.yaml. It listens on ports of the loopback address that the kernel chooses, unless told otherwise. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly profiles: Profiles | null;
  /** Tells it from other processes of the same benchmark where it is profiled. */
  readonly label?: string;
  /** More arguments for node itself. */
  readonly nodeArgs?: readonly string[];
}

export interface ProcessUsage {
  /** Processor time so far, of all its threads. */
  readonly cpuSec: number;
  readonly rssBytes: number;
}

const START_TIMEOUT_MS = 20_000;
/** A profile of a long run takes a while to write. */
const STOP_TIMEOUT_MS = 60_000;
const CONTROL_TIMEOUT_MS = 60_000;
/** sysconf(_SC_CLK_TCK) and the size of a page on every Linux that Node runs on. */
const TICKS_PER_SEC = 100;
const PAGE_BYTES = 4096;
const PROGRAM = join(import.meta.dirname, "weft-main.js");

function portOf(listeners: readonly string[], kind: "ovsdb" | "openflow"): number {
  const texts = listeners.map((listener) => new RegExp(`^${kind} ptcp:(\\d+)`).exec(listener)?.[1]);
  return Number(texts.find((text) => text !== undefined) ?? 0);
}

export class WeftProcess {
  readonly #child: ChildProcess;
  readonly #directory: string;
  #ports = { ovsdb: 0, openflow: 0 };

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
  }

  /** Resolves when it serves. */
  static async start({ config = {}, profiles, label = "weft", nodeArgs = [] }: WeftProcessOptions) {
    const directory = mkdtempSync(join(tmpdir(), "weft-bench-"));
    const listen = { ovsdb: ["ptcp:0:127.0.0.1"], openflow: ["ptcp:0:127.0.0.1"] };
    const settings = { listen, http: { enabled: false }, log: { level: "warn" }, ...config };
    const file = join(directory, "weft.yaml");
    writeFileSync(file, JSON.stringify(settings));
    const log = openSync(join(directory, "log"), "w");
    const weft = [PROGRAM, "--control", join(directory, "sock"), "controller", "--config", file, "--until-stdin-ends"];
    const argv = [...(profiles?.nodeArgs(label) ?? []), ...nodeArgs, ...weft];
    const child = spawn(process.execPath, argv, { stdio: ["pipe", log, log] });
    closeSync(log);
    child.stdin?.on("error", () => undefined);
    const weftProcess = new WeftProcess(child, directory);
    try {
      await weftProcess.#serves();
      return weftProcess;
    } catch (error) {
      await weftProcess.stop();
      throw error;
    }
  }

  get openflowPort(): number {
    return this.#ports.openflow;
  }

  get ovsdbPort(): number {
    return this.#ports.ovsdb;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async #serves(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (this.#child.exitCode === null && Date.now() < deadline) {
      const listeners = await this.status().then(
        (view) => view.listeners,
        () => undefined,
      );
      if (listeners !== undefined) {
        this.#ports = { ovsdb: portOf(listeners, "ovsdb"), openflow: portOf(listeners, "openflow") };
        return;
      }
      await sleep(50);
    }
    throw new Error(`weft does not start; the end of its log:\n${this.logTail()}`);
  }

  logTail(): string {
    return readFileSync(join(this.#directory, "log"), "utf8").trimEnd().split("\n").slice(-12).join("\n");
  }

  /** Asks its control socket. */
  call(command: string, ...args: readonly string[]): Promise<string> {
    return callControl(join(this.#directory, "sock"), command, [...args], CONTROL_TIMEOUT_MS);
  }

  async status(): Promise<StatusView> {
    return JSON.parse(await this.call("status", "--json")) as StatusView;
  }

  usage(): ProcessUsage {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    const [user, system, pages] = [11, 12, 21].map((at) => Number(fields[at]));
    return {
      cpuSec: ((user ?? 0) + (system ?? 0)) / TICKS_PER_SEC,
      rssBytes: (pages ?? 0) * PAGE_BYTES,
    };
  }

  /** Resolves when it is gone, by force if it must be, with its profile written. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      const force = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await exit;
      clearTimeout(force);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
