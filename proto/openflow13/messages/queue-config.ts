// QUEUE_GET_CONFIG_REQUEST and _REPLY (OpenFlow 1.3.5, section 7.3.6).

export type QueueProperty =
  /** Tenths of a percent; above 1000 is "disabled". */
  | { readonly kind: "min_rate" | "max_rate"; readonly rate: number }
  | { readonly kind: "experimenter"; readonly experimenter: number; readonly bytes: Uint8Array }
  | { readonly kind: "unknown"; readonly type: number; readonly bytes: Uint8Array };

export interface PacketQueue {
  readonly queueId: number;
  readonly port: number;
  readonly properties: readonly QueueProperty[];
}

export interface QueueGetConfigRequest {
  readonly kind: "queue_get_config_request";
  readonly xid: number;
  readonly port: number;
}

export interface QueueGetConfigReply {
  readonly kind: "queue_get_config_reply";
  readonly xid: number;
  readonly port: number;
  readonly queues: readonly PacketQueue[];
}
