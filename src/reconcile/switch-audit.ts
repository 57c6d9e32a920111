// Looks through a switch for what others have done to it: the flow monitor's news at once, groups and meters every few
// seconds, and flows by their number, or table by table on a switch without a monitor.
import type { FlowStats, FlowUpdate, GroupDesc, MeterConfig } from "../../proto/openflow13/index.ts";
import { TABLES } from "../pipeline/registry.ts";
import type { AuditPace } from "./audit-pace.ts";
import {
  afterReadingFlows,
  afterReadingGroups,
  afterReadingMeters,
  afterUpdates,
  type Comparison,
  namesLostGroup,
} from "./drift.ts";
import type { InstalledSwitch } from "./installed.ts";
import type { Timers } from "./timers.ts";

/** What is read of a switch, and how it is watched. */
export interface AuditedSwitch {
  /** Of one table, or all. */
  readFlows(tableId?: number): Promise<readonly FlowStats[]>;
  /** In the whole switch, of whoever's. */
  countFlows(): Promise<number>;
  /** Of flows that are there for a probe on its way. */
  countPassing(): Promise<number>;
  readGroups(): Promise<readonly GroupDesc[]>;
  /** Empty on a switch without meters. */
  readMeters(): Promise<readonly MeterConfig[]>;
  /** False where the switch has no flow monitor. */
  monitorFlows(): Promise<boolean>;
}

/** A flow that is missing is looked for once more after so long: the news of its timeout may be on its way. */
const SUSPECT_MS = 1_000;
const LEAST_GAP_MS = 200;

/** A switch that tells of endless changes must not fill the memory: with more than these its tables are read instead. */
const MAX_NEWS = 65_536;

/** A check of a large fabric takes a minute or two. */
const MAX_EXCUSED = 3;

const TABLE_IDS: readonly number[] = Object.values(TABLES).map((table) => table.id);

export class SwitchAudit {
  readonly #switch: AuditedSwitch;
  readonly #timers: Timers;
  readonly #pace: AuditPace;
  readonly #due: () => void;
  #timer: { cancel(): void } | null = null;
  #stopped = false;
  #dueAtMs = Number.POSITIVE_INFINITY;
  /** However much there is to doubt, what was read last is paid for first. */
  #notBeforeMs = 0;
  #countAtMs = 0;
  /** How many counts in a row were of passing flows as well. */
  #excused = 0;
  #isMonitored = false;
  #news: FlowUpdate[] = [];
  /** Tables to be read at the next look. */
  readonly #doubtful = new Set<number>();
  /** Flows of a table that were missing when it was last read. */
  readonly #suspects = new Map<number, ReadonlySet<string>>();

  /** @param due is called when `look` should be. */
  constructor(audited: AuditedSwitch, timers: Timers, pace: AuditPace, due: () => void) {
    this.#switch = audited;
    this.#timers = timers;
    this.#pace = pace;
    this.#due = due;
  }

  get isMonitored(): boolean {
    return this.#isMonitored;
  }

