// Match fields: their values, and their TLVs on the wire (OpenFlow 1.3.5, section 7.2.3).
import { WireError } from "../bytes/errors.ts";
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";
import { OXM_CLASS, type OxmField, type OxmName, oxmFieldByName, oxmFieldByNumber } from "./oxm-fields.ts";

/** A field this library knows. `number` up to 32 bits, `bigint` for wider ones (MAC addresses too). */
export interface OxmValue {
  readonly field: OxmName;
  readonly value: number | bigint;
  /** Present exactly when the TLV has a mask on the wire; a 1 bit is matched. */
  readonly mask?: number | bigint;
  /** Bytes of the value on the wire, for tunnel metadata that is shorter than its largest length. */
  readonly length?: number;
}

/** A field this library does not know, kept as it came. `bytes` is the payload after the header and experimenter id. */
export interface OxmUnknown {
  readonly field: "unknown";
  readonly oxmClass: number;
  readonly fieldNumber: number;
  readonly hasMask: boolean;
  readonly experimenter?: number;
  readonly bytes: Uint8Array;
}

export type OxmTlv = OxmValue | OxmUnknown;

/** The order is the wire's order and is kept. An empty list matches everything. */
export type Match = readonly OxmTlv[];

/** The field's entry in the table; throws `wire/unknown-field` for a name that is not there. */
export function requireOxmField(name: string, offset = 0): OxmField {
  const field = oxmFieldByName(name);
  if (field === undefined) {
    throw new WireError("wire/unknown-field", `no match field is named "${name}"`, { offset, field: "oxm_field" });
  }
  return field;
}

function decodeUnknown(
  r: ByteReader,
  oxmClass: number,
  fieldNumber: number,
  hasMask: boolean,
  experimenter: number | undefined,
  payload: number,
): OxmUnknown {
  if (hasMask && payload % 2 !== 0) {
    throw r.fail("wire/length", `${payload} bytes are no value and mask of one length`, "oxm_length", r.offset - 1);
  }
  const bytes = r.bytes(payload, "oxm value");
  return experimenter === undefined
    ? { field: "unknown", oxmClass, fieldNumber, hasMask, bytes }
    : { field: "unknown", oxmClass, fieldNumber, hasMask, experimenter, bytes };
}

function readValue(r: ByteReader, bytes: number, field: string): number | bigint {
  switch (bytes) {
    case 1:
      return r.u8(field);
    case 2:
      return r.u16(field);
    case 3:
      return r.u24(field);
    case 4:
      return r.u32(field);
    default:
      return r.big(bytes, field);
  }
}

function decodeVariable(r: ByteReader, field: OxmField, hasMask: boolean, payload: number): OxmValue {
  const width = hasMask ? payload / 2 : payload;
  if (!Number.isInteger(width) || width > field.bytes) {
    throw r.fail("wire/length", `${payload} bytes for ${field.wireName}`, "oxm_length", r.offset - 1);
  }
  const value = r.big(width, field.wireName);
  const length = width === field.bytes ? {} : { length: width };
  return hasMask
    ? { field: field.name, value, mask: r.big(width, field.wireName), ...length }
    : { field: field.name, value, ...length };
}

/** One TLV. A length that does not fit the field, or a mask where the field takes none, is an error. */
export function decodeOxm(r: ByteReader): OxmTlv {
  const oxmClass = r.u16("oxm_class");
  const numberAndMask = r.u8("oxm_field");
  const hasMask = (numberAndMask & 1) === 1;
  let payload = r.u8("oxm_length");
  let experimenter: number | undefined;
  if (payload > r.remaining) {
    throw r.fail("wire/short", `${payload} bytes announced, ${r.remaining} left`, "oxm_length", r.offset - 1);
  }
  if (oxmClass === OXM_CLASS.EXPERIMENTER) {
    if (payload < 4) throw r.fail("wire/length", "no room for the experimenter id", "oxm_length", r.offset - 1);
    experimenter = r.u32("oxm experimenter");
    payload -= 4;
  }
  const field = oxmFieldByNumber(oxmClass, numberAndMask >>> 1, experimenter);
  if (field === undefined) return decodeUnknown(r, oxmClass, numberAndMask >>> 1, hasMask, experimenter, payload);
  if (hasMask && !field.maskable) {
    throw r.fail("wire/mask", `${field.wireName} takes no mask`, "oxm_hasmask", r.offset - 2);
  }
  if (field.variable) return decodeVariable(r, field, hasMask, payload);
  const width = field.bytes;
  if (payload !== (hasMask ? width * 2 : width)) {
    throw r.fail("wire/length", `${payload} bytes for ${field.wireName}`, "oxm_length", r.offset - 1);
  }
  const value = readValue(r, width, field.wireName);
  return hasMask
    ? { field: field.name, value, mask: readValue(r, width, field.wireName) }
    : { field: field.name, value };
}

