// OFPMP_METER_CONFIG and OFPMP_METER_FEATURES (OpenFlow 1.3.5, section 7.3.5.13-14).
import type { MeterBand } from "../meter-band.ts";

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