  /**
   * To be called before the switch is read as a whole: what changes from then on is heard. The answer is not waited for,
   * since it comes in the order of the requests, and a switch without monitors may give none.
   */
  begin(): void {
    this.#switch.monitorFlows().then(
      (isMonitored) => {
        this.#isMonitored = isMonitored;
      },
      // The connection is over.
      () => undefined,
    );
    this.#news = [];
    this.#doubtful.clear();
    this.#suspects.clear();
    const now = this.#timers.now();
    this.#countAtMs = now + this.#pace.rounds.countEveryMs;
    this.#lookAt(now + this.#pace.rounds.roundMs);
  }

  /** The monitor has told. */
  hear(updates: readonly FlowUpdate[]): void {
    for (const update of updates) if (update.kind !== "abbreviated") this.#news.push(update);
    if (this.#news.length > MAX_NEWS) {
      this.#news = [];
      for (const id of TABLE_IDS) this.#doubtful.add(id);
      this.#lookAt(0);
    } else if (namesLostGroup(updates)) this.#lookAt(0);
    else if (this.#news.length > 0) this.#due();
  }

  /** A table may not be what it was: it is read at once. */
  doubt(tableId: number): void {
    this.#doubtful.add(tableId);
    this.#lookAt(0);
  }

  /**
   * What `installed` has become by others' hands. Nothing may be written meanwhile. What is read shows all that was
   * heard before it, so comparisons follow the order in which answers come.
   */
  async look(installed: () => InstalledSwitch, differs: (comparison: Comparison) => void): Promise<void> {
    this.#takeNews(installed, differs);
    const now = this.#timers.now();
    if (now < this.#dueAtMs) return;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    const groups = await this.#switch.readGroups();
    differs(afterReadingGroups(installed(), groups));
    const meters = await this.#switch.readMeters();
    differs(afterReadingMeters(installed(), meters));
    const entries = groups.length + meters.length + (await this.#lookAtFlows(installed, differs, now));
    this.#takeNews(installed, differs);
    const end = this.#timers.now();
    const rest = this.#pace.charge(entries, end, LEAST_GAP_MS);
    this.#notBeforeMs = end + rest;
    this.#lookAt(end + Math.max(rest, this.#suspects.size > 0 ? SUSPECT_MS : this.#pace.rounds.roundMs));
    if (this.#doubtful.size > 0) this.#lookAt(0);
  }

  async #lookAtFlows(
    installed: () => InstalledSwitch,
    differs: (comparison: Comparison) => void,
    now: number,
  ): Promise<number> {
    const tables = new Set([...this.#doubtful, ...this.#suspects.keys()]);
    this.#doubtful.clear();
    if (!this.#isMonitored) for (const id of TABLE_IDS) tables.add(id);
    else if (now >= this.#countAtMs) {
      this.#countAtMs = now + this.#pace.rounds.countEveryMs;
      const count = await this.#switch.countFlows();
      this.#takeNews(installed, differs);
      const { flows, foreign } = installed();
      const more = count - flows.size - foreign.size;
      if (more !== 0 && !(await this.#arePassing(more))) for (const id of TABLE_IDS) tables.add(id);
    }
    let entries = 0;
    for (const tableId of tables) {
      const flows = await this.#switch.readFlows(tableId);
      this.#takeNews(installed, differs);
      const comparison = afterReadingFlows(installed(), tableId, flows, this.#suspects.get(tableId));
      if (comparison.suspects.size > 0) this.#suspects.set(tableId, comparison.suspects);
      else this.#suspects.delete(tableId);
      differs(comparison);
      entries += flows.length;
    }
    return entries;
  }

  /** Not time and again: flows of that kind which stay are somebody's doing. */
  async #arePassing(more: number): Promise<boolean> {
    const isSo = more > 0 && this.#excused < MAX_EXCUSED && (await this.#switch.countPassing()) === more;
    this.#excused = isSo ? this.#excused + 1 : 0;
    return isSo;
  }

  #takeNews(installed: () => InstalledSwitch, differs: (comparison: Comparison) => void): void {
    if (this.#news.length === 0) return;
    const news = this.#news;
    this.#news = [];
    differs(afterUpdates(installed(), news));
  }

  #lookAt(wantedMs: number): void {
    const now = this.#timers.now();
    const atMs = Math.max(wantedMs, this.#notBeforeMs, now);
    if (this.#stopped || atMs >= this.#dueAtMs) return;
    this.#dueAtMs = atMs;
    this.#timer?.cancel();
    const wait = atMs - now;
    this.#timer = this.#timers.setTimer(Math.ceil(wait), () => {
      // A timer may fire a little before its time by the clock that `look` reads: it is due all the same.
      this.#dueAtMs = Math.min(this.#dueAtMs, this.#timers.now());
      this.#due();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
