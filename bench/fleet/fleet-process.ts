// A simulated fleet in a process of its own, so that what the controller costs is the controller's alone.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cpuSec, memoryMb } from "../processes.ts";
import type { EndpointRun, FleetCounts, FleetWork, JoinTimes } from "./work.ts";

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export class FleetProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  constructor() {
    this.#child = fork(join(import.meta.dirname, "child.js"), {
      serialization: "advanced",
      execArgv: ["--max-old-space-size=16384"],
    });
    this.#child.on("message", ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    this.#child.on("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the fleet ended: ${code ?? signal}`));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the fleet does not run");
    return this.#child.pid;
  }

  get cpuSec(): number {
    return cpuSec(this.pid);
  }

  get memoryMb(): number {
    return memoryMb(this.pid);
  }

  #ask<Result>(method: keyof FleetWork, ...args: readonly unknown[]): Promise<Result> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, method, args });
    });
  }

  addHosts(count: number): Promise<void> {
    return this.#ask("addHosts", count);
  }

  join(target: string, timeoutMs: number): Promise<JoinTimes> {
    return this.#ask("join", target, timeoutMs);
  }

  collisions(): Promise<string[]> {
    return this.#ask("collisions");
  }

  pingLosses(guests: readonly number[]): Promise<string[]> {
    return this.#ask("pingLosses", guests);
  }

  addEndpoints(run: EndpointRun, timeoutMs = 600_000): Promise<number> {
    return this.#ask("addEndpoints", run, timeoutMs);
  }

  attach(number: number): Promise<number> {
    return this.#ask("attach", number);
  }

  move(number: number): Promise<number> {
    return this.#ask("move", number);
  }

  remove(number: number): Promise<void> {
    return this.#ask("remove", number);
  }

  counts(): Promise<FleetCounts> {
    return this.#ask("counts");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.disconnect();
    await exit;
  }
}
