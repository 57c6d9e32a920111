// The stand-in on real hosts: a process of its own, as Weft is.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Lab } from "../../src/lab/index.ts";
import { macOf } from "../endpoints.ts";
import type { Contender, ContenderKind } from "./contender.ts";

const PORTS = { ovsdb: 16_740, openflow: 16_753 };

class StandInOnHosts implements Contender {
  readonly #lab: Lab;
  readonly #child: ChildProcess;

  constructor(lab: Lab, child: ChildProcess) {
    this.#lab = lab;
    this.#child = child;
  }

  get pids(): readonly number[] {
    return this.#child.pid === undefined ? [] : [this.#child.pid];
  }

  join(): Promise<void> {
    return this.#lab.join({ port: PORTS.ovsdb });
  }

  async declare(): Promise<void> {
    // What the port's row says is enough.
  }

  columns(number: number): readonly string[] {
    return [`external_ids:attached-mac="${macOf(number)}"`];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}

async function start(lab: Lab): Promise<Contender> {
  const program = join(import.meta.dirname, "../stand-in/stand-in.js");
  const argv = [program, lab.controllerIp, `${PORTS.ovsdb}`, `${PORTS.openflow}`];
  const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error("the stand-in does not start"))),
  ]);
  return new StandInOnHosts(lab, child);
}

export const standInKind: ContenderKind = { lacks: () => null, start };
