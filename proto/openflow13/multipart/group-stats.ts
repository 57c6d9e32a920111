// OFPMP_GROUP (OpenFlow 1.3.5, section 7.3.5.9).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface BucketCounter {
  readonly packetCount: bigint;
  readonly byteCount: bigint;
}

export interface GroupStats {
  readonly groupId: number;
  /** Flows and groups that point at this one. */
  readonly refCount: number;
  readonly packetCount: bigint;
  readonly byteCount: bigint;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly buckets: readonly BucketCounter[];
}

const STATS_HEADER = 40;

export function decodeGroupId(r: ByteReader): number {
  const groupId = r.u32("group_stats_request.group_id");
  r.skip(4, "group_stats_request.pad");
  return groupId;
}

export function encodeGroupId(w: ByteWriter, groupId: number): void {
  w.u32(groupId, "group_stats_request.group_id");
  w.zeros(4);
}

export function decodeGroupStatsList(r: ByteReader): GroupStats[] {
  const groups: GroupStats[] = [];
  while (r.remaining > 0) {
    const length = r.u16("group_stats.length");
    if (length < STATS_HEADER || (length - STATS_HEADER) % 16 !== 0) {
      throw r.fail("wire/length", `entry length ${length}`, "group_stats.length", r.offset - 2);
    }
    const body = r.sub(length - 2, "group_stats.length");
    body.skip(2, "group_stats.pad");
    const groupId = body.u32("group_stats.group_id");
    const refCount = body.u32("group_stats.ref_count");
    body.skip(4, "group_stats.pad2");
    const packetCount = body.u64("group_stats.packet_count");
    const byteCount = body.u64("group_stats.byte_count");
    const durationSec = body.u32("group_stats.duration_sec");
    const durationNsec = body.u32("group_stats.duration_nsec");
    const buckets: BucketCounter[] = [];
    while (body.remaining > 0) {
      buckets.push({
        packetCount: body.u64("bucket_counter.packet_count"),
        byteCount: body.u64("bucket_counter.byte_count"),
      });
    }
    groups.push({ groupId, refCount, packetCount, byteCount, durationSec, durationNsec, buckets });
  }
  return groups;
}

export function encodeGroupStatsList(w: ByteWriter, groups: readonly GroupStats[]): void {
  for (const group of groups) {
    w.u16(STATS_HEADER + group.buckets.length * 16, "group_stats.length");
    w.zeros(2);
    w.u32(group.groupId, "group_stats.group_id");
    w.u32(group.refCount, "group_stats.ref_count");
    w.zeros(4);
    w.u64(group.packetCount, "group_stats.packet_count");
    w.u64(group.byteCount, "group_stats.byte_count");
    w.u32(group.durationSec, "group_stats.duration_sec");
    w.u32(group.durationNsec, "group_stats.duration_nsec");
    for (const bucket of group.buckets) {
      w.u64(bucket.packetCount, "bucket_counter.packet_count");
      w.u64(bucket.byteCount, "bucket_counter.byte_count");
    }
  }
}
