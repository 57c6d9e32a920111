// The messages that are a header and nothing else.

export interface EmptyMessage {
  readonly kind: "features_request" | "get_config_request" | "barrier_request" | "barrier_reply" | "get_async_request";
  readonly xid: number;
}
