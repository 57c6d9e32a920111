// OFPMP_QUEUE (OpenFlow 1.3.5, section 7.3.5.8).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

/** Which queues: OFPP.ANY and OFPQ_ALL for all. */
export interface QueueFilter {
  readonly portNo: number;
  readonly queueId: number;
}

export interface QueueStats {
  readonly portNo: number;
  readonly queueId: number;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly durationSec: number;
  readonly durationNsec: number;
}

export function decodeQueueFilter(r: ByteReader): QueueFilter {
  return { portNo: r.u32("queue_stats_request.port_no"), queueId: r.u32("queue_stats_request.queue_id") };
}

export function encodeQueueFilter(w: ByteWriter, filter: QueueFilter): void {
  w.u32(filter.portNo, "queue_stats_request.port_no");
  w.u32(filter.queueId, "queue_stats_request.queue_id");
}

export function decodeQueueStatsList(r: ByteReader): QueueStats[] {
  const queues: QueueStats[] = [];
  while (r.remaining > 0) {
    queues.push({
      portNo: r.u32("queue_stats.port_no"),
      queueId: r.u32("queue_stats.queue_id"),
      txBytes: r.u64("queue_stats.tx_bytes"),
      txPackets: r.u64("queue_stats.tx_packets"),
      txErrors: r.u64("queue_stats.tx_errors"),
      durationSec: r.u32("queue_stats.duration_sec"),
      durationNsec: r.u32("queue_stats.duration_nsec"),
    });
  }
  return queues;
}

export function encodeQueueStatsList(w: ByteWriter, queues: readonly QueueStats[]): void {
  for (const queue of queues) {
    w.u32(queue.portNo, "queue_stats.port_no");
    w.u32(queue.queueId, "queue_stats.queue_id");
    w.u64(queue.txBytes, "queue_stats.tx_bytes");
    w.u64(queue.txPackets, "queue_stats.tx_packets");
    w.u64(queue.txErrors, "queue_stats.tx_errors");
    w.u32(queue.durationSec, "queue_stats.duration_sec");
    w.u32(queue.durationNsec, "queue_stats.duration_nsec");
  }
}
