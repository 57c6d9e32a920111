// Makes one switch hold what it should: reads it back once, then writes differences and takes them for true only when confirmed.
import type { WeftError } from "../../proto/bytes/errors.ts";
import type { FlowRemoved, FlowStats, GroupDesc, MeterConfig } from "../../proto/openflow13/index.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { type DesiredFlow, type DesiredSwitch, flowKey } from "../pipeline/desired.ts";
import { tableName } from "../pipeline/registry.ts";
import { type InstalledSwitch, installedFrom, NOTHING_INSTALLED, withoutFlow } from "./installed.ts";
import { type Attempt, ReconcileLoop } from "./loop.ts";
import { planSwitch, type SwitchChange, type SwitchPlan } from "./switch-plan.ts";
import type { Timers } from "./timers.ts";

export type ApplyOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly errors: readonly { readonly message: SwitchChange; readonly text: string }[] };

/** A switch as this needs it. A session of southbound is fitted to it by the composition root. */
export interface SwitchConnection {
  readonly label: string;
  readFlows(): Promise<readonly FlowStats[]>;
  readGroups(): Promise<readonly GroupDesc[]>;
  /** Empty on a switch without meters. */
  readMeters(): Promise<readonly MeterConfig[]>;
  /** All or nothing, confirmed. */
  apply(changes: readonly SwitchChange[]): Promise<ApplyOutcome>;
}

export interface SwitchReconcilerEvents {
  /** What should be there now; null while that can't be told: nothing is written then. */
  desired(): DesiredSwitch | null;
  /** What is installed is known, or has changed. Runs before the next attempt. */
  installedChanged(installed: InstalledSwitch): void;
  applied(plan: SwitchPlan): void;
  failed(error: unknown): void;
}

/** A flow the switch has refused is left out for this long, so that it does not keep out the others of its bundle. */
const REFUSED_HOLD_MS = 30_000;
const MAX_REMOVED = 65_536;

export class SwitchReconciler {
  readonly #connection: SwitchConnection;
  readonly #events: SwitchReconcilerEvents;
  readonly #timers: Timers;
  readonly #loop: ReconcileLoop;
  #phase: "unread" | "read" = "unread";
  #installed: InstalledSwitch = NOTHING_INSTALLED;
  /** What the switch reported gone while a write was under way: the write's outcome must not bring it back here. */
  #removedMeanwhile: FlowRemoved[] = [];
  #isWriting = false;
  /** Form of a refused flow -> until when, and what the switch said. */
  readonly #refused = new Map<string, { readonly untilMs: number; readonly problem: Diagnostic }>();

  constructor(connection: SwitchConnection, events: SwitchReconcilerEvents, timers: Timers) {
    this.#connection = connection;
    this.#events = events;
    this.#timers = timers;
    this.#loop = new ReconcileLoop(() => this.#attempt(), timers);
  }

  wake(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
  }

  get installed(): InstalledSwitch {
    return this.#installed;
  }

  get problems(): readonly Diagnostic[] {
    return [...this.#refused.values()].map((refused) => refused.problem);
  }

  /** The switch has told that a flow is gone: by its timeout, or by somebody's hand. */
  flowRemoved(removed: FlowRemoved): void {
    // A switch that tells of endless removals must not fill the memory; what is missed the next reading finds.
    if (this.#isWriting && this.#removedMeanwhile.length < MAX_REMOVED) this.#removedMeanwhile.push(removed);
    const next = withoutFlow(this.#installed, removed);
    if (next === this.#installed) return;
    this.#installed = next;
    this.#events.installedChanged(next);
  }

  async #attempt(): Promise<Attempt> {
    this.#isWriting = false;
    try {
      if (this.#phase === "unread") await this.#read();
      const desired = this.#events.desired();
      if (desired === null) return "settled";
      return await this.#write(desired);
    } catch (error) {
      this.#phase = "unread";
      this.#events.failed(error);
      return "failed";
    }
  }

  async #read(): Promise<void> {
    const [flows, groups, meters] = await Promise.all([
      this.#connection.readFlows(),
      this.#connection.readGroups(),
      this.#connection.readMeters(),
    ]);
    this.#phase = "read";
    this.#installed = installedFrom(flows, groups, meters);
    this.#events.installedChanged(this.#installed);
  }

  async #write(desired: DesiredSwitch): Promise<Attempt> {
    const now = this.#timers.now();
    for (const [form, refused] of this.#refused) if (refused.untilMs <= now) this.#refused.delete(form);
    const plan = planSwitch(desired, this.#installed, (flow) => this.#refused.has(refusalKey(flow)));
    this.#removedMeanwhile = [];
    for (const changes of [plan.changes, plan.afterwards]) {
      if (changes.length === 0) continue;
      this.#isWriting = true;
      const outcome = await this.#connection.apply(changes);
      if (!outcome.ok) {
        for (const { message, text } of outcome.errors) this.#refuse(desired, message, text, now);
        // The switch may have taken part of it: what it holds is read again, not guessed.
        this.#phase = "unread";
        return "failed";
      }
    }
    if (plan.changes.length > 0 || plan.afterwards.length > 0) {
      const written = { ...this.#installed, ...this.#withoutRefused(desired) };
      this.#installed = this.#removedMeanwhile.reduce(withoutFlow, written);
      this.#removedMeanwhile = [];
      this.#isWriting = false;
      this.#events.applied(plan);
      this.#events.installedChanged(this.#installed);
    }
    return "settled";
  }

  #withoutRefused(desired: DesiredSwitch): DesiredSwitch {
    if (this.#refused.size === 0) return desired;
    const flows = new Map([...desired.flows].filter(([, flow]) => !this.#refused.has(refusalKey(flow))));
    return { ...desired, flows };
  }

  #refuse(desired: DesiredSwitch, message: SwitchChange, text: string, now: number): void {
    const what = describeChange(message);
    const problem = diagnostic(
      "switch/refused",
      `the switch refused ${what}: ${text}`,
      "weft flows HOST shows what is missing; check the version of Open vSwitch",
    );
    const flow =
      message.kind === "flow_mod"
        ? desired.flows.get(flowKey(message.tableId, message.priority, message.match))
        : undefined;
    const key = flow === undefined ? `change/${what}` : refusalKey(flow);
    this.#refused.set(key, { untilMs: now + REFUSED_HOLD_MS, problem });
  }
}

function refusalKey(flow: DesiredFlow): string {
  return `${flow.key}=${flow.form}`;
}

function describeChange(message: SwitchChange): string {
  switch (message.kind) {
    case "flow_mod":
      return `a flow (${message.command}) of table ${tableName(message.tableId)}, priority ${message.priority}`;
    case "group_mod":
      return `group ${message.groupId} (${message.command})`;
    case "meter_mod":
      return `meter ${message.meterId} (${message.command})`;
  }
}

/** For the log: what an error of an attempt says. */
export function failureText(error: unknown): string {
  return error instanceof Error ? `${(error as WeftError).code ?? error.name}: ${error.message}` : String(error);
}
