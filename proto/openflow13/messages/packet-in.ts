// PACKET_IN (OpenFlow 1.3.5, section 7.4.1).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeMatch, encodeMatch, type Match } from "../oxm.ts";

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

export function decodePacketIn(r: ByteReader, xid: number): PacketIn {
  const bufferId = r.u32("packet_in.buffer_id");
  const totalLen = r.u16("packet_in.total_len");
  const reason = r.u8("packet_in.reason");
  const tableId = r.u8("packet_in.table_id");
  const cookie = r.u64("packet_in.cookie");
  const match = decodeMatch(r);
  r.skip(2, "packet_in.pad");
  const data = r.bytes(r.end - r.position, "packet_in.data");
  return { kind: "packet_in", xid, bufferId, totalLen, reason, tableId, cookie, match, data };
}

export function encodePacketIn(w: ByteWriter, m: PacketIn): void {
  w.u32(m.bufferId, "packet_in.buffer_id");
  w.u16(m.totalLen, "packet_in.total_len");
  w.u8(m.reason, "packet_in.reason");
  w.u8(m.tableId, "packet_in.table_id");
  w.u64(m.cookie, "packet_in.cookie");
  encodeMatch(w, m.match);
  w.zeros(2);
  w.bytes(m.data);
}
