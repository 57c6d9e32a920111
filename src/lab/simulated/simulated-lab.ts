// A simulated lab, used from any process of the user who made it: started, asked, ended.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Misbehaviour } from "../../sim/manners.ts";
import { LabError } from "../lab-error.ts";
import { checkLabName } from "../names.ts";
import type { PingMatrix } from "../ping-matrix.ts";
import { identityOf } from "../processes.ts";
import { ask, isGone } from "./ask.ts";
import {
  claimSimulated,
  logOf,
  readSimulated,
  removeSimulated,
  type SimulatedLabRecord,
  simulatedDirs,
  writeSimulated,
} from "./directory.ts";
import { endFleet, isDead, isHeld } from "./fleet-life.ts";
import type {
  CommandAnswer,
  SimulatedGuestSpec,
  SimulatedGuestView,
  SimulatedHostView,
  SimulatedLabView,
} from "./views.ts";

export interface SimulatedLabOptions {
  readonly name: string;
  readonly hosts: number;
  /** Of host 1 on; "NAME-h1" unless given. */
  readonly systemIds?: readonly string[];
  /** It stays when this process ends. */
  readonly persistent?: boolean;
  /** This program's own script: the lab is a process of it. */
  readonly script: string;
}

const START_TIMEOUT_MS = 15_000;
/** A thousand hosts that all join at once take a while, and a matrix of thousands of guests. */
const LONG_TIMEOUT_MS = 1_200_000;
const LOOK_EVERY_MS = 20;

export class SimulatedLab {
  readonly name: string;
  /** Where its socket and its log are. */
  readonly dir: string;
  /** Where a controller has to listen so that its hosts reach it. */
  readonly controllerIp = "127.0.0.1";
  #view: SimulatedLabView;

  private constructor(dir: string, view: SimulatedLabView) {
    this.dir = dir;
    this.name = view.name;
    this.#view = view;
  }

  /** @throws LabError `lab/taken`, `lab/simulated-start` with the end of its log */
  static async create(options: SimulatedLabOptions): Promise<SimulatedLab> {
    const { hosts, systemIds = [], persistent = false, script } = options;
    const name = checkLabName(options.name);
    await SimulatedLab.sweep();
    const creator = identityOf(process.pid);
    const made: SimulatedLabRecord = {
      ...{ version: 1, name, hosts, systemIds: [...systemIds], persistent },
      ...(creator === undefined ? {} : { creator }),
    };
    const dir = claimSimulated(made);
    if (dir === undefined)
      throw new LabError("lab/taken", `the lab "${name}" is in use; "weft lab down --name ${name}" removes it`, {
        context: { name },
      });
    const log = openSync(logOf(dir), "w");
    const argv = [script, "lab", "simulate", dir, ...(persistent ? [] : ["--until-stdin-ends"])];
    const child = spawn(process.execPath, argv, {
      detached: true,
      stdio: [persistent ? "ignore" : "pipe", log, log],
    });
    closeSync(log);
    child.stdin?.on("error", () => undefined);
    child.unref();
    const identity = identityOf(child.pid ?? 0);
    try {
      if (identity !== undefined) writeSimulated(dir, { ...made, process: identity });
      return new SimulatedLab(dir, await firstView(dir, child));
    } catch (error) {
      child.kill("SIGKILL");
      removeSimulated(dir);
      throw error;
    }
  }

  /** @throws LabError `lab/no-lab` */
  static async open(name: string, timeoutMs?: number): Promise<SimulatedLab> {
    const dir = simulatedDirs().get(name);
    if (dir === undefined) throw noLab(name);
    try {
      return new SimulatedLab(dir, await ask<SimulatedLabView>(dir, "view", {}, timeoutMs));
    } catch (error) {
      throw isGone(error) && !isHeld(dir) ? noLab(name) : error;
    }
  }

  /** The names of this user's simulated labs. */
  static list(): string[] {
    return [...simulatedDirs().keys()];
  }

