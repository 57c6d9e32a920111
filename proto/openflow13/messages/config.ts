// GET_CONFIG_REPLY and SET_CONFIG (OpenFlow 1.3.5, section 7.3.2).

export interface SwitchConfig {
  readonly kind: "get_config_reply" | "set_config";
  readonly xid: number;
  /** OFPC_FRAG_* value. */
  readonly flags: number;
  readonly missSendLen: number;
}
