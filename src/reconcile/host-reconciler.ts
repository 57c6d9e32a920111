// Makes one host's OVSDB rows what they should be: one transaction at a time, from state, again when it failed.
import type { Operation } from "../../proto/ovsdb/operations.ts";
import type { VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import { planHost } from "./host-plan.ts";
import { type Tampering, tampering } from "./host-tampering.ts";
import { askTheSame } from "./host-wishes.ts";
import { type Attempt, ReconcileLoop } from "./loop.ts";
import type { Timers } from "./timers.ts";

/** A host as this needs it. A session of southbound is fitted to it by the composition root. */
export interface HostConnection {
  readonly label: string;
  readonly rows: VswitchRows;
  /** Resolves after `rows` shows what it did; rejects with an error that names the operation that failed. */
  transact(operations: readonly Operation[]): Promise<unknown>;
}

export interface HostReconcilerEvents {
  /** null while the host has no place in the fabric. */
  desired(): DesiredRows | null;
  applied(summary: readonly string[]): void;
  /** Somebody else has changed what is Weft's. */
  tampered(tampering: Tampering): void;
  /** All is as it should be. */
  settled(): void;
  failed(error: unknown): void;
}

export class HostReconciler {
  readonly #connection: HostConnection;
  readonly #events: HostReconcilerEvents;
  readonly #loop: ReconcileLoop;
  #planProblems: readonly Diagnostic[] = [];
  #failure: Diagnostic | null = null;
  /** The rows of the last attempt; snapshots are never changed. */
  #seen: VswitchRows | null = null;
  /** The rows as they were before somebody changed what is not right again yet. */
  #sound: VswitchRows | null = null;
  /** What was wanted when nothing was left to do, and the rows then: neither is ever changed. */
  #right: { readonly rows: VswitchRows; readonly desired: DesiredRows } | null = null;

  constructor(connection: HostConnection, events: HostReconcilerEvents, timers: Timers) {
    this.#connection = connection;
    this.#events = events;
    this.#loop = new ReconcileLoop(() => this.#attempt(), timers);
  }

  /** What is desired, or what the host's rows are, may have changed. */
  wake(): void {
    if (!this.#isRight()) this.#loop.wake();
  }

  /** Nothing is to be done, and it is known without a look at the rows. */
  #isRight(): boolean {
    if (this.#right === null || this.#right.rows !== this.#connection.rows) return false;
    try {
      return this.#right.desired === this.#events.desired();
    } catch {
      // The attempt tells why.
      return false;
    }
  }

  stop(): void {
    this.#loop.stop();
  }

  /** Resolves when nothing is under way any more. */
  idle(): Promise<void> {
    return this.#loop.idle();
  }

  get problems(): readonly Diagnostic[] {
    return this.#failure === null ? this.#planProblems : [...this.#planProblems, this.#failure];
  }

  async #attempt(): Promise<Attempt> {
    try {
      return await this.#reconcile();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#failure = diagnostic(
        "host/plan-failed",
        `what the host's database should hold could not be told: ${text}`,
        "none: it is tried again; this is a fault of Weft: please report it",
      );
      this.#events.failed(error);
      return "failed";
    }
  }

  async #reconcile(): Promise<Attempt> {
    const desired = this.#events.desired();
    if (desired === null) {
      this.#planProblems = [];
      this.#failure = null;
      return "settled";
    }
    const { rows } = this.#connection;
    if (this.#right?.desired === desired && askTheSame(this.#right.rows, rows)) {
      this.#right = { rows, desired };
      this.#seen = rows;
      this.#events.settled();
      return "settled";
    }
    this.#right = null;
    this.#lookForOthers(rows, desired);
    const plan = planHost(rows, desired);
    this.#planProblems = plan.problems;
    if (plan.operations.length === 0) {
      this.#failure = null;
      this.#settle(rows, desired);
      return "settled";
    }
    try {
      await this.#connection.transact(plan.operations);
      this.#failure = null;
      this.#events.applied(plan.summary);
      return "wrote";
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#failure = diagnostic(
        "host/transaction-failed",
        `the host's database refused a change (${plan.summary.join(", ")}): ${text}`,
        "none: it is tried again; if it stays, look for rows that clash with those named",
      );
      this.#events.failed(error);
      return "failed";
    }
  }

  #lookForOthers(rows: VswitchRows, desired: DesiredRows): void {
    const before = this.#seen;
    this.#seen = rows;
    if (before === null) return;
    const found = tampering(before, rows, desired);
    if (found.mended.length + found.lost.length === 0) return;
    this.#sound ??= before;
    this.#events.tampered(found);
  }

  /** With nothing to write for now, what others have changed may still not be as it was: a tunnel's turn may be yet to come. */
  #settle(rows: VswitchRows, desired: DesiredRows): void {
    if (this.#sound !== null && tampering(this.#sound, rows, desired).mended.length > 0) return;
    this.#sound = null;
    this.#right = { rows, desired };
    this.#events.settled();
  }
}
