// EXPERIMENTER messages that this library does not know, kept as bytes (OpenFlow 1.3.5, section 7.5.4).

export interface ExperimenterMessage {
  readonly kind: "experimenter";
  readonly xid: number;
  readonly experimenter: number;
  readonly expType: number;
  readonly data: Uint8Array;
}
