// Nicira actions that move bits between fields, by the bodies after their subtypes. Undefined from a decoder means that the
// field or layout has no value form and the caller keeps the bytes.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import type { NiciraAction, NxRegLoad, NxRegMove } from "../action-types.ts";
import { decodeOxm, decodeOxmHeader, encodeOxmHeader } from "../oxm.ts";
import { oxmFieldByName } from "../oxm-fields.ts";
import { endsInPadding, expectBody, packBits, unpackBits } from "./body.ts";

export function decodeRegMove(r: ByteReader): NiciraAction | undefined {
  if (r.remaining < 14) throw r.fail("wire/length", "reg_move is shorter than 24 bytes", "action.len");
  const nBits = r.u16("reg_move.n_bits");
  const srcOfs = r.u16("reg_move.src_ofs");
  const dstOfs = r.u16("reg_move.dst_ofs");
  const src = decodeOxmHeader(r);
  const dst = decodeOxmHeader(r);
  if (src === undefined || dst === undefined || !endsInPadding(r)) return undefined;
  return { kind: "nx_reg_move", nBits, srcOfs, dstOfs, src, dst };
}

export function encodeRegMove(w: ByteWriter, action: NxRegMove): void {
  w.u16(action.nBits, "reg_move.n_bits");
  w.u16(action.srcOfs, "reg_move.src_ofs");
  w.u16(action.dstOfs, "reg_move.dst_ofs");
  encodeOxmHeader(w, action.src);
  encodeOxmHeader(w, action.dst);
}

export function decodeRegLoad(r: ByteReader): NiciraAction | undefined {
  expectBody(r, 14, "reg_load");
  const { ofs, nBits } = unpackBits(r.u16("reg_load.ofs_nbits"));
  // Fields of 64-bit headers do not fit this action, so four bytes are always right.
  const dst = decodeOxmHeader(r);
  if (dst === undefined || r.remaining !== 8) return undefined;
  return { kind: "nx_reg_load", ofs, nBits, dst, value: r.u64("reg_load.value") };
}

export function encodeRegLoad(w: ByteWriter, action: NxRegLoad): void {
  w.u16(packBits(action.ofs, action.nBits), "reg_load.ofs_nbits");
  encodeOxmHeader(w, action.dst);
  w.u64(action.value, "reg_load.value");
}

export function decodeOutputReg(r: ByteReader): NiciraAction | undefined {
  expectBody(r, 14, "output_reg");
  const { ofs, nBits } = unpackBits(r.u16("output_reg.ofs_nbits"));
  const src = decodeOxmHeader(r);
  if (src === undefined || r.remaining !== 8) return undefined;
  const maxLen = r.u16("output_reg.max_len");
  r.skip(6, "action.pad");
  return { kind: "nx_output_reg", src, ofs, nBits, maxLen };
}

export function encodeOutputReg(w: ByteWriter, action: Extract<NiciraAction, { kind: "nx_output_reg" }>): void {
  w.u16(packBits(action.ofs, action.nBits), "output_reg.ofs_nbits");
  encodeOxmHeader(w, action.src);
  w.u16(action.maxLen, "output_reg.max_len");
  w.zeros(6);
}

export function decodeRegLoad2(r: ByteReader): NiciraAction | undefined {
  const field = decodeOxm(r);
  return endsInPadding(r) ? { kind: "nx_reg_load2", field } : undefined;
}

export function decodeStack(r: ByteReader, kind: "nx_stack_push" | "nx_stack_pop"): NiciraAction | undefined {
  if (r.remaining < 14) throw r.fail("wire/length", `${kind} is shorter than 24 bytes`, "action.len");
  const ofs = r.u16("stack.offset");
  const field = decodeOxmHeader(r);
  if (field === undefined) return undefined;
  const nBits = r.u16("stack.n_bits");
  // 24 bytes in all with a field of a 32-bit header.
  return r.remaining === 6 ? { kind, field, ofs, nBits } : undefined;
}

export function encodeStack(
  w: ByteWriter,
  action: Extract<NiciraAction, { kind: "nx_stack_push" | "nx_stack_pop" }>,
): void {
  w.u16(action.ofs, "stack.offset");
  encodeOxmHeader(w, action.field);
  w.u16(action.nBits, "stack.n_bits");
  w.zeros(6);
}

export function decodeCheckPktLarger(r: ByteReader): NiciraAction | undefined {
  expectBody(r, 14, "check_pkt_larger");
  const pktLen = r.u16("check_pkt_larger.pkt_len");
  const ofs = r.u16("check_pkt_larger.offset");
  const dst = decodeOxmHeader(r);
  return dst === undefined ? undefined : { kind: "nx_check_pkt_larger", pktLen, dst, ofs };
}

export function encodeCheckPktLarger(
  w: ByteWriter,
  action: Extract<NiciraAction, { kind: "nx_check_pkt_larger" }>,
): void {
  w.u16(action.pktLen, "check_pkt_larger.pkt_len");
  w.u16(action.ofs, "check_pkt_larger.offset");
  encodeOxmHeader(w, action.dst);
  w.zeros(14 - 4 - (oxmFieldByName(action.dst)?.experimenter === 0 ? 4 : 8));
}

/** 24 bytes in all, whatever the field's header takes. */
export function decodeDeleteField(r: ByteReader): NiciraAction | undefined {
  expectBody(r, 14, "delete_field");
  const field = decodeOxmHeader(r);
  return field === undefined ? undefined : { kind: "nx_delete_field", field };
}

export function encodeDeleteField(w: ByteWriter, action: Extract<NiciraAction, { kind: "nx_delete_field" }>): void {
  encodeOxmHeader(w, action.field);
  w.zeros(14 - (oxmFieldByName(action.field)?.experimenter === 0 ? 4 : 8));
}
