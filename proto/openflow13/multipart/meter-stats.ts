// OFPMP_METER (OpenFlow 1.3.5, section 7.3.5.12).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface MeterBandStats {
  readonly packetBandCount: bigint;
  readonly byteBandCount: bigint;
}

export interface MeterStats {
  readonly meterId: number;
  /** Flows that use this meter. */
  readonly flowCount: number;
  readonly packetInCount: bigint;
  readonly byteInCount: bigint;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly bands: readonly MeterBandStats[];
}

const STATS_HEADER = 40;

export function decodeMeterStatsList(r: ByteReader): MeterStats[] {
  const meters: MeterStats[] = [];
  while (r.remaining > 0) {
    const meterId = r.u32("meter_stats.meter_id");
    const length = r.u16("meter_stats.len");
    if (length < STATS_HEADER || (length - STATS_HEADER) % 16 !== 0) {
      throw r.fail("wire/length", `entry length ${length}`, "meter_stats.len", r.offset - 2);
    }
    const body = r.sub(length - 6, "meter_stats.len");
    body.skip(6, "meter_stats.pad");
    const flowCount = body.u32("meter_stats.flow_count");
    const packetInCount = body.u64("meter_stats.packet_in_count");
    const byteInCount = body.u64("meter_stats.byte_in_count");
    const durationSec = body.u32("meter_stats.duration_sec");
    const durationNsec = body.u32("meter_stats.duration_nsec");
    const bands: MeterBandStats[] = [];
    while (body.remaining > 0) {
      bands.push({
        packetBandCount: body.u64("meter_band_stats.packet_band_count"),
        byteBandCount: body.u64("meter_band_stats.byte_band_count"),
      });
    }
    meters.push({ meterId, flowCount, packetInCount, byteInCount, durationSec, durationNsec, bands });
  }
  return meters;
}

export function encodeMeterStatsList(w: ByteWriter, meters: readonly MeterStats[]): void {
  for (const meter of meters) {
    w.u32(meter.meterId, "meter_stats.meter_id");
    w.u16(STATS_HEADER + meter.bands.length * 16, "meter_stats.len");
    w.zeros(6);
    w.u32(meter.flowCount, "meter_stats.flow_count");
    w.u64(meter.packetInCount, "meter_stats.packet_in_count");
    w.u64(meter.byteInCount, "meter_stats.byte_in_count");
    w.u32(meter.durationSec, "meter_stats.duration_sec");
    w.u32(meter.durationNsec, "meter_stats.duration_nsec");
    for (const band of meter.bands) {
      w.u64(band.packetBandCount, "meter_band_stats.packet_band_count");
      w.u64(band.byteBandCount, "meter_band_stats.byte_band_count");
    }
  }
}
