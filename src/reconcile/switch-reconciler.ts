// Makes one switch hold what it should: reads it back once, then writes differences and takes them for true only when confirmed.
import type { WeftError } from "../../proto/bytes/errors.ts";
import { type FlowRemoved, type FlowUpdate, OFPRR } from "../../proto/openflow13/index.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { type DesiredFlow, type DesiredSwitch, flowKey } from "../pipeline/desired.ts";
import { layered } from "../pipeline/layered-flows.ts";
import { tableName } from "../pipeline/registry.ts";
import type { AuditPace } from "./audit-pace.ts";
import type { Comparison, Drift } from "./drift.ts";
import { type InstalledSwitch, installedFrom, NOTHING_INSTALLED, withoutFlow } from "./installed.ts";
import { InternedFlows } from "./interned-flows.ts";
import { type Attempt, ReconcileLoop } from "./loop.ts";
import { type AuditedSwitch, SwitchAudit } from "./switch-audit.ts";
import { planSwitch, type SwitchChange, type SwitchPlan } from "./switch-plan.ts";
import type { Timers } from "./timers.ts";
import { Turnarounds } from "./turnarounds.ts";

export type ApplyOutcome =
  | { readonly ok: true }
  /** Without a message where the switch refused the whole. */
  | { readonly ok: false; readonly errors: readonly { readonly message?: SwitchChange; readonly text: string }[] };

/** A switch as this needs it. A session of southbound is fitted to it by the composition root. */
export interface SwitchConnection extends AuditedSwitch {
  readonly label: string;
  /** All or nothing, unless each may come into force by itself; confirmed in either case. */
  apply(changes: readonly SwitchChange[], stepwise: boolean): Promise<ApplyOutcome>;
}

export interface SwitchReconcilerEvents {
  /** What should be there now; null while that can't be told: nothing is written then. */
  desired(): DesiredSwitch | null;
  /** What is installed is known, or has changed. Runs before the next attempt. */
  installedChanged(installed: InstalledSwitch): void;
  /**
   * Somebody else has changed what is installed. It is no fact about the fabric, only work to be done: what was
   * installed before is what was meant.
   */
  drifted(installed: InstalledSwitch, drifts: readonly Drift[]): void;
  /** All is as it should be. */
  settled(): void;
  applied(plan: SwitchPlan): void;
  failed(error: unknown): void;
}

/**
 * A flow the switch has refused is left out for this long, so that it does not keep out the others of its bundle; not
 * at its first refusal: the switch is read again, and what it lacked may be written then.
 */
const REFUSED_HOLD_MS = 30_000;
const MAX_REFUSED_HOLD_MS = 10 * 60_000;
/** Where two write against each other, this many repairs a second at the most. */
const REPAIR_GAP_MS = 200;
/** A switch that tells of endless removals must not fill the memory; what is missed the next reading finds. */
const MAX_REMOVED = 65_536;

interface Refusal {
  readonly untilMs: number;
  readonly times: number;
  readonly problem: Diagnostic;
  /** null where it was something else. */
  readonly flow: DesiredFlow | null;
}

export class SwitchReconciler {
  readonly #connection: SwitchConnection;
  readonly #events: SwitchReconcilerEvents;
  readonly #timers: Timers;
  readonly #common: InternedFlows;
  readonly #loop: ReconcileLoop;
  #phase: "unread" | "read" = "unread";
  #installed: InstalledSwitch = NOTHING_INSTALLED;
  /** The same without what others have done since it was read: of facts, this tells. */
  #meant: InstalledSwitch = NOTHING_INSTALLED;
  /** What the switch reported gone while a write was under way: the write's outcome must not bring it back here. */
  #removedMeanwhile: FlowRemoved[] = [];
  /** Form of a refused flow -> until when, and what the switch said. */
  readonly #refused = new Map<string, Refusal>();
  readonly #turnarounds = new Turnarounds();
  readonly #audit: SwitchAudit;
  /** Something but a look at the switch is to be done. */
  #hasWork = false;
  #isWriting = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #repairTimer: { cancel(): void } | null = null;
  /** Reports of timeouts that could not have been. */
  #untrue = 0;

