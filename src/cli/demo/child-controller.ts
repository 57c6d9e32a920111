// Runs `weft controller` as a user would, in a process of its own that ends with this one.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callControl, type StatusView, WeftError } from "../../api/index.ts";
import type { TunnelType } from "../../config/types.ts";

export interface ChildControllerOptions {
  /** This program's own script. */
  readonly script: string;
  readonly address: string;
  readonly control: string;
  readonly tunnel: TunnelType;
  /** Where its configuration and its log go. */
  readonly directory: string;
}

interface Ports {
  readonly ovsdb: number;
  readonly openflow: number;
}

const USUAL_PORTS: Ports = { ovsdb: 6640, openflow: 6653 };
/** The kernel chooses. */
const ANY_PORTS: Ports = { ovsdb: 0, openflow: 0 };
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 10_000;
const LOG_TAIL_LINES = 8;

export class ChildController {
  readonly control: string;
  readonly logFile: string;
  readonly #child: ChildProcess;
  #ovsdbPort = USUAL_PORTS.ovsdb;

  private constructor(child: ChildProcess, control: string, logFile: string) {
    this.#child = child;
    this.control = control;
    this.logFile = logFile;
  }

  /**
   * Resolves when it answers on its control socket. Where others listen on the usual ports, it gets any.
   * @throws WeftError `demo/controller` with the end of its log.
   */
  static async start(options: ChildControllerOptions): Promise<ChildController> {
    try {
      return await ChildController.#start(options, USUAL_PORTS);
    } catch (error) {
      if (!(error instanceof WeftError) || error.context.addressInUse !== true) throw error;
      return ChildController.#start(options, ANY_PORTS);
    }
  }

  static async #start(options: ChildControllerOptions, ports: Ports): Promise<ChildController> {
    const { address, control, directory, tunnel } = options;
    const configFile = join(directory, "weft.yaml");
    const logFile = join(directory, "controller.log");
    writeFileSync(configFile, `tunnel:\n  type: ${tunnel}\n`);
    const log = openSync(logFile, "w");
    const argv = ["--control", control, "controller", "--config", configFile, "--until-stdin-ends"];
    argv.push("--ovsdb", `ptcp:${ports.ovsdb}:${address}`, "--openflow", `ptcp:${ports.openflow}:${address}`);
    // Its own process group: Ctrl-C is for this program, which stops it in its turn.
    const child = spawn(process.execPath, [options.script, ...argv], { detached: true, stdio: ["pipe", log, log] });
    closeSync(log);
    child.stdin?.on("error", () => undefined);
    const controller = new ChildController(child, control, logFile);
    try {
      await controller.#answers();
      return controller;
    } catch (error) {
      await controller.stop();
      throw error;
    }
  }

  /** Where hosts are sent. */
  get ovsdbPort(): number {
    return this.#ovsdbPort;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (this.running && Date.now() < deadline) {
      const answer = await callControl(this.control, "status", ["--json"], 2000).catch(() => undefined);
      if (answer !== undefined && this.running) {
        this.#ovsdbPort = ovsdbPortOf((JSON.parse(answer) as StatusView).listeners) ?? USUAL_PORTS.ovsdb;
        return;
      }
      await sleep(50);
    }
    const state = this.running ? "does not answer" : "ended at once";
    const tail = this.logTail();
    throw new WeftError("demo/controller", `the controller ${state}; the end of its log:\n${tail}`, {
      context: { addressInUse: tail.includes('"stream/address-in-use"') },
    });
  }

  logTail(): string {
    try {
      return readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
    } catch {
      return "(there is no log)";
    }
  }

  /** Resolves when the process is gone, by force if it must be. */
  async stop(): Promise<void> {
    if (!this.running) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await exit;
    clearTimeout(force);
  }
}

function ovsdbPortOf(listeners: readonly string[]): number | undefined {
  const ports = listeners.map((listener) => /^ovsdb ptcp:(\d+)/.exec(listener)?.[1]);
  const port = ports.find((found) => found !== undefined);
  return port === undefined ? undefined : Number(port);
}
