// What a switch is found to hold against what it is believed to hold: the differences are somebody else's doing.
import {
  type FlowStats,
  type FlowUpdate,
  type GroupDesc,
  type MeterConfig,
  OFPFF,
  OFPRR,
} from "../../proto/openflow13/index.ts";
import { isSame } from "../model/kept.ts";
import { type DesiredFlow, type DesiredGroup, flowForm, flowKey, groupForm } from "../pipeline/desired.ts";
import { layered } from "../pipeline/layered-flows.ts";
import { groupName, groupRole, isOwnCookie, isPassing, tableName } from "../pipeline/registry.ts";
import { type InstalledSwitch, installedFrom } from "./installed.ts";

/** One flow, group or meter that somebody else has deleted, changed or added. */
export interface Drift {
  readonly what: "flow" | "group" | "meter";
  readonly deed: "deleted" | "changed" | "added";
  /** The name of its table, or its own. */
  readonly where: string;
  /** A flow with another's cookie in a place of its own: told, and left alone. */
  readonly foreign: boolean;
}

export interface Comparison {
  /** The same object where nothing differs. */
  readonly installed: InstalledSwitch;
  readonly drifts: readonly Drift[];
}

/** Of flows that others wrote, beyond what a reading has shown: endless news of them must not fill the memory. */
const MAX_FOREIGN = 65_536;

/** A draft of `installed`: what differs is kept beside it. */
class Draft {
  readonly #before: InstalledSwitch;
  readonly drifts: Drift[] = [];
  readonly #flows = new Map<string, DesiredFlow | null>();
  #foreign: Set<string> | null = null;

  constructor(before: InstalledSwitch) {
    this.#before = before;
  }

  flow(key: string): DesiredFlow | undefined {
    const changed = this.#flows.get(key);
    return changed === undefined ? this.#before.flows.get(key) : (changed ?? undefined);
  }

