// FLOW_REMOVED (OpenFlow 1.3.5, section 7.4.2).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeMatch, encodeMatch, type Match } from "../oxm.ts";

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

export function decodeFlowRemoved(r: ByteReader, xid: number): FlowRemoved {
  return {
    kind: "flow_removed",
    xid,
    cookie: r.u64("flow_removed.cookie"),
    priority: r.u16("flow_removed.priority"),
    reason: r.u8("flow_removed.reason"),
    tableId: r.u8("flow_removed.table_id"),
    durationSec: r.u32("flow_removed.duration_sec"),
    durationNsec: r.u32("flow_removed.duration_nsec"),
    idleTimeoutSec: r.u16("flow_removed.idle_timeout"),
    hardTimeoutSec: r.u16("flow_removed.hard_timeout"),
    packetCount: r.u64("flow_removed.packet_count"),
    byteCount: r.u64("flow_removed.byte_count"),
    match: decodeMatch(r),
  };
}

export function encodeFlowRemoved(w: ByteWriter, m: FlowRemoved): void {
  w.u64(m.cookie, "flow_removed.cookie");
  w.u16(m.priority, "flow_removed.priority");
  w.u8(m.reason, "flow_removed.reason");
  w.u8(m.tableId, "flow_removed.table_id");
  w.u32(m.durationSec, "flow_removed.duration_sec");
  w.u32(m.durationNsec, "flow_removed.duration_nsec");
  w.u16(m.idleTimeoutSec, "flow_removed.idle_timeout");
  w.u16(m.hardTimeoutSec, "flow_removed.hard_timeout");
  w.u64(m.packetCount, "flow_removed.packet_count");
  w.u64(m.byteCount, "flow_removed.byte_count");
  encodeMatch(w, m.match);
}