/** Variable fields are bigints whatever their length. */
function writeValue(w: ByteWriter, value: number | bigint, width: number, field: string, variable: boolean): void {
  if (width > 4 || variable) {
    if (typeof value !== "bigint") throw typeError(w, value, field, "bigint");
    w.big(value, width, field);
    return;
  }
  if (typeof value !== "number") throw typeError(w, value, field, "number");
  if (width === 4) w.u32(value, field);
  else if (width === 2) w.u16(value, field);
  else if (width === 1) w.u8(value, field);
  else w.u24(value, field);
}

function typeError(w: ByteWriter, value: unknown, field: string, wanted: string): WireError {
  const message = `${field} is written as a ${wanted}, not as a ${typeof value}`;
  return new WireError("wire/type", message, { offset: w.length, field });
}

export function encodeOxm(w: ByteWriter, tlv: OxmTlv): void {
  if (tlv.field === "unknown") {
    const withExperimenter = tlv.experimenter !== undefined;
    if (withExperimenter !== (tlv.oxmClass === OXM_CLASS.EXPERIMENTER)) {
      throw new WireError("wire/type", "class 0xffff and no other has an experimenter", {
        offset: w.length,
        field: "oxm_class",
      });
    }
    w.u16(tlv.oxmClass, "oxm_class");
    w.u8((tlv.fieldNumber << 1) | (tlv.hasMask ? 1 : 0), "oxm_field");
    w.u8(tlv.bytes.length + (withExperimenter ? 4 : 0), "oxm_length");
    if (tlv.experimenter !== undefined) w.u32(tlv.experimenter, "oxm experimenter");
    w.bytes(tlv.bytes);
    return;
  }
  const field = requireOxmField(tlv.field, w.length);
  const mask = tlv.mask;
  if (mask !== undefined && !field.maskable) {
    throw new WireError("wire/mask", `${field.wireName} takes no mask`, { offset: w.length, field: field.wireName });
  }
  let width = field.bytes;
  if (tlv.length === undefined) {
    w.u32(mask === undefined ? field.header : field.maskedHeader);
  } else {
    if (!field.variable || tlv.length > width) {
      const message = `${field.wireName} is not ${tlv.length} bytes long`;
      throw new WireError("wire/length", message, { offset: w.length, field: field.wireName });
    }
    width = tlv.length;
    w.u16(field.oxmClass);
    w.u8((field.fieldNumber << 1) | (mask === undefined ? 0 : 1));
    w.u8(mask === undefined ? width : width * 2, "oxm_length");
  }
  if (field.experimenter !== 0) w.u32(field.experimenter);
  writeValue(w, tlv.value, width, field.wireName, field.variable);
  if (mask !== undefined) writeValue(w, mask, width, field.wireName, field.variable);
}

const OFPMT_OXM = 1;
const MATCH_HEADER = 4;

/** struct ofp_match with its padding. */
export function decodeMatch(r: ByteReader): Match {
  const type = r.u16("match.type");
  if (type !== OFPMT_OXM) throw r.fail("wire/value", `match type ${type}, not OFPMT_OXM`, "match.type", r.offset - 2);
  const length = r.u16("match.length");
  if (length < MATCH_HEADER) throw r.fail("wire/length", `match length ${length}`, "match.length", r.offset - 2);
  const fields = r.sub(length - MATCH_HEADER, "match.length");
  const match: OxmTlv[] = [];
  while (fields.position < fields.end) match.push(decodeOxm(fields));
  r.skip((8 - (length & 7)) & 7, "match.pad");
  return match;
}

/** Gives the length without the padding, as it stands in the match. */
export function encodeMatch(w: ByteWriter, match: Match): number {
  const start = w.length;
  w.u16(OFPMT_OXM);
  w.u16(0);
  for (let i = 0; i < match.length; i++) encodeOxm(w, match[i] as OxmTlv);
  const length = w.length - start;
  w.patchU16(start + 2, length, "match.length");
  w.align(8, start);
  return length;
}

/** The header alone, as actions name fields. Undefined for what this library can't name: the caller keeps the bytes. */
export function decodeOxmHeader(r: ByteReader): OxmName | undefined {
  const oxmClass = r.u16("oxm_class");
  const numberAndMask = r.u8("oxm_field");
  const length = r.u8("oxm_length");
  const experimenter = oxmClass === OXM_CLASS.EXPERIMENTER ? r.u32("oxm experimenter") : 0;
  const field = oxmFieldByNumber(oxmClass, numberAndMask >>> 1, experimenter);
  if (field === undefined || (numberAndMask & 1) === 1) return undefined;
  return length === field.bytes + (experimenter === 0 ? 0 : 4) ? field.name : undefined;
}

export function encodeOxmHeader(w: ByteWriter, name: OxmName): void {
  const field = requireOxmField(name, w.length);
  w.u32(field.header);
  if (field.experimenter !== 0) w.u32(field.experimenter);
}
