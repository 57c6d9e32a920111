// The action set, and the order in which Open vSwitch executes one (ofpacts_execute_action_set); buckets are action sets too.
import type { Action } from "../../proto/openflow13/index.ts";
import { unsupported } from "./trace-error.ts";

/** Of each of these the last one counts, and they come first, in this order. */
const SLOTS: readonly Action["kind"][] = ["pop_vlan", "push_vlan", "dec_nw_ttl", "nx_dec_ttl"];
/** Kept in the order given. */
const SETS: readonly Action["kind"][] = [
  "set_field",
  "nx_reg_load",
  "nx_reg_load2",
  "nx_reg_move",
  "nx_set_tunnel",
  "nx_set_tunnel64",
];
/** One is executed, last of all: the latest of the kind that stands furthest right. Without any, nothing is executed. */
const FINALS: readonly Action["kind"][] = ["nx_resubmit", "nx_resubmit_table", "output", "group"];

export function executionOrder(set: readonly Action[]): readonly Action[] {
  const slots = new Map<Action["kind"], Action>();
  const sets: Action[] = [];
  let final: Action | undefined;
  for (const action of set) {
    if (SLOTS.includes(action.kind)) slots.set(action.kind, action);
    else if (SETS.includes(action.kind)) sets.push(action);
    else if (FINALS.includes(action.kind)) {
      if (final === undefined || FINALS.indexOf(action.kind) >= FINALS.indexOf(final.kind)) final = action;
    } else throw unsupported(`the action ${action.kind} in an action set`, { action: action.kind });
  }
  if (final === undefined) return [];
  const first = SLOTS.flatMap((kind) => slots.get(kind) ?? []);
  return [...first, ...sets, final];
}
