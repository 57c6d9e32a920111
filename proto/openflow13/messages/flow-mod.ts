// FLOW_MOD (OpenFlow 1.3.5, section 7.3.4.1).
import type { Instruction } from "../instruction.ts";
import type { Match } from "../oxm.ts";

export type FlowModCommand = "add" | "modify" | "modify_strict" | "delete" | "delete_strict";

export interface FlowMod {
  readonly kind: "flow_mod";
  readonly xid: number;
  readonly cookie: bigint;
  /** Restricts modify and delete to flows with these cookie bits; 0 for none. */
  readonly cookieMask: bigint;
  readonly tableId: number;
  readonly command: FlowModCommand;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly priority: number;
  readonly bufferId: number;
  /** Restricts delete to flows that output there; OFPP.ANY for none. */
  readonly outPort: number;
  readonly outGroup: number;
  /** OFPFF bits. */
  readonly flags: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
}
