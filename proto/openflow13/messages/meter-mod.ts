// METER_MOD (OpenFlow 1.3.5, section 7.3.4.4).
import type { MeterBand } from "../meter-band.ts";

export interface MeterMod {
  readonly kind: "meter_mod";
  readonly xid: number;
  readonly command: "add" | "modify" | "delete";
  /** OFPMF bits. */
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}
