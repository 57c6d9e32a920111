// Meter bands (OpenFlow 1.3.5, section 7.3.4.4), the same in meter-mods and in meter configurations.

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
