// A whole controller in this process, listening on loopback: what a hostile peer may do to it, it does by real bytes.
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import type { PlanView } from "../../../src/api/plan-views.ts";
import type { Queries } from "../../../src/api/views.ts";
import { formatConfigProblem, parseConfig, type WeftConfig } from "../../../src/config/index.ts";
import { type RunningController, startController } from "../../../src/controller/start.ts";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";

function configOf(settings: Readonly<Record<string, unknown>>): WeftConfig {
  const text = JSON.stringify({
    listen: { ovsdb: ["ptcp:0:127.0.0.1"], openflow: ["ptcp:0:127.0.0.1"] },
    timeouts: { startHoldSec: 0 },
    ...settings,
  });
  const parsed = parseConfig(text, "test");
  if (parsed.config === undefined) throw new Error(parsed.errors.map(formatConfigProblem).join("\n"));
  return parsed.config;
}

export class ControllerOnLoopback {
  readonly #running: RunningController;
  readonly ovsdbPort: number;
  readonly openFlowPort: number;
  /** Everything that was logged. */
  readonly log: readonly Readonly<Record<string, unknown>>[];

  private constructor(running: RunningController, log: readonly Readonly<Record<string, unknown>>[]) {
    this.#running = running;
    this.log = log;
    const portOf = (protocol: string): number => {
      const label = running.listeners.find((one) => one.startsWith(`${protocol} `));
      return Number(label?.split(":")[1]);
    };
    this.ovsdbPort = portOf("ovsdb");
    this.openFlowPort = portOf("openflow");
  }

  /** @param settings keys of weft.yaml. @param pace how often switches are looked through */
  static async start(
    settings: Readonly<Record<string, unknown>> = {},
    pace = new AuditPace(),
  ): Promise<ControllerOnLoopback> {
    const log: Record<string, unknown>[] = [];
    const logger = pino({ level: "debug" }, { write: (line: string) => void log.push(JSON.parse(line)) });
    return new ControllerOnLoopback(
      await startController({ config: configOf(settings), logger, version: "0", pace }),
      log,
    );
  }

  get queries(): Queries {
    return this.#running.queries;
  }

  /** @param settings the configuration as it is from now on, but for what is listened on. */
  reconfigure(settings: Readonly<Record<string, unknown>>): void {
    this.#running.reconfigure(configOf(settings));
  }

  /** What the configuration would change. */
  plan(settings: Readonly<Record<string, unknown>>): Promise<PlanView> {
    return this.#running.plan(configOf(settings));
  }

  counter(name: string): number {
    return this.queries.status().counters[name] ?? Number.NaN;
  }

  /** The reasons and messages of log lines, as text. */
  said(): string {
    return this.log.map((line) => `${line.msg} ${line.reason ?? ""} ${line.error ?? ""}`).join("\n");
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }
}

/** What a busy machine may take for anything; the deadlines under test are the controller's own. */
export const PATIENCE_MS = 60_000;
/** For a test of this folder. */
export const TEST_TIMEOUT_MS = 150_000;

/** Polls; the error says what was waited for. */
export async function until(what: string, isSo: () => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`after ${timeoutMs} ms still not: ${what}`);
    await sleep(10);
  }
}
