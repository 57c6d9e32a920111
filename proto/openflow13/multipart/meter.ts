// OFPMP_METER_CONFIG and OFPMP_METER_FEATURES (OpenFlow 1.3.5, section 7.3.5.13-14).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeMeterBands, encodeMeterBands, type MeterBand } from "../meter-band.ts";

export interface MeterConfig {
  /** OFPMF bits. */
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}

export interface MeterFeatures {
  readonly maxMeter: number;
  /** Bits by OFPMBT. */
  readonly bandTypes: number;
  /** OFPMF bits. */
  readonly capabilities: number;
  readonly maxBands: number;
  readonly maxColor: number;
}

const CONFIG_HEADER = 8;

export function decodeMeterId(r: ByteReader): number {
  const meterId = r.u32("meter_request.meter_id");
  r.skip(4, "meter_request.pad");
  return meterId;
}

export function encodeMeterId(w: ByteWriter, meterId: number): void {
  w.u32(meterId, "meter_request.meter_id");
  w.zeros(4);
}

export function decodeMeterConfigList(r: ByteReader): MeterConfig[] {
  const meters: MeterConfig[] = [];
  while (r.remaining > 0) {
    const length = r.u16("meter_config.length");
    if (length < CONFIG_HEADER) {
      throw r.fail("wire/length", `entry length ${length}`, "meter_config.length", r.offset - 2);
    }
    const body = r.sub(length - 2, "meter_config.length");
    const flags = body.u16("meter_config.flags");
    const meterId = body.u32("meter_config.meter_id");
    meters.push({ flags, meterId, bands: decodeMeterBands(body) });
  }
  return meters;
}

export function encodeMeterConfigList(w: ByteWriter, meters: readonly MeterConfig[]): void {
  for (const meter of meters) {
    const start = w.length;
    w.u16(0);
    w.u16(meter.flags, "meter_config.flags");
    w.u32(meter.meterId, "meter_config.meter_id");
    encodeMeterBands(w, meter.bands);
    w.patchU16(start, w.length - start, "meter_config.length");
  }
}

export function decodeMeterFeatures(r: ByteReader): MeterFeatures {
  const maxMeter = r.u32("meter_features.max_meter");
  const bandTypes = r.u32("meter_features.band_types");
  const capabilities = r.u32("meter_features.capabilities");
  const maxBands = r.u8("meter_features.max_bands");
  const maxColor = r.u8("meter_features.max_color");
  r.skip(2, "meter_features.pad");
  return { maxMeter, bandTypes, capabilities, maxBands, maxColor };
}

export function encodeMeterFeatures(w: ByteWriter, features: MeterFeatures): void {
  w.u32(features.maxMeter, "meter_features.max_meter");
  w.u32(features.bandTypes, "meter_features.band_types");
  w.u32(features.capabilities, "meter_features.capabilities");
  w.u8(features.maxBands, "meter_features.max_bands");
  w.u8(features.maxColor, "meter_features.max_color");
  w.zeros(2);
}
