// Weft's controller as a process of its own: what it costs is read from outside, and it can be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callControl, type HostView, type StatusView } from "../src/api/index.ts";
import { cpuSec, memoryMb, peakMemoryMb } from "./processes.ts";

const program = resolve(import.meta.dirname, "../src/cli/main.js");
const START_SEC = 30;
const ANSWER_MS = 120_000;

export interface ControllerPlace {
  /** Where hosts meet it. */
  readonly ip: string;
  readonly ovsdbPort: number;
  readonly openFlowPort: number;
  /** More keys of weft.yaml. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** More arguments of node. */
  readonly nodeArgs?: readonly string[];
}

export class ControllerProcess {
  readonly #place: ControllerPlace;
  readonly #directory = mkdtempSync(join(tmpdir(), "weft-bench-"));
  #child: ChildProcess | null = null;
  #said = "";

  constructor(place: ControllerPlace) {
    this.#place = place;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("the controller does not run");
    return this.#child.pid;
  }

  get cpuSec(): number {
    return cpuSec(this.pid);
  }

  get memoryMb(): number {
    return memoryMb(this.pid);
  }

  get peakMemoryMb(): number {
    return peakMemoryMb(this.pid);
  }

  get #control(): string {
    return join(this.#directory, "weft.sock");
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const { ip, ovsdbPort, openFlowPort, settings, nodeArgs = [] } = this.#place;
    const config = join(this.#directory, "weft.yaml");
    const listen = { ovsdb: [`ptcp:${ovsdbPort}:${ip}`], openflow: [`ptcp:${openFlowPort}:${ip}`] };
    writeFileSync(config, JSON.stringify({ listen, http: { enabled: false }, log: { level: "error" }, ...settings }));
    rmSync(this.#control, { force: true });
    const run = `import(${JSON.stringify(program)}).then(({ main }) => main(["node", "weft", ...process.argv.slice(1)]));`;
    const argv = ["--control", this.#control, "controller", "--config", config, "--until-stdin-ends"];
    const child = spawn(process.execPath, [...nodeArgs, "--input-type=module", "--eval", run, "--", ...argv], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        this.#said = `${this.#said}${chunk}`.slice(-4000);
      });
    const deadline = Date.now() + START_SEC * 1000;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the controller ended: ${this.#said}`);
      try {
        await this.status();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await sleep(20);
      }
    }
  }

  async #ask<View>(method: string): Promise<View> {
    return JSON.parse(await callControl(this.#control, method, ["--json"], ANSWER_MS)) as View;
  }

  status(): Promise<StatusView> {
    return this.#ask("status");
  }

  hosts(): Promise<readonly HostView[]> {
    return this.#ask("hosts");
  }

  /** What it has sent to all switches and databases since its start. */
  async writes(): Promise<{ readonly flowMods: number; readonly groupMods: number; readonly transactions: number }> {
    const { counters } = await this.status();
    const of = (name: string): number => counters[name] ?? Number.NaN;
    return { flowMods: of("flowMods"), groupMods: of("groupMods"), transactions: of("ovsdbTransactions") };
  }

  /** Until it has had nothing to write for so long. */
  async rest(quietMs = 1500, timeoutSec = 300): Promise<void> {
    const deadline = Date.now() + timeoutSec * 1000;
    let [last, since] = ["", Date.now()];
    for (;;) {
      const now = JSON.stringify(await this.writes());
      if (now !== last) [last, since] = [now, Date.now()];
      if (Date.now() - since >= quietMs) return;
      if (Date.now() > deadline) throw new Error(`the controller has not come to rest within ${timeoutSec} s: ${now}`);
      await sleep(200);
    }
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  /** Nothing of it is left. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
