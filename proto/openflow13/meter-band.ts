// Meter bands (OpenFlow 1.3.5, section 7.3.4.4), the same in meter-mods and in meter configurations.
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";

export type MeterBand =
  | { readonly kind: "drop"; readonly rate: number; readonly burstSize: number }
  | { readonly kind: "dscp_remark"; readonly rate: number; readonly burstSize: number; readonly precLevel: number }
  | {
      readonly kind: "experimenter";
      readonly rate: number;
      readonly burstSize: number;
      readonly experimenter: number;
      readonly bytes: Uint8Array;
    };

const OFPMBT = { DROP: 1, DSCP_REMARK: 2, EXPERIMENTER: 0xffff } as const;
const BAND_LENGTH = 16;

/** All bands up to the reader's end. */
export function decodeMeterBands(r: ByteReader): MeterBand[] {
  const bands: MeterBand[] = [];
  while (r.remaining > 0) bands.push(decodeBand(r));
  return bands;
}

function decodeBand(r: ByteReader): MeterBand {
  const type = r.u16("meter_band.type");
  const length = r.u16("meter_band.len");
  const known = type === OFPMBT.DROP || type === OFPMBT.DSCP_REMARK;
  if (length < BAND_LENGTH || length - 4 > r.remaining || (known && length !== BAND_LENGTH)) {
    const message = `band length ${length} with ${r.remaining + 4} bytes left`;
    throw r.fail("wire/length", message, "meter_band.len", r.offset - 2);
  }
  const rate = r.u32("meter_band.rate");
  const burstSize = r.u32("meter_band.burst_size");
  if (type === OFPMBT.DROP) {
    r.skip(4, "meter_band.pad");
    return { kind: "drop", rate, burstSize };
  }
  if (type === OFPMBT.DSCP_REMARK) {
    const precLevel = r.u8("meter_band.prec_level");
    r.skip(3, "meter_band.pad");
    return { kind: "dscp_remark", rate, burstSize, precLevel };
  }
  if (type === OFPMBT.EXPERIMENTER) {
    const experimenter = r.u32("meter_band.experimenter");
    const bytes = r.bytes(length - BAND_LENGTH, "meter_band.body");
    return { kind: "experimenter", rate, burstSize, experimenter, bytes };
  }
  throw r.fail("wire/value", `unknown band type ${type}`, "meter_band.type", r.offset - 12);
}

export function encodeMeterBands(w: ByteWriter, bands: readonly MeterBand[]): void {
  for (const band of bands) {
    const start = w.length;
    w.u16(band.kind === "drop" ? OFPMBT.DROP : band.kind === "dscp_remark" ? OFPMBT.DSCP_REMARK : OFPMBT.EXPERIMENTER);
    w.u16(BAND_LENGTH);
    w.u32(band.rate, "meter_band.rate");
    w.u32(band.burstSize, "meter_band.burst_size");
    if (band.kind === "drop") w.u32(0);
    else if (band.kind === "dscp_remark") {
      w.u8(band.precLevel, "meter_band.prec_level");
      w.zeros(3);
    } else {
      w.u32(band.experimenter, "meter_band.experimenter");
      w.bytes(band.bytes);
      w.patchU16(start + 2, w.length - start, "meter_band.len");
    }
  }
}
