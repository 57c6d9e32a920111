// NXAST_LEARN and NXAST_LEARN2: a packet makes a flow (struct nx_action_learn, struct nx_action_learn2 and their flow_mod_specs).
import { WireError } from "../../bytes/errors.ts";
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import type { NxLearn, NxLearn2, NxLearnSource, NxLearnSpec, NxLearnTarget } from "../action-types.ts";
import { decodeOxmHeader, encodeOxmHeader } from "../oxm.ts";
import type { OxmName } from "../oxm-fields.ts";

/** Bits of `flags`; the last is allowed in learn2 alone. */
export const NX_LEARN_F = { SEND_FLOW_REM: 1, DELETE_LEARNED: 2, WRITE_RESULT: 4 } as const;

/** The header of a flow_mod_spec. */
const SPEC = { N_BITS: 0x03ff, SRC_IMMEDIATE: 1 << 13, DST: 3 << 11, DST_LOAD: 1 << 11, DST_OUTPUT: 2 << 11 } as const;
const SPEC_RESERVED = 0xffff & ~(SPEC.N_BITS | SPEC.SRC_IMMEDIATE | SPEC.DST);

/** Immediates fill whole 16-bit words and stand at their right end. */
function immediateBytes(nBits: number): number {
  return Math.ceil(nBits / 16) * 2;
}

/** Undefined for a field that has no name here. */
function decodeField(r: ByteReader): { readonly field: OxmName; readonly ofs: number } | undefined {
  const field = decodeOxmHeader(r);
  const ofs = r.u16("learn.spec.ofs");
  return field === undefined ? undefined : { field, ofs };
}

function decodeSource(r: ByteReader, header: number, nBits: number): NxLearnSource | undefined {
  if ((header & SPEC.SRC_IMMEDIATE) !== 0) {
    return { kind: "immediate", value: r.big(immediateBytes(nBits), "learn.spec.immediate") };
  }
  const part = decodeField(r);
  return part === undefined ? undefined : { kind: "field", ...part };
}

function decodeTarget(r: ByteReader, header: number): NxLearnTarget | undefined {
  const type = header & SPEC.DST;
  if (type === SPEC.DST_OUTPUT) return { kind: "output" };
  const part = decodeField(r);
  return part === undefined ? undefined : { kind: type === SPEC.DST_LOAD ? "load" : "match", ...part };
}

function checkSpecHeader(r: ByteReader, header: number): void {
  const target = header & SPEC.DST;
  const immediate = (header & SPEC.SRC_IMMEDIATE) !== 0;
  if ((header & SPEC.N_BITS) === 0 || target === SPEC.DST || (target === SPEC.DST_OUTPUT && immediate)) {
    throw r.fail("wire/value", `flow_mod_spec header 0x${header.toString(16)}`, "learn.spec.header", r.offset - 2);
  }
}

/** All specs, or undefined where something has no value form. A header of zero begins the padding. */
function decodeSpecs(r: ByteReader): readonly NxLearnSpec[] | undefined {
  const specs: NxLearnSpec[] = [];
  let end = r.position;
  while (r.remaining >= 2) {
    const header = r.u16("learn.spec.header");
    if (header === 0) break;
    checkSpecHeader(r, header);
    if ((header & SPEC_RESERVED) !== 0) return undefined;
    const nBits = header & SPEC.N_BITS;
    const src = decodeSource(r, header, nBits);
    if (src === undefined) return undefined;
    const dst = decodeTarget(r, header);
    if (dst === undefined) return undefined;
    specs.push({ nBits, src, dst });
    end = r.position;
  }
  r.position = end;
  return r.remaining < 8 && r.bytes(r.remaining, "learn.pad").every((byte) => byte === 0) ? specs : undefined;
}