  /** @param common and @param pace are those of all switches */
  constructor(
    connection: SwitchConnection,
    events: SwitchReconcilerEvents,
    timers: Timers,
    pace: AuditPace,
    common = new InternedFlows(),
  ) {
    this.#common = common;
    this.#connection = connection;
    this.#events = events;
    this.#timers = timers;
    this.#loop = new ReconcileLoop(() => this.#attempt(), timers);
    this.#audit = new SwitchAudit(connection, timers, pace, () => this.#wakeToLook());
  }

  /** What is desired may have changed. */
  wake(): void {
    this.#hasWork = true;
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
    this.#audit.stop();
    this.#repairTimer?.cancel();
  }

  /** Resolves when nothing is under way any more. */
  idle(): Promise<void> {
    return this.#loop.idle();
  }

  get installed(): InstalledSwitch {
    return this.#installed;
  }

  get problems(): readonly Diagnostic[] {
    const refused = [...this.#refused.values()].map((refusal) => refusal.problem);
    return this.#untrue === 0 ? refused : [...refused, untrueReports(this.#untrue)];
  }

  /** The switch tells of changes that others have made. */
  flowsChanged(updates: readonly FlowUpdate[]): void {
    this.#audit.hear(updates);
  }

  /** The switch has left out changes. */
  flowNewsLost(): void {
    this.#phase = "unread";
    this.#wakeToLook();
  }

  /**
   * The switch has told that a flow is gone. True where it ran out of time, so that what it stood for is over. Any other
   * end says nothing of that; and where the report can't be true, the switch is read before anything is believed.
   */
  flowRemoved(removed: FlowRemoved): boolean {
    const isTimeout = removed.reason === OFPRR.IDLE_TIMEOUT || removed.reason === OFPRR.HARD_TIMEOUT;
    if (isTimeout && this.#mayBe(removed)) {
      if (this.#isWriting && this.#removedMeanwhile.length < MAX_REMOVED) this.#removedMeanwhile.push(removed);
      const meant = withoutFlow(this.#meant, removed);
      this.#installed = this.#installed === this.#meant ? meant : withoutFlow(this.#installed, removed);
      const isNews = meant !== this.#meant;
      this.#meant = meant;
      if (isNews) this.#events.installedChanged(meant);
      return true;
    }
    if (isTimeout) this.#untrue += 1;
    if (isTimeout || !this.#audit.isMonitored) this.#audit.doubt(removed.tableId);
    return false;
  }

  /** A flow of ours, that was there for as long as its timeout at least. */
  #mayBe({ tableId, priority, match, cookie, reason, idleTimeoutSec, durationSec }: FlowRemoved): boolean {
    if (reason !== OFPRR.IDLE_TIMEOUT || idleTimeoutSec === 0 || durationSec < idleTimeoutSec) return false;
    if (this.#phase === "unread") return true;
    const held = this.#installed.flows.get(flowKey(tableId, priority, match));
    if (held === undefined) return this.#isWriting;
    return held.cookie === cookie && held.idleTimeoutSec === idleTimeoutSec;
  }

  #wakeToLook(): void {
    if (this.#repairTimer !== null) return;
    const wait = this.#lookedAtMs + REPAIR_GAP_MS - this.#timers.now();
    if (wait <= 0) {
      this.#loop.wake();
      return;
    }
    this.#repairTimer = this.#timers.setTimer(Math.ceil(wait), () => {
      this.#repairTimer = null;
      this.#loop.wake();
    });
  }

  async #attempt(): Promise<Attempt> {
    try {
      this.#lookedAtMs = this.#timers.now();
      if (this.#phase === "unread") await this.#read();
      await this.#audit.look(
        () => this.#installed,
        (comparison) => this.#drifted(comparison),
      );
      if (!this.#hasWork && this.#refused.size === 0) return "settled";
      const desired = this.#events.desired();
      this.#hasWork = false;
      if (desired === null) return "settled";
      return await this.#write(desired);
    } catch (error) {
      this.#phase = "unread";
      this.#events.failed(error);
      return "failed";
    }
  }

  #drifted({ installed, drifts }: Comparison): void {
    if (installed === this.#installed && drifts.length === 0) return;
    this.#installed = installed;
    this.#hasWork = true;
    this.#events.drifted(installed, drifts);
  }

  async #read(): Promise<void> {
    this.#hasWork = true;
    this.#audit.begin();
    const [flows, groups, meters] = await Promise.all([
      this.#connection.readFlows(),
      this.#connection.readGroups(),
      this.#connection.readMeters(),
    ]);
    this.#phase = "read";
    const installed = installedFrom(flows, groups, meters);
    this.#installed = this.#meant = { ...installed, flows: this.#common.absorb(installed.flows) };
    this.#events.installedChanged(this.#meant);
  }

  async #write(desired: DesiredSwitch): Promise<Attempt> {
    const now = this.#timers.now();
    const isHeld = (flow: DesiredFlow): boolean => (this.#refused.get(refusalKey(flow))?.untilMs ?? 0) > now;
    const plan = planSwitch(desired, this.#installed, this.#refused.size === 0 ? undefined : isHeld);
    this.#removedMeanwhile = [];
    this.#isWriting = true;
    try {
      for (const changes of [plan.changes, plan.afterwards]) {
        if (changes.length === 0) continue;
        const outcome = await this.#connection.apply(changes, plan.stepwise && changes === plan.changes);
        if (!outcome.ok) {
          for (const { message, text } of outcome.errors) this.#refuse(desired, message, text, now);
          // The switch may have taken part of it: what it holds is read again, not guessed.
          this.#phase = "unread";
          return "failed";
        }
      }
    } finally {
      this.#isWriting = false;
    }
    // What was left out is told for as long as it is; what was taken now is no problem any more.
    for (const [key, { untilMs }] of this.#refused) if (untilMs <= now) this.#refused.delete(key);
    const isWritten = plan.changes.length > 0 || plan.afterwards.length > 0;
    // What is the same by its form is kept as the same object, which all switches share.
    const isAlike = this.#refused.size === 0 && this.#installed === this.#meant;
    if (isWritten || (isAlike && !holds(this.#installed, desired))) {
      const held = [...this.#refused.values()].flatMap(({ untilMs, flow }) =>
        untilMs > now && flow !== null && desired.flows.get(flow.key)?.form === flow.form ? [flow.key] : [],
      );
      const flows = held.length === 0 ? desired.flows : layered(desired.flows).with(held.map((key) => [key, null]));
      const { foreign } = this.#installed;
      const written = {
        ...desired,
        flows,
        foreign: foreign.size === 0 ? foreign : new Set([...foreign].filter((key) => !flows.has(key))),
      };
      this.#installed = this.#meant = this.#removedMeanwhile.reduce(withoutFlow, written);
      if (isWritten) this.#events.applied(plan);
      this.#events.installedChanged(this.#meant);
    }
    this.#events.settled();
    if (!isWritten) return "settled";
    const isBack = this.#turnarounds.bringsBack(plan.changes, now);
    return plan.stepwise && plan.fresh && !isBack ? "added" : "wrote";
  }

  #refuse(desired: DesiredSwitch, message: SwitchChange | undefined, text: string, now: number): void {
    const what = message === undefined ? "a change as a whole" : describeChange(message);
    const problem = diagnostic(
      "switch/refused",
      `the switch refused ${what}: ${text}`,
      "weft flows HOST shows what is missing; check the version of Open vSwitch",
    );
    const flow =
      message?.kind === "flow_mod"
        ? desired.flows.get(flowKey(message.tableId, message.priority, message.match))
        : undefined;
    const key = flow === undefined ? `change/${what}` : refusalKey(flow);
    const times = (this.#refused.get(key)?.times ?? 0) + 1;
    const holdMs = Math.min(REFUSED_HOLD_MS * 2 ** Math.max(0, times - 2), MAX_REFUSED_HOLD_MS);
    this.#refused.set(key, { untilMs: times === 1 ? 0 : now + holdMs, times, problem, flow: flow ?? null });
  }
}

function holds(installed: InstalledSwitch, { flows, groups, meters }: DesiredSwitch): boolean {
  return installed.flows === flows && installed.groups === groups && installed.meters === meters;
}

function untrueReports(times: number): Diagnostic {
  return diagnostic(
    "switch/untrue-report",
    `the switch has told ${times === 1 ? "once" : `${times} times`} that a flow had run out of time which had not: nothing is concluded from it`,
    "restart ovs-vswitchd if it goes on; somebody may speak in the switch's place",
  );
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
