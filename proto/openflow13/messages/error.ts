// ERROR (OpenFlow 1.3.5, section 7.4.4).

export interface ErrorMessage {
  readonly kind: "error";
  readonly xid: number;
  /** The header's version where it is not 1.3's: a peer of another version may say why it goes. */
  readonly version?: number;
  /** OFPET number; describeError gives the names. */
  readonly type: number;
  readonly code: number;
  /** At least 64 bytes of the message that failed; readable text for HELLO_FAILED. */
  readonly data: Uint8Array;
}

/** Type 0xffff: an experimenter's own error. */
export interface ExperimenterError {
  readonly kind: "experimenter_error";
  readonly xid: number;
  readonly expType: number;
  readonly experimenter: number;
  readonly data: Uint8Array;
}
