// ECHO_REQUEST and ECHO_REPLY (OpenFlow 1.3.5, section 7.5.2-3).

export interface Echo {
  readonly kind: "echo_request" | "echo_reply";
  readonly xid: number;
  readonly data: Uint8Array;
}
