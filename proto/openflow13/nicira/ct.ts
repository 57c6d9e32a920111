// NXAST_CT: connection tracking, with the actions it runs when it commits (struct nx_action_conntrack).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import type { Action, NxCt } from "../action-types.ts";
import { decodeOxmHeader, encodeOxmHeader } from "../oxm.ts";
import type { OxmName } from "../oxm-fields.ts";

export function decodeCt(r: ByteReader, nested: (r: ByteReader) => Action[]): NxCt | undefined {
  if (r.remaining < 14) throw r.fail("wire/length", "ct is shorter than 24 bytes", "action.len");
  const flags = r.u16("ct.flags");
  let zoneSrc: OxmName | undefined;
  const at = r.position;
  if (r.u32("ct.zone_src") !== 0) {
    r.position = at;
    zoneSrc = decodeOxmHeader(r);
    if (zoneSrc === undefined || r.position !== at + 4) return undefined;
  }
  const zone = r.u16("ct.zone");
  const recircTable = r.u8("ct.recirc_table");
  r.skip(3, "ct.pad");
  const alg = r.u16("ct.alg");
  const actions = nested(r);
  return zoneSrc === undefined
    ? { kind: "nx_ct", flags, zone, recircTable, alg, actions }
    : { kind: "nx_ct", flags, zoneSrc, zone, recircTable, alg, actions };
}

export function encodeCt(
  w: ByteWriter,
  action: NxCt,
  nested: (w: ByteWriter, actions: readonly Action[]) => void,
): void {
  w.u16(action.flags, "ct.flags");
  if (action.zoneSrc === undefined) w.u32(0);
  else encodeOxmHeader(w, action.zoneSrc);
  w.u16(action.zone, "ct.zone");
  w.u8(action.recircTable, "ct.recirc_table");
  w.zeros(3);
  w.u16(action.alg, "ct.alg");
  nested(w, action.actions);
}
