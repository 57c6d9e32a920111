// Bundles on OpenFlow 1.3: the ONF experimenter's messages 2300 and 2301 (ONF extension 230).

export type BundleControlType =
  | "open_request"
  | "open_reply"
  | "close_request"
  | "close_reply"
  | "commit_request"
  | "commit_reply"
  | "discard_request"
  | "discard_reply";

export interface BundleControl {
  readonly kind: "bundle_control";
  readonly xid: number;
  readonly bundleId: number;
  readonly type: BundleControlType;
  /** OFPBF bits. */
  readonly flags: number;
}

/** `message` carries the same xid as the bundle_add: the switch's errors speak of that one. */
export interface BundleAddOf<M> {
  readonly kind: "bundle_add";
  readonly xid: number;
  readonly bundleId: number;
  readonly flags: number;
  readonly message: M;
}