  isForeign(key: string): boolean {
    return (this.#foreign ?? this.#before.foreign).has(key);
  }

  setFlow(key: string, flow: DesiredFlow | null): void {
    this.#flows.set(key, flow);
  }

  setForeign(key: string, isThere: boolean): void {
    this.#foreign ??= new Set(this.#before.foreign);
    if (isThere && this.#foreign.size < MAX_FOREIGN) this.#foreign.add(key);
    else if (!isThere) this.#foreign.delete(key);
  }

  tell(deed: Drift["deed"], tableId: number, foreign = false): void {
    this.drifts.push({ what: "flow", deed, where: tableName(tableId), foreign });
  }

  done(): Comparison {
    if (this.#flows.size === 0 && this.#foreign === null) return { installed: this.#before, drifts: this.drifts };
    const flows = this.#flows.size === 0 ? this.#before.flows : layered(this.#before.flows).with(this.#flows);
    return {
      installed: { ...this.#before, flows, foreign: this.#foreign ?? this.#before.foreign },
      drifts: this.drifts,
    };
  }
}

/** A flow that is, or has come to be, in the switch by another's hand. */
function found(draft: Draft, key: string, flow: DesiredFlow): void {
  const held = draft.flow(key);
  if (held !== undefined) {
    if (held.form === flow.form) return;
    draft.setFlow(key, flow);
    draft.tell("changed", flow.tableId);
  } else if (isOwnCookie(flow.cookie)) {
    draft.setForeign(key, false);
    draft.setFlow(key, flow);
    draft.tell("added", flow.tableId);
  } else if (!draft.isForeign(key)) {
    draft.setForeign(key, true);
    draft.tell("added", flow.tableId, true);
  }
}

/**
 * What a flow monitor tells. Of flows that ran out of time a FLOW_REMOVED tells as well, and with the time: those are
 * left to it.
 */
export function afterUpdates(installed: InstalledSwitch, updates: Iterable<FlowUpdate>): Comparison {
  const draft = new Draft(installed);
  for (const update of updates) {
    if (update.kind === "abbreviated" || isPassing(update)) continue;
    const key = flowKey(update.tableId, update.priority, update.match);
    if (update.kind !== "deleted") {
      const held = draft.flow(key);
      // The update does not say whether the flow's end will be told: what differs is replaced as a whole.
      const wasTold = (held?.flags ?? 0) & OFPFF.SEND_FLOW_REM;
      const like = { ...update, flags: wasTold };
      const form = flowForm(like);
      const flags = held?.form === form ? wasTold : wasTold ^ OFPFF.SEND_FLOW_REM;
      found(draft, key, { ...like, flags, key, form });
    } else if (draft.isForeign(key)) draft.setForeign(key, false);
    else if (draft.flow(key) !== undefined && !isTimeout(update.reason)) {
      draft.setFlow(key, null);
      draft.tell("deleted", update.tableId);
    }
  }
  return draft.done();
}

function isTimeout(reason: number): boolean {
  return reason === OFPRR.IDLE_TIMEOUT || reason === OFPRR.HARD_TIMEOUT;
}

/** Whether something that flows use went, and took them along: then it is to be looked for before they are written. */
export function namesLostGroup(updates: Iterable<FlowUpdate>): boolean {
  for (const update of updates) {
    if (update.kind === "deleted" && update.reason !== OFPRR.DELETE && !isTimeout(update.reason)) return true;
  }
  return false;
}

export interface FlowComparison extends Comparison {
  /** Not found, but they may have run out of time with the news of it still on its way: to be looked for once more. */
  readonly suspects: ReadonlySet<string>;
}

/** @param suspects of the comparison before: those are missing for good if they are not here either. */
export function afterReadingFlows(
  installed: InstalledSwitch,
  tableId: number,
  flows: readonly FlowStats[],
  suspects: ReadonlySet<string> = new Set(),
): FlowComparison {
  const read = installedFrom(flows, [], []);
  const draft = new Draft(installed);
  const seen = new Set<string>();
  for (const stats of flows) {
    const key = flowKey(stats.tableId, stats.priority, stats.match);
    seen.add(key);
    if (isPassing(stats)) continue;
    found(draft, key, read.flows.get(key) ?? { ...stats, key, form: flowForm(stats) });
  }
  const missing = new Set<string>();
  for (const [key, flow] of installed.flows) {
    if (flow.tableId !== tableId || seen.has(key)) continue;
    if (flow.idleTimeoutSec > 0 && !suspects.has(key)) {
      missing.add(key);
      continue;
    }
    draft.setFlow(key, null);
    draft.tell("deleted", tableId);
  }
  for (const key of installed.foreign) {
    if (key.startsWith(`${tableId}/`) && !seen.has(key)) draft.setForeign(key, false);
  }
  return { ...draft.done(), suspects: missing };
}

export function afterReadingGroups(installed: InstalledSwitch, groups: readonly GroupDesc[]): Comparison {
  const read = new Map<number, DesiredGroup>();
  for (const group of groups) {
    const held = installed.groups.get(group.groupId);
    // Hardly ever is it anything else, and forms are texts of all that is in them.
    const isHeld = held?.type === group.type && isSame(held.buckets, group.buckets);
    if (groupRole(group.groupId) === undefined) continue;
    read.set(group.groupId, isHeld ? held : { ...group, form: groupForm(group) });
  }
  const drifts = differences(installed.groups, read).map(
    ({ id, deed }): Drift => ({ what: "group", deed, where: groupName(id), foreign: false }),
  );
  return drifts.length === 0 ? { installed, drifts } : { installed: { ...installed, groups: read }, drifts };
}

export function afterReadingMeters(installed: InstalledSwitch, configs: readonly MeterConfig[]): Comparison {
  const { meters } = installedFrom([], [], configs);
  const drifts = differences(installed.meters, meters).map(
    ({ id, deed }): Drift => ({ what: "meter", deed, where: String(id), foreign: false }),
  );
  return drifts.length === 0 ? { installed, drifts } : { installed: { ...installed, meters }, drifts };
}

function differences(
  held: ReadonlyMap<number, { readonly form: string }>,
  read: ReadonlyMap<number, { readonly form: string }>,
): { id: number; deed: Drift["deed"] }[] {
  const found: { id: number; deed: Drift["deed"] }[] = [];
  for (const [id, { form }] of held) {
    const now = read.get(id);
    if (now === undefined) found.push({ id, deed: "deleted" });
    else if (now.form !== form) found.push({ id, deed: "changed" });
  }
  for (const id of read.keys()) if (!held.has(id)) found.push({ id, deed: "added" });
  return found;
}
