// Desired minus installed: the messages that make a switch right, in an order whose every step is safe.
import { type FlowMod, type GroupMod, type MeterMod, OFPFF, OFPG, OFPMF, OFPP } from "../../proto/openflow13/index.ts";
import type { DesiredFlow, DesiredGroup, DesiredMeter, DesiredSwitch } from "../pipeline/desired.ts";
import { flowDifferences } from "../pipeline/layered-flows.ts";
import { decodeCookie, type FlowKind, TABLES } from "../pipeline/registry.ts";
import type { InstalledSwitch } from "./installed.ts";

type WithoutXid<M> = M extends unknown ? Omit<M, "xid"> : never;
export type SwitchChange = WithoutXid<FlowMod | GroupMod | MeterMod>;

export interface SwitchPlan {
  /**
   * To be applied as one: groups before the flows that use them, deletions last. But what ARRIVE took in by another port
   * is deleted first: where a switch has no bundles it must never take in frames of one switch by two ports.
   */
  readonly changes: readonly SwitchChange[];
  /** Meters that nothing uses once `changes` is applied: a meter takes the flows that use it along. */
  readonly afterwards: readonly SwitchChange[];
  /** Whether each of `changes` may come into force by itself, and needs no bundle. */
  readonly stepwise: boolean;
  /** Whether no flow of `changes` takes the place of another. */
  readonly fresh: boolean;
  readonly flowMods: number;
  readonly groupMods: number;
  readonly meterMods: number;
}

const NO_BUFFER = 0xffff_ffff;

/** Each of these tells of one MAC and needs no other: before it is there, the frames that it is about are flooded. */
const STEPS: ReadonlySet<FlowKind> = new Set<FlowKind>([
  "known-mac",
  "local-endpoint",
  "remote-endpoint",
  "deliver-endpoint",
  "transit-endpoint",
]);
/** Open vSwitch makes a new version of its tables for each message that is in no bundle. */
const MAX_STEPS = 512;

type FlowCommand = "add" | "modify_strict" | "delete_strict";

const flowMods: Record<FlowCommand, WeakMap<DesiredFlow, SwitchChange>> = {
  add: new WeakMap(),
  modify_strict: new WeakMap(),
  delete_strict: new WeakMap(),
};

/** The same object for all switches that need it: it is encoded once. */
function flowMod(command: FlowCommand, flow: DesiredFlow): SwitchChange {
  const kept = flowMods[command].get(flow);
  if (kept !== undefined) return kept;
  const change = newFlowMod(command, flow);
  flowMods[command].set(flow, change);
  return change;
}

function newFlowMod(command: FlowCommand, flow: DesiredFlow): SwitchChange {
  return {
    kind: "flow_mod",
    cookie: flow.cookie,
    cookieMask: 0n,
    tableId: flow.tableId,
    command,
    idleTimeoutSec: flow.idleTimeoutSec,
    hardTimeoutSec: 0,
    priority: flow.priority,
    bufferId: NO_BUFFER,
    outPort: OFPP.ANY,
    outGroup: OFPG.ANY,
    flags: flow.flags,
    match: flow.match,
    instructions: command === "delete_strict" ? [] : flow.instructions,
  };
}

function groupMod(command: GroupMod["command"], group: DesiredGroup): SwitchChange {
  const { type, groupId } = group;
  return { kind: "group_mod", command, type, groupId, buckets: command === "delete" ? [] : group.buckets };
}

function meterMod(command: MeterMod["command"], meter: DesiredMeter): SwitchChange {
  return {
    kind: "meter_mod",
    command,
    flags: (meter.unit === "pktps" ? OFPMF.PKTPS : OFPMF.KBPS) | OFPMF.BURST,
    meterId: meter.meterId,
    bands: command === "delete" ? [] : [{ kind: "drop", rate: meter.rate, burstSize: meter.burst }],
  };
}

/**
 * MODIFY keeps a flow's counters and idle clock, so that a new note does not make a silent endpoint young; but it
 * changes neither cookie nor timeout: where those differ, ADD replaces the flow.
 */
function changedFlow(wanted: DesiredFlow, held: DesiredFlow): SwitchChange {
  const sameFrame =
    wanted.cookie === held.cookie &&
    wanted.idleTimeoutSec === held.idleTimeoutSec &&
    (wanted.flags & OFPFF.SEND_FLOW_REM) === (held.flags & OFPFF.SEND_FLOW_REM);
  return flowMod(sameFrame ? "modify_strict" : "add", wanted);
}

function goneFrom<T>(installed: ReadonlyMap<number, T>, desired: ReadonlyMap<number, T>): T[] {
  if (installed === desired) return [];
  return [...installed].flatMap(([id, one]) => (desired.has(id) ? [] : [one]));
}

function isStep(change: SwitchChange): boolean {
  if (change.kind !== "flow_mod" || change.command !== "add") return false;
  const kind = decodeCookie(change.cookie)?.kind;
  return kind !== undefined && STEPS.has(kind);
}

/** A group is modified, never deleted and added: its flows would go with it. */
export function planSwitch(
  desired: DesiredSwitch,
  installed: InstalledSwitch,
  held: (flow: DesiredFlow) => boolean = () => false,
): SwitchPlan {
  const meters: SwitchChange[] = [];
  for (const meter of desired.meters === installed.meters ? [] : desired.meters.values()) {
    const have = installed.meters.get(meter.meterId);
    if (have?.form !== meter.form) meters.push(meterMod(have === undefined ? "add" : "modify", meter));
  }
  const groups: SwitchChange[] = [];
  for (const group of desired.groups === installed.groups ? [] : desired.groups.values()) {
    const have = installed.groups.get(group.groupId);
    if (have?.form !== group.form) groups.push(groupMod(have === undefined ? "add" : "modify", group));
  }
  const flows: SwitchChange[] = [];
  let fresh = true;
  const gone: SwitchChange[] = [];
  const before: SwitchChange[] = [];
  for (const { before: have, after: wanted } of flowDifferences(installed.flows, desired.flows)) {
    if (wanted === undefined) {
      if (have !== undefined) (have.tableId === TABLES.arrive.id ? before : gone).push(flowMod("delete_strict", have));
    } else if (!held(wanted)) {
      if (have !== undefined) fresh = false;
      flows.push(have === undefined ? flowMod("add", wanted) : changedFlow(wanted, have));
    }
  }
  const goneGroups = goneFrom(installed.groups, desired.groups).reverse();
  const goneMeters = goneFrom(installed.meters, desired.meters);
  const changes = [
    ...meters,
    ...before,
    ...groups,
    ...flows,
    ...gone,
    ...goneGroups.map((group) => groupMod("delete", group)),
  ];
  return {
    changes,
    afterwards: goneMeters.map((meter) => meterMod("delete", meter)),
    stepwise: changes.length <= MAX_STEPS && changes.every(isStep),
    fresh,
    flowMods: before.length + flows.length + gone.length,
    groupMods: groups.length + goneGroups.length,
    meterMods: meters.length + goneMeters.length,
  };
}
