// Desired minus installed: the messages that make a switch right, in an order whose every step is safe.
import { type FlowMod, type GroupMod, type MeterMod, OFPFF, OFPG, OFPMF, OFPP } from "../../proto/openflow13/index.ts";
import type { DesiredFlow, DesiredGroup, DesiredMeter, DesiredSwitch } from "../pipeline/desired.ts";
import { TABLES } from "../pipeline/registry.ts";
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
  readonly flowMods: number;
  readonly groupMods: number;
  readonly meterMods: number;
}

const NO_BUFFER = 0xffff_ffff;

function flowMod(command: FlowMod["command"], flow: DesiredFlow): SwitchChange {
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

/** A group is modified, never deleted and added: its flows would go with it. */
export function planSwitch(
  desired: DesiredSwitch,
  installed: InstalledSwitch,
  held: (flow: DesiredFlow) => boolean = () => false,
): SwitchPlan {
  const meters: SwitchChange[] = [];
  for (const meter of desired.meters.values()) {
    const have = installed.meters.get(meter.meterId);
    if (have?.form !== meter.form) meters.push(meterMod(have === undefined ? "add" : "modify", meter));
  }
  const groups: SwitchChange[] = [];
  for (const group of desired.groups.values()) {
    const have = installed.groups.get(group.groupId);
    if (have?.form !== group.form) groups.push(groupMod(have === undefined ? "add" : "modify", group));
  }
  const flows: SwitchChange[] = [];
  for (const flow of desired.flows.values()) {
    const have = installed.flows.get(flow.key);
    if (have === flow || have?.form === flow.form || held(flow)) continue;
    flows.push(have === undefined ? flowMod("add", flow) : changedFlow(flow, have));
  }
  const before: SwitchChange[] = [];
  for (const flow of installed.flows.values()) {
    if (desired.flows.has(flow.key)) continue;
    (flow.tableId === TABLES.arrive.id ? before : flows).push(flowMod("delete_strict", flow));
  }
  const goneGroups = [...installed.groups.values()].filter((group) => !desired.groups.has(group.groupId)).reverse();
  const goneMeters = [...installed.meters.values()].filter((meter) => !desired.meters.has(meter.meterId));
  return {
    changes: [...meters, ...before, ...groups, ...flows, ...goneGroups.map((group) => groupMod("delete", group))],
    afterwards: goneMeters.map((meter) => meterMod("delete", meter)),
    flowMods: before.length + flows.length,
    groupMods: groups.length + goneGroups.length,
    meterMods: meters.length + goneMeters.length,
  };
}
