// A controller for a test, in this process or, where it is to be killed, in one of its own; both are asked in the same way.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { callControl } from "../../src/api/index.ts";
import type { Queries } from "../../src/api/views.ts";
import { formatConfigProblem, parseConfig, type WeftConfig } from "../../src/config/index.ts";
import { startController } from "../../src/controller/start.ts";
import { BuiltProgram } from "../unit/cli/built.ts";

export type Question =
  | "status"
  | "hosts"
  | "tunnels"
  | "ports"
  | "endpoints"
  | "networks"
  | "topology"
  | "doctor"
  | "drift";

/** The keys of weft.yaml; YAML takes JSON. */
export type Settings = Readonly<Record<string, unknown>>;

export interface ControllerUnderTest {
  /** Of the child; of the test itself where it is part of it. */
  readonly pid: number;
  ask<Q extends Question>(question: Q): Promise<ReturnType<Queries[Q]>>;
  /** `weft hosts forget`. */
  forget(host: string): Promise<void>;
  /** A command of the control socket that changes something; what it says. */
  tell(method: "adopt" | "adopt now" | "release", host: string): Promise<string>;
  /** `weft trace`. */
  trace: Queries["trace"];
  /** `weft check`. */
  check: Queries["check"];
  /** What SIGHUP asks for. */
  reload(): void;
  approve(id: string): Promise<void>;
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
}

/** `WEFT_TEST_LOG=info npm run test:lab` shows what the controllers say. */
const logLevel = process.env.WEFT_TEST_LOG ?? "silent";

function configOf(settings: Settings): WeftConfig {
  const parsed = parseConfig(JSON.stringify(settings), "test");
  if (parsed.config !== undefined) return parsed.config;
  throw new Error(parsed.errors.map(formatConfigProblem).join("\n"));
}

export async function startInProcess(settings: Settings): Promise<ControllerUnderTest> {
  const logger = pino({ level: logLevel }, pino.destination({ fd: 2, sync: true }));
  const controller = await startController({ config: configOf(settings), logger, version: "0" });
  return {
    pid: process.pid,
    ask: async <Q extends Question>(question: Q) => controller.queries[question]() as ReturnType<Queries[Q]>,
    forget: async (host) => controller.queries.forgetHost(host),
    tell: (method, host) =>
      method === "release"
        ? controller.queries.releaseHost(host)
        : controller.queries.adoptHost(host, { bridge: null, now: method === "adopt now" }),
    trace: (request) => controller.queries.trace(request),
    check: (request) => controller.queries.check(request),
    reload: () => controller.reloadKeys(),
    approve: async (id) => controller.queries.approveHost(id),
    stop: () => controller.stop(),
    kill: async () => {
      throw new Error("this controller is part of the test: start it as a child to kill it");
    },
  };
}

let program: BuiltProgram | undefined;

/** Compiled from the sources as they are now, once for each test file; never from a stale `dist`. */
export function builtProgram(): BuiltProgram {
  if (program === undefined) {
    const built = new BuiltProgram();
    process.once("exit", () => built.remove());
    program = built;
  }
  return program;
}

async function gone(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

export interface ChildOptions {
  /** A program with its arguments that runs it with something changed: `prlimit`, `unshare`. */
  readonly within?: readonly string[];
  /** More arguments of `weft controller`. */
  readonly args?: readonly string[];
}

/** It ends with this process at the latest: its standard input does. */
export async function startChild(
  settings: Settings,
  directory: string,
  { within = [], args = [] }: ChildOptions = {},
): Promise<ControllerUnderTest> {
  const control = join(directory, "controller.sock");
  const config = join(directory, "weft.yaml");
  rmSync(control, { force: true });
  writeFileSync(config, JSON.stringify(settings));
  const argv = ["--control", control, "controller", "--config", config, "--log-level", logLevel, "--until-stdin-ends"];
  argv.push(...args);
  const child = builtProgram().start(argv, { within });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
      if (logLevel !== "silent") process.stderr.write(chunk);
    });
  }
  const ask = async <Q extends Question>(question: Q): Promise<ReturnType<Queries[Q]>> =>
    JSON.parse(await callControl(control, question, ["--json"], 5000));
  const deadline = Date.now() + 15_000;
  for (;;) {
    const answered = await ask("status").then(
      () => true,
      () => false,
    );
    if (answered) break;
    if (child.exitCode !== null || Date.now() > deadline) {
      await gone(child, "SIGKILL");
      throw new Error(`the controller does not answer; it said: ${said}`);
    }
    await sleep(20);
  }
  const forget = async (host: string): Promise<void> => {
    await callControl(control, "hosts/forget", ["--", host], 5000);
  };
  const tell = (method: string, host: string): Promise<string> => {
    const [name = "", ...when] = method.split(" ");
    return callControl(control, name, ["--", host, ...when.flatMap((word) => ["", word])], 20_000);
  };
  const trace: Queries["trace"] = async ({ from, to, protocol = "", live }) => {
    const args = ["--json", "--", from, to, protocol, "", "", "", live === true ? "live" : ""];
    return JSON.parse(await callControl(control, "trace", args, 20_000));
  };
  const check: Queries["check"] = async ({ hosts, network = "" }) =>
    JSON.parse(await callControl(control, "check", ["--json", "--", network, "", ...hosts], 60_000));
  const approve = async (id: string): Promise<void> => {
    await callControl(control, "hosts/approve", ["--", id], 5000);
  };
  const reload = (): void => void child.kill("SIGHUP");
  const stop = () => gone(child, "SIGTERM");
  const pid = child.pid ?? Number.NaN;
  return { pid, ask, forget, tell, trace, check, reload, approve, stop, kill: () => gone(child, "SIGKILL") };
}
