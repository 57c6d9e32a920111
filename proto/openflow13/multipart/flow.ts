// OFPMP_FLOW and OFPMP_AGGREGATE (OpenFlow 1.3.5, section 7.3.5.2-3).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeInstructions, encodeInstructions, type Instruction } from "../instruction.ts";
import { decodeMatch, encodeMatch, type Match } from "../oxm.ts";

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

export function decodeFlowFilter(r: ByteReader): FlowFilter {
  const tableId = r.u8("flow_stats_request.table_id");
  r.skip(3, "flow_stats_request.pad");
  const outPort = r.u32("flow_stats_request.out_port");
  const outGroup = r.u32("flow_stats_request.out_group");
  r.skip(4, "flow_stats_request.pad2");
  const cookie = r.u64("flow_stats_request.cookie");
  const cookieMask = r.u64("flow_stats_request.cookie_mask");
  return { tableId, outPort, outGroup, cookie, cookieMask, match: decodeMatch(r) };
}

export function encodeFlowFilter(w: ByteWriter, filter: FlowFilter): void {
  w.u8(filter.tableId, "flow_stats_request.table_id");
  w.zeros(3);
  w.u32(filter.outPort, "flow_stats_request.out_port");
  w.u32(filter.outGroup, "flow_stats_request.out_group");
  w.zeros(4);
  w.u64(filter.cookie, "flow_stats_request.cookie");
  w.u64(filter.cookieMask, "flow_stats_request.cookie_mask");
  encodeMatch(w, filter.match);
}

/** Fixed part before the match. */
const STATS_HEADER = 48;
const SMALLEST_MATCH = 8;

export function decodeFlowStatsList(r: ByteReader): FlowStats[] {
  const flows: FlowStats[] = [];
  while (r.remaining > 0) {
    const length = r.u16("flow_stats.length");
    if (length < STATS_HEADER + SMALLEST_MATCH || (length & 7) !== 0) {
      throw r.fail("wire/length", `entry length ${length}`, "flow_stats.length", r.offset - 2);
    }
    flows.push(decodeFlowStats(r.sub(length - 2, "flow_stats.length")));
  }
  return flows;
}

function decodeFlowStats(r: ByteReader): FlowStats {
  const tableId = r.u8("flow_stats.table_id");
  r.skip(1, "flow_stats.pad");
  const durationSec = r.u32("flow_stats.duration_sec");
  const durationNsec = r.u32("flow_stats.duration_nsec");
  const priority = r.u16("flow_stats.priority");
  const idleTimeoutSec = r.u16("flow_stats.idle_timeout");
  const hardTimeoutSec = r.u16("flow_stats.hard_timeout");
  const flags = r.u16("flow_stats.flags");
  r.skip(4, "flow_stats.pad2");
  return {
    tableId,
    durationSec,
    durationNsec,
    priority,
    idleTimeoutSec,
    hardTimeoutSec,
    flags,
    cookie: r.u64("flow_stats.cookie"),
    packetCount: r.u64("flow_stats.packet_count"),
    byteCount: r.u64("flow_stats.byte_count"),
    match: decodeMatch(r),
    instructions: decodeInstructions(r),
  };
}

export function encodeFlowStatsList(w: ByteWriter, flows: readonly FlowStats[]): void {
  for (const flow of flows) {
    const start = w.length;
    w.u16(0);
    w.u8(flow.tableId, "flow_stats.table_id");
    w.u8(0);
    w.u32(flow.durationSec, "flow_stats.duration_sec");
    w.u32(flow.durationNsec, "flow_stats.duration_nsec");
    w.u16(flow.priority, "flow_stats.priority");
    w.u16(flow.idleTimeoutSec, "flow_stats.idle_timeout");
    w.u16(flow.hardTimeoutSec, "flow_stats.hard_timeout");
    w.u16(flow.flags, "flow_stats.flags");
    w.zeros(4);
    w.u64(flow.cookie, "flow_stats.cookie");
    w.u64(flow.packetCount, "flow_stats.packet_count");
    w.u64(flow.byteCount, "flow_stats.byte_count");
    encodeMatch(w, flow.match);
    encodeInstructions(w, flow.instructions);
    w.patchU16(start, w.length - start, "flow_stats.length");
  }
}

export function decodeAggregate(r: ByteReader): AggregateStats {
  const packetCount = r.u64("aggregate.packet_count");
  const byteCount = r.u64("aggregate.byte_count");
  const flowCount = r.u32("aggregate.flow_count");
  r.skip(4, "aggregate.pad");
  return { packetCount, byteCount, flowCount };
}

export function encodeAggregate(w: ByteWriter, stats: AggregateStats): void {
  w.u64(stats.packetCount, "aggregate.packet_count");
  w.u64(stats.byteCount, "aggregate.byte_count");
  w.u32(stats.flowCount, "aggregate.flow_count");
  w.zeros(4);
}
