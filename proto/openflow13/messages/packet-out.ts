// PACKET_OUT (OpenFlow 1.3.5, section 7.3.7).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeActions, encodeActions } from "../action.ts";
import type { Action } from "../action-types.ts";

export interface PacketOut {
  readonly kind: "packet_out";
  readonly xid: number;
  readonly bufferId: number;
  readonly inPort: number;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
}

export function decodePacketOut(r: ByteReader, xid: number): PacketOut {
  const bufferId = r.u32("packet_out.buffer_id");
  const inPort = r.u32("packet_out.in_port");
  const actionsLen = r.u16("packet_out.actions_len");
  r.skip(6, "packet_out.pad");
  const actions = decodeActions(r.sub(actionsLen, "packet_out.actions_len"));
  return { kind: "packet_out", xid, bufferId, inPort, actions, data: r.bytes(r.remaining, "packet_out.data") };
}

export function encodePacketOut(w: ByteWriter, m: PacketOut): void {
  w.u32(m.bufferId, "packet_out.buffer_id");
  w.u32(m.inPort, "packet_out.in_port");
  const lengthAt = w.length;
  w.zeros(8);
  const actionsAt = w.length;
  encodeActions(w, m.actions);
  w.patchU16(lengthAt, w.length - actionsAt, "packet_out.actions_len");
  w.bytes(m.data);
}