/** Undefined for what has no value form: then the bytes are kept. */
export function decodeLearn(r: ByteReader, kind: "nx_learn" | "nx_learn2"): NxLearn | NxLearn2 | undefined {
  const idleTimeoutSec = r.u16("learn.idle_timeout");
  const hardTimeoutSec = r.u16("learn.hard_timeout");
  const priority = r.u16("learn.priority");
  const cookie = r.u64("learn.cookie");
  const flags = r.u16("learn.flags");
  const tableId = r.u8("learn.table_id");
  r.skip(1, "learn.pad");
  const finIdleTimeoutSec = r.u16("learn.fin_idle_timeout");
  const finHardTimeoutSec = r.u16("learn.fin_hard_timeout");
  const timeouts = { idleTimeoutSec, hardTimeoutSec, finIdleTimeoutSec, finHardTimeoutSec };
  const common = { ...timeouts, priority, cookie, flags, tableId };
  if (kind === "nx_learn") {
    const specs = decodeSpecs(r);
    return specs === undefined ? undefined : { kind, ...common, specs };
  }
  const limit = r.u32("learn.limit");
  const resultOfs = r.u16("learn.result_dst_ofs");
  r.skip(2, "learn.pad2");
  if ((flags & NX_LEARN_F.WRITE_RESULT) === 0) {
    const specs = decodeSpecs(r);
    return specs === undefined ? undefined : { kind, ...common, limit, resultOfs, specs };
  }
  const resultDst = decodeOxmHeader(r);
  const specs = resultDst === undefined ? undefined : decodeSpecs(r);
  return resultDst === undefined || specs === undefined
    ? undefined
    : { kind, ...common, limit, resultOfs, resultDst, specs };
}

function encodeField(w: ByteWriter, part: { readonly field: OxmName; readonly ofs: number }): void {
  encodeOxmHeader(w, part.field);
  w.u16(part.ofs, "learn.spec.ofs");
}

function encodeSpec(w: ByteWriter, { nBits, src, dst }: NxLearnSpec): void {
  const immediate = src.kind === "immediate";
  if (nBits < 1 || nBits > SPEC.N_BITS || (dst.kind === "output" && immediate)) {
    const message = `no spec has ${nBits} bits from ${src.kind} to ${dst.kind}`;
    throw new WireError("wire/range", message, { offset: w.length, field: "learn.spec.header" });
  }
  const target = dst.kind === "match" ? 0 : dst.kind === "load" ? SPEC.DST_LOAD : SPEC.DST_OUTPUT;
  w.u16(nBits | target | (immediate ? SPEC.SRC_IMMEDIATE : 0), "learn.spec.header");
  if (immediate) w.big(src.value, immediateBytes(nBits), "learn.spec.immediate");
  else encodeField(w, src);
  if (dst.kind !== "output") encodeField(w, dst);
}

export function encodeLearn(w: ByteWriter, action: NxLearn | NxLearn2): void {
  w.u16(action.idleTimeoutSec, "learn.idle_timeout");
  w.u16(action.hardTimeoutSec, "learn.hard_timeout");
  w.u16(action.priority, "learn.priority");
  w.u64(action.cookie, "learn.cookie");
  w.u16(action.flags, "learn.flags");
  w.u8(action.tableId, "learn.table_id");
  w.u8(0);
  w.u16(action.finIdleTimeoutSec, "learn.fin_idle_timeout");
  w.u16(action.finHardTimeoutSec, "learn.fin_hard_timeout");
  if (action.kind === "nx_learn2") {
    w.u32(action.limit, "learn.limit");
    w.u16(action.resultOfs, "learn.result_dst_ofs");
    w.u16(0);
    if (((action.flags & NX_LEARN_F.WRITE_RESULT) !== 0) !== (action.resultDst !== undefined)) {
      const message = "the flag to write a result and the field for it go together";
      throw new WireError("wire/type", message, { offset: w.length, field: "learn.flags" });
    }
    if (action.resultDst !== undefined) encodeOxmHeader(w, action.resultDst);
  }
  for (const spec of action.specs) encodeSpec(w, spec);
}
