// GET_ASYNC_REPLY and SET_ASYNC (OpenFlow 1.3.5, section 7.3.10).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

/** One bit for each reason; the first mask is for master and equal controllers, the second for slaves. */
export type AsyncMask = readonly [masterOrEqual: number, slave: number];

export interface AsyncConfig {
  readonly kind: "get_async_reply" | "set_async";
  readonly xid: number;
  readonly packetIn: AsyncMask;
  readonly portStatus: AsyncMask;
  readonly flowRemoved: AsyncMask;
}

export function decodeAsync(r: ByteReader, xid: number, kind: AsyncConfig["kind"]): AsyncConfig {
  return {
    kind,
    xid,
    packetIn: [r.u32("async.packet_in_mask"), r.u32("async.packet_in_mask")],
    portStatus: [r.u32("async.port_status_mask"), r.u32("async.port_status_mask")],
    flowRemoved: [r.u32("async.flow_removed_mask"), r.u32("async.flow_removed_mask")],
  };
}

export function encodeAsync(w: ByteWriter, m: AsyncConfig): void {
  for (const mask of [m.packetIn, m.portStatus, m.flowRemoved]) {
    w.u32(mask[0], "async.mask");
    w.u32(mask[1], "async.mask");
  }
}
