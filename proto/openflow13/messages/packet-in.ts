// PACKET_IN (OpenFlow 1.3.5, section 7.4.1).
import type { Match } from "../oxm.ts";

export interface PacketIn {
  readonly kind: "packet_in";
  readonly xid: number;
  /** OFP_NO_BUFFER when the packet is here in full. */
  readonly bufferId: number;
  readonly totalLen: number;
  /** OFPR value. */
  readonly reason: number;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly match: Match;
  /** The Ethernet frame, or its start. Lives in the receive buffer: copy what is kept. */
  readonly data: Uint8Array;
}
