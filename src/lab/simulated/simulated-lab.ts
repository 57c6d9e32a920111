// A simulated lab, used from any process of the user who made it: started, asked, ended.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { callControl, WeftError } from "../../api/index.ts";
import type { Misbehaviour } from "../../sim/manners.ts";
import { LabError } from "../lab-error.ts";
import { checkLabName } from "../names.ts";
import type { PingMatrix } from "../ping-matrix.ts";
import { isRunning, signalProcess } from "../processes.ts";
import { claimSimulated, logOf, readSimulated, removeSimulated, simulatedDirs, socketOf } from "./directory.ts";
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
const STOP_TIMEOUT_MS = 10_000;
const ASK_TIMEOUT_MS = 30_000;
/** A thousand hosts that all join at once take a while, and a matrix of thousands of guests. */
const LONG_TIMEOUT_MS = 1_200_000;
const LOOK_EVERY_MS = 20;

export class SimulatedLab {
  readonly name: string;
  /** Where its socket and its log are. */
  readonly dir: string;
  /** Where a controller has to listen so that its hosts reach it. */
  readonly controllerIp = "127.0.0.1";
  readonly #child: ChildProcess | null;
  #view: SimulatedLabView;

  private constructor(dir: string, view: SimulatedLabView, child: ChildProcess | null) {
    this.dir = dir;
    this.name = view.name;
    this.#view = view;
    this.#child = child;
  }

  /** @throws LabError `lab/taken`, `lab/simulated-start` with the end of its log */
  static async create(options: SimulatedLabOptions): Promise<SimulatedLab> {
    const { hosts, systemIds = [], persistent = false, script } = options;
    const name = checkLabName(options.name);
    await SimulatedLab.sweep();
    const dir = claimSimulated({ version: 1, name, hosts, systemIds: [...systemIds], persistent });
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
    try {
      return new SimulatedLab(dir, await firstView(dir, child), child);
    } catch (error) {
      child.kill("SIGKILL");
      removeSimulated(dir);
      throw error;
    }
  }

  /** @throws LabError `lab/no-lab` */
  static async open(name: string): Promise<SimulatedLab> {
    const dir = simulatedDirs().get(name);
    if (dir === undefined) throw noLab(name);
    try {
      return new SimulatedLab(dir, await ask<SimulatedLabView>(dir, "view", {}), null);
    } catch (error) {
      throw isGone(error) ? noLab(name) : error;
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

  /** With a name, ends that lab; without, removes what dead ones have left. Returns the names. */
  static async sweep(name?: string): Promise<string[]> {
    const swept: string[] = [];
    for (const [found, dir] of simulatedDirs()) {
      if (name !== undefined && name !== found) continue;
      const lab = await SimulatedLab.open(found).catch(() => undefined);
      if (lab === undefined) {
        // One that is just starting answers in a moment.
        if (name === undefined && !(await isDead(dir))) continue;
        removeSimulated(dir);
      } else if (name === undefined) continue;
      else await lab.destroy();
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
    const { pid } = this.#view;
    await ask(this.dir, "stop", {}).catch(() => undefined);
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (this.#isRunning(pid) && Date.now() < deadline) await sleep(LOOK_EVERY_MS);
    if (this.#isRunning(pid)) signalProcess(pid, "SIGKILL");
    removeSimulated(this.dir);
  }

  #isRunning(pid: number): boolean {
    return this.#child === null ? isRunning(pid) : this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #order(method: string, asked: object, timeoutMs = ASK_TIMEOUT_MS): Promise<unknown> {
    const answer = await ask<unknown>(this.dir, method, asked, timeoutMs);
    this.#view = await ask<SimulatedLabView>(this.dir, "view", {});
    return answer;
  }
}

async function ask<Answer>(dir: string, method: string, asked: object, timeoutMs = ASK_TIMEOUT_MS): Promise<Answer> {
  return JSON.parse(await callControl(socketOf(dir), method, [JSON.stringify(asked)], timeoutMs)) as Answer;
}

const isGone = (error: unknown): boolean => error instanceof WeftError && error.code === "control/unreachable";

function noLab(name: string): LabError {
  return new LabError("lab/no-lab", `there is no simulated lab ${name}`, { context: { name } });
}

/** Whether nobody answers, nor will. */
async function isDead(dir: string): Promise<boolean> {
  const deadline = Date.now() + 2000;
  while (Date.now() < deadline) {
    const isThere = await ask(dir, "view", {}).then(
      () => true,
      (error) => !isGone(error),
    );
    if (isThere) return false;
    try {
      readSimulated(dir);
    } catch {
      return true;
    }
    await sleep(LOOK_EVERY_MS * 10);
  }
  return true;
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
