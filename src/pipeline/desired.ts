// What a switch should hold: typed flows, groups and meters, each with the canonical form by which it is compared.
import {
  type Bucket,
  canonicalGroup,
  canonicalInstructions,
  canonicalMatch,
  type GroupType,
  type Instruction,
  type Match,
} from "../../proto/openflow13/index.ts";
import { type CookieFact, encodeCookie, TABLES, type TableName } from "./registry.ts";

export interface DesiredFlow {
  readonly tableId: number;
  readonly priority: number;
  readonly match: Match;
  readonly cookie: bigint;
  readonly idleTimeoutSec: number;
  /** OFPFF_ bits. */
  readonly flags: number;
  readonly instructions: readonly Instruction[];
  /** Identity: table, priority and match. */
  readonly key: string;
  /** All the rest: equal when the switch holds the flow as it should be. */
  readonly form: string;
}

export interface DesiredGroup {
  readonly groupId: number;
  readonly type: GroupType;
  readonly buckets: readonly Bucket[];
  readonly form: string;
}

export type MeterUnit = "pktps" | "kbps";

export interface DesiredMeter {
  readonly meterId: number;
  /** What `rate` and `burst` count, a second: packets, or kilobits. */
  readonly unit: MeterUnit;
  readonly rate: number;
  readonly burst: number;
  readonly form: string;
}

export interface DesiredSwitch {
  readonly flows: ReadonlyMap<string, DesiredFlow>;
  readonly groups: ReadonlyMap<number, DesiredGroup>;
  readonly meters: ReadonlyMap<number, DesiredMeter>;
}

export function flowKey(tableId: number, priority: number, match: Match): string {
  return `${tableId}/${priority}/${canonicalMatch(match)}`;
}

/** OFPFF_ bits that a switch keeps and reads back, and that matter for comparing. */
const COMPARED_FLAGS = 0x1;

export function flowForm(flow: {
  readonly cookie: bigint;
  readonly idleTimeoutSec: number;
  readonly flags: number;
  readonly instructions: readonly Instruction[];
}): string {
  const flags = flow.flags & COMPARED_FLAGS;
  return `${flow.cookie.toString(16)}/${flow.idleTimeoutSec}/${flags}/${canonicalInstructions(flow.instructions)}`;
}

export function groupForm(group: { readonly type: GroupType; readonly buckets: readonly Bucket[] }): string {
  return canonicalGroup(group.type, group.buckets);
}

export function desiredMeter(meterId: number, unit: MeterUnit, rate: number, burst: number): DesiredMeter {
  return Object.freeze({ meterId, unit, rate, burst, form: `${unit}/${rate}/${burst}` });
}

export interface FlowSpec {
  readonly table: TableName;
  readonly priority: number;
  readonly match: Match;
  readonly cookie: CookieFact;
  readonly instructions: readonly Instruction[];
  readonly idleTimeoutSec?: number;
  readonly flags?: number;
}

export function desiredFlow(spec: FlowSpec): DesiredFlow {
  const tableId = TABLES[spec.table].id;
  const flow = {
    tableId,
    priority: spec.priority,
    match: spec.match,
    cookie: encodeCookie(spec.cookie),
    idleTimeoutSec: spec.idleTimeoutSec ?? 0,
    flags: spec.flags ?? 0,
    instructions: spec.instructions,
  };
  return Object.freeze({ ...flow, key: flowKey(tableId, spec.priority, spec.match), form: flowForm(flow) });
}

export function desiredGroup(groupId: number, type: GroupType, buckets: readonly Bucket[]): DesiredGroup {
  return Object.freeze({ groupId, type, buckets, form: groupForm({ type, buckets }) });
}

/** What compares equal stays the same object: then there is nothing to be looked at, or to be done. */
export function keptForms<K, V extends { readonly form: string }>(
  before: ReadonlyMap<K, V> | undefined,
  now: ReadonlyMap<K, V>,
): ReadonlyMap<K, V> {
  if (before === undefined) return now;
  let isWhole = before.size === now.size;
  const kept = new Map<K, V>();
  for (const [key, one] of now) {
    const was = before.get(key);
    const same = was !== undefined && was.form === one.form ? was : one;
    isWhole &&= same === was;
    kept.set(key, same);
  }
  return isWhole ? before : kept;
}
