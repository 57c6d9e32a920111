// FEATURES_REQUEST and FEATURES_REPLY (OpenFlow 1.3.5, section 7.3.1).

export interface FeaturesReply {
  readonly kind: "features_reply";
  readonly xid: number;
  readonly datapathId: bigint;
  readonly nBuffers: number;
  readonly nTables: number;
  readonly auxiliaryId: number;
  /** OFPC bits. */
  readonly capabilities: number;
  readonly reserved: number;
}
