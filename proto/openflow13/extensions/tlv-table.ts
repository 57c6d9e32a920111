// NXT_TLV_TABLE_MOD, _REQUEST and _REPLY: which Geneve options tun_metadata0..63 stand for.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface TlvMap {
  readonly optionClass: number;
  readonly optionType: number;
  /** Bytes of the option's value: a multiple of 4, at most 124. */
  readonly optionLen: number;
  /** n of tun_metadata<n>. */
  readonly index: number;
}

export interface NxTlvTableMod {
  readonly kind: "nx_tlv_table_mod";
  readonly xid: number;
  readonly command: "add" | "delete" | "clear";
  readonly maps: readonly TlvMap[];
}

export interface NxTlvTableReply {
  readonly kind: "nx_tlv_table_reply";
  readonly xid: number;
  readonly maxOptionSpace: number;
  readonly maxFields: number;
  readonly maps: readonly TlvMap[];
}

const COMMANDS = ["add", "delete", "clear"] as const;

function decodeMaps(r: ByteReader): TlvMap[] {
  const maps: TlvMap[] = [];
  while (r.remaining > 0) {
    const optionClass = r.u16("tlv_map.option_class");
    const optionType = r.u8("tlv_map.option_type");
    const optionLen = r.u8("tlv_map.option_len");
    const index = r.u16("tlv_map.index");
    r.skip(2, "tlv_map.pad");
    maps.push({ optionClass, optionType, optionLen, index });
  }
  return maps;
}

function encodeMaps(w: ByteWriter, maps: readonly TlvMap[]): void {
  for (const map of maps) {
    w.u16(map.optionClass, "tlv_map.option_class");
    w.u8(map.optionType, "tlv_map.option_type");
    w.u8(map.optionLen, "tlv_map.option_len");
    w.u16(map.index, "tlv_map.index");
    w.zeros(2);
  }
}

export function decodeTlvTableMod(r: ByteReader, xid: number): NxTlvTableMod {
  const command = COMMANDS[r.u16("tlv_table_mod.command")];
  if (command === undefined) throw r.fail("wire/value", "unknown command", "tlv_table_mod.command", r.offset - 2);
  r.skip(6, "tlv_table_mod.pad");
  return { kind: "nx_tlv_table_mod", xid, command, maps: decodeMaps(r) };
}

export function encodeTlvTableMod(w: ByteWriter, m: NxTlvTableMod): void {
  w.u16(COMMANDS.indexOf(m.command), "tlv_table_mod.command");
  w.zeros(6);
  encodeMaps(w, m.maps);
}

export function decodeTlvTableReply(r: ByteReader, xid: number): NxTlvTableReply {
  const maxOptionSpace = r.u32("tlv_table_reply.max_option_space");
  const maxFields = r.u16("tlv_table_reply.max_fields");
  r.skip(10, "tlv_table_reply.pad");
  return { kind: "nx_tlv_table_reply", xid, maxOptionSpace, maxFields, maps: decodeMaps(r) };
}

export function encodeTlvTableReply(w: ByteWriter, m: NxTlvTableReply): void {
  w.u32(m.maxOptionSpace, "tlv_table_reply.max_option_space");
  w.u16(m.maxFields, "tlv_table_reply.max_fields");
  w.zeros(10);
  encodeMaps(w, m.maps);
}
