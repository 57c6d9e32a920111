// GET_ASYNC_REPLY and SET_ASYNC (OpenFlow 1.3.5, section 7.3.10).

/** One bit for each reason; the first mask is for master and equal controllers, the second for slaves. */
export type AsyncMask = readonly [masterOrEqual: number, slave: number];

export interface AsyncConfig {
  readonly kind: "get_async_reply" | "set_async";
  readonly xid: number;
  readonly packetIn: AsyncMask;
  readonly portStatus: AsyncMask;
  readonly flowRemoved: AsyncMask;
}
