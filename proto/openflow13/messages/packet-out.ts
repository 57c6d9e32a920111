// PACKET_OUT (OpenFlow 1.3.5, section 7.3.7).
import type { Action } from "../action-types.ts";

export interface PacketOut {
  readonly kind: "packet_out";
  readonly xid: number;
  readonly bufferId: number;
  readonly inPort: number;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
}
