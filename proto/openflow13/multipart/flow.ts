// OFPMP_FLOW and OFPMP_AGGREGATE (OpenFlow 1.3.5, section 7.3.5.2-3).
import type { Instruction } from "../instruction.ts";
import type { Match } from "../oxm.ts";

/** Which flows: the defaults of FLOW_FILTER_ALL mean all of them. */
export interface FlowFilter {
  readonly tableId: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly match: Match;
}

export const FLOW_FILTER_ALL: FlowFilter = Object.freeze({
  tableId: 0xff,
  outPort: 0xffffffff,
  outGroup: 0xffffffff,
  cookie: 0n,
  cookieMask: 0n,
  match: [],
});

export interface FlowStats {
  readonly tableId: number;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly priority: number;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  /** OFPFF bits. */
  readonly flags: number;
  readonly cookie: bigint;
  readonly packetCount: bigint;
  readonly byteCount: bigint;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
}

export interface AggregateStats {
  readonly packetCount: bigint;
  readonly byteCount: bigint;
  readonly flowCount: number;
}