  /** Whether it ends with a process that runs. */
  static isInUse(name: string): boolean {
    const dir = simulatedDirs().get(name);
    try {
      return dir !== undefined && !readSimulated(dir).persistent;
    } catch {
      return false; // It has just ended.
    }
  }

  /** Whether its process is there, though it may not answer: it is just starting, or it is stuck. */
  static isHeld(name: string): boolean {
    const dir = simulatedDirs().get(name);
    return dir !== undefined && isHeld(dir);
  }

  /** With a name, ends that lab, by force if it must be; without, removes what dead ones have left. Returns the names. */
  static async sweep(name?: string): Promise<string[]> {
    const swept: string[] = [];
    for (const [found, dir] of simulatedDirs()) {
      if (name === undefined ? !(await isDead(dir)) : name !== found) continue;
      await endFleet(dir);
      swept.push(found);
    }
    return swept;
  }

  get view(): SimulatedLabView {
    return this.#view;
  }

  get subnet(): string {
    return this.#view.subnet;
  }

  get hosts(): readonly SimulatedHostView[] {
    return this.#view.hosts;
  }

  get guests(): readonly SimulatedGuestView[] {
    return this.#view.guests;
  }

  get cuts(): SimulatedLabView["cuts"] {
    return this.#view.cuts;
  }

  /** Tells hosts where the controller is; all of them unless named. */
  async join(target: string, hosts?: readonly string[]): Promise<void> {
    await this.#order("join", { target, hosts });
  }

  /** The usual guests on every host, once they have their bridges. */
  async populate(perHost: number): Promise<void> {
    await this.#order("populate", { perHost }, LONG_TIMEOUT_MS);
  }

  async addGuest(spec: SimulatedGuestSpec): Promise<SimulatedGuestView> {
    return (await this.#order("add-guest", spec)) as SimulatedGuestView;
  }

  pingMatrix(guests?: readonly string[]): Promise<PingMatrix> {
    return ask<PingMatrix>(this.dir, "ping", { guests }, LONG_TIMEOUT_MS);
  }

  async cut(from: string, to: string, oneWay = false): Promise<void> {
    await this.#order("cut", { from, to, oneWay });
  }

  async heal(from: string, to: string): Promise<void> {
    await this.#order("heal", { from, to });
  }

  async healAll(): Promise<void> {
    await this.#order("heal-all", {});
  }

  async misbehave(host: string, what: Misbehaviour): Promise<void> {
    await this.#order("misbehave", { host, what });
  }

  async behave(host: string): Promise<void> {
    await this.#order("behave", { host });
  }

  exec(member: string, argv: readonly string[]): Promise<CommandAnswer> {
    return ask<CommandAnswer>(this.dir, "exec", { member, argv }, LONG_TIMEOUT_MS);
  }

  /** Its process ends, by force if it must be, and nothing is left of it. */
  async destroy(): Promise<void> {
    await endFleet(this.dir);
  }

  async #order(method: string, asked: object, timeoutMs?: number): Promise<unknown> {
    const answer = await ask<unknown>(this.dir, method, asked, timeoutMs);
    this.#view = await ask<SimulatedLabView>(this.dir, "view", {});
    return answer;
  }
}

function noLab(name: string): LabError {
  return new LabError("lab/no-lab", `there is no simulated lab ${name}`, { context: { name } });
}

/** Resolves when it answers. */
async function firstView(dir: string, child: ChildProcess): Promise<SimulatedLabView> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const isRunningStill = (): boolean => child.exitCode === null && child.signalCode === null;
  while (isRunningStill() && Date.now() < deadline) {
    const view = await ask<SimulatedLabView>(dir, "view", {}).catch(() => undefined);
    if (view !== undefined) return view;
    await sleep(LOOK_EVERY_MS);
  }
  const what = isRunningStill() ? "does not answer" : "ended at once";
  let tail = "";
  try {
    tail = readFileSync(logOf(dir), "utf8").trimEnd().split("\n").slice(-5).join("\n");
  } catch {
    tail = "(there is no log)";
  }
  throw new LabError("lab/simulated-start", `the process of the simulated hosts ${what}; its log ends:\n${tail}`);
}
