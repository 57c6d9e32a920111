// OFPMP_DESC (OpenFlow 1.3.5, section 7.3.5.1).

export interface SwitchDesc {
  readonly mfr: string;
  readonly hw: string;
  readonly sw: string;
  readonly serial: string;
  readonly dp: string;
}
