// FLOW_REMOVED (OpenFlow 1.3.5, section 7.4.2).
import type { Match } from "../oxm.ts";

export interface FlowRemoved {
  readonly kind: "flow_removed";
  readonly xid: number;
  readonly cookie: bigint;
  readonly priority: number;
  /** OFPRR value. */
  readonly reason: number;
  readonly tableId: number;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly packetCount: bigint;
  readonly byteCount: bigint;
  readonly match: Match;
}
