// OFPMP_TABLE_FEATURES (OpenFlow 1.3.5, section 7.3.5.5).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { OXM_CLASS } from "../oxm-fields.ts";

/** An instruction or action by type alone; those of an experimenter with their id and whatever follows it. */
export interface FeatureId {
  readonly type: number;
  readonly experimenter?: number;
  readonly bytes?: Uint8Array;
}

/** A field by its OXM header; `length` is as the switch gave it. */
export interface OxmId {
  readonly oxmClass: number;
  readonly fieldNumber: number;
  readonly hasMask: boolean;
  readonly length: number;
  readonly experimenter?: number;
}

/** Properties with `miss` speak of the table-miss flow. */
export type TableFeatureProperty =
  | { readonly kind: "instructions"; readonly miss: boolean; readonly ids: readonly FeatureId[] }
  | { readonly kind: "next_tables"; readonly miss: boolean; readonly tableIds: readonly number[] }
  | { readonly kind: "write_actions" | "apply_actions"; readonly miss: boolean; readonly ids: readonly FeatureId[] }
  | { readonly kind: "match" | "wildcards"; readonly oxms: readonly OxmId[] }
  | { readonly kind: "write_setfield" | "apply_setfield"; readonly miss: boolean; readonly oxms: readonly OxmId[] }
  | {
      readonly kind: "experimenter";
      readonly miss: boolean;
      readonly experimenter: number;
      readonly expType: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "unknown"; readonly type: number; readonly bytes: Uint8Array };

export interface TableFeatures {
  readonly tableId: number;
  readonly name: string;
  readonly metadataMatch: bigint;
  readonly metadataWrite: bigint;
  readonly config: number;
  readonly maxEntries: number;
  readonly properties: readonly TableFeatureProperty[];
}

const OFPTFPT = {
  INSTRUCTIONS: 0,
  NEXT_TABLES: 2,
  WRITE_ACTIONS: 4,
  APPLY_ACTIONS: 6,
  MATCH: 8,
  WILDCARDS: 10,
  WRITE_SETFIELD: 12,
  APPLY_SETFIELD: 14,
  EXPERIMENTER: 0xfffe,
} as const;
const FEATURES_HEADER = 64;
const NAME_LENGTH = 32;
const EXPERIMENTER_TYPE = 0xffff;

function decodeIds(r: ByteReader): FeatureId[] {
  const ids: FeatureId[] = [];
  while (r.remaining > 0) {
    const type = r.u16("table_feature.id.type");
    const length = r.u16("table_feature.id.len");
    if (length < 4) throw r.fail("wire/length", `id length ${length}`, "table_feature.id.len", r.offset - 2);
    const body = r.sub(length - 4, "table_feature.id.len");
    if (body.remaining === 0) ids.push({ type });
    else if (type === EXPERIMENTER_TYPE) {
      const experimenter = body.u32("table_feature.id.experimenter");
      const rest = body.bytes(body.remaining, "table_feature.id.data");
      ids.push(rest.length === 0 ? { type, experimenter } : { type, experimenter, bytes: rest });
    } else ids.push({ type, bytes: body.bytes(body.remaining, "table_feature.id.data") });
  }
  return ids;
}

function encodeIds(w: ByteWriter, ids: readonly FeatureId[]): void {
  for (const id of ids) {
    const start = w.length;
    w.u16(id.type, "table_feature.id.type");
    w.u16(0);
    if (id.experimenter !== undefined) w.u32(id.experimenter, "table_feature.id.experimenter");
    if (id.bytes !== undefined) w.bytes(id.bytes);
    w.patchU16(start + 2, w.length - start, "table_feature.id.len");
  }
}

function decodeOxmIds(r: ByteReader): OxmId[] {
  const oxms: OxmId[] = [];
  while (r.remaining > 0) {
    const oxmClass = r.u16("oxm_class");
    const numberAndMask = r.u8("oxm_field");
    const id = {
      oxmClass,
      fieldNumber: numberAndMask >>> 1,
      hasMask: (numberAndMask & 1) === 1,
      length: r.u8("oxm_length"),
    };
    oxms.push(oxmClass === OXM_CLASS.EXPERIMENTER ? { ...id, experimenter: r.u32("oxm experimenter") } : id);
  }
  return oxms;
}

function encodeOxmIds(w: ByteWriter, oxms: readonly OxmId[]): void {
  for (const id of oxms) {
    w.u16(id.oxmClass, "oxm_class");
    w.u8((id.fieldNumber << 1) | (id.hasMask ? 1 : 0), "oxm_field");
    w.u8(id.length, "oxm_length");
    if (id.experimenter !== undefined) w.u32(id.experimenter, "oxm experimenter");
  }
}

function decodeProperty(r: ByteReader, type: number): TableFeatureProperty {
  const miss = (type & 1) === 1;
  switch (type & ~1) {
    case OFPTFPT.INSTRUCTIONS:
      return { kind: "instructions", miss, ids: decodeIds(r) };
    case OFPTFPT.NEXT_TABLES:
      return { kind: "next_tables", miss, tableIds: [...r.bytes(r.remaining, "next_table_ids")] };
    case OFPTFPT.WRITE_ACTIONS:
      return { kind: "write_actions", miss, ids: decodeIds(r) };
    case OFPTFPT.APPLY_ACTIONS:
      return { kind: "apply_actions", miss, ids: decodeIds(r) };
    case OFPTFPT.WRITE_SETFIELD:
      return { kind: "write_setfield", miss, oxms: decodeOxmIds(r) };
    case OFPTFPT.APPLY_SETFIELD:
      return { kind: "apply_setfield", miss, oxms: decodeOxmIds(r) };
    case OFPTFPT.EXPERIMENTER: {
      const experimenter = r.u32("table_feature.experimenter");
      const expType = r.u32("table_feature.exp_type");
      return { kind: "experimenter", miss, experimenter, expType, bytes: r.bytes(r.remaining, "table_feature.data") };
    }
  }
  if (type === OFPTFPT.MATCH) return { kind: "match", oxms: decodeOxmIds(r) };
  if (type === OFPTFPT.WILDCARDS) return { kind: "wildcards", oxms: decodeOxmIds(r) };
  return { kind: "unknown", type, bytes: r.bytes(r.remaining, "table_feature.data") };
}

function propertyType(property: TableFeatureProperty): number {
  switch (property.kind) {
    case "unknown":
      return property.type;
    case "match":
      return OFPTFPT.MATCH;
    case "wildcards":
      return OFPTFPT.WILDCARDS;
    default: {
      const kind = property.kind.toUpperCase() as Uppercase<typeof property.kind>;
      return OFPTFPT[kind] + (property.miss ? 1 : 0);
    }
  }
}

function encodeProperty(w: ByteWriter, property: TableFeatureProperty): void {
  const start = w.length;
  w.u16(propertyType(property), "table_feature.type");
  w.u16(0);
  switch (property.kind) {
    case "instructions":
    case "write_actions":
    case "apply_actions":
      encodeIds(w, property.ids);
      break;
    case "next_tables":
      for (const id of property.tableIds) w.u8(id, "next_table_ids");
      break;
    case "match":
    case "wildcards":
    case "write_setfield":
    case "apply_setfield":
      encodeOxmIds(w, property.oxms);
      break;
    case "experimenter":
      w.u32(property.experimenter, "table_feature.experimenter");
      w.u32(property.expType, "table_feature.exp_type");
      w.bytes(property.bytes);
      break;
    case "unknown":
      w.bytes(property.bytes);
  }
  w.patchU16(start + 2, w.length - start, "table_feature.length");
  w.align(8, start);
}

export function decodeTableFeaturesList(r: ByteReader): TableFeatures[] {
  const tables: TableFeatures[] = [];
  while (r.remaining > 0) {
    const length = r.u16("table_features.length");
    if (length < FEATURES_HEADER) {
      throw r.fail("wire/length", `entry length ${length}`, "table_features.length", r.offset - 2);
    }
    const body = r.sub(length - 2, "table_features.length");
    const tableId = body.u8("table_features.table_id");
    body.skip(5, "table_features.pad");
    const name = body.text(NAME_LENGTH, "table_features.name");
    const metadataMatch = body.u64("table_features.metadata_match");
    const metadataWrite = body.u64("table_features.metadata_write");
    const config = body.u32("table_features.config");
    const maxEntries = body.u32("table_features.max_entries");
    const properties: TableFeatureProperty[] = [];
    while (body.remaining > 0) {
      const type = body.u16("table_feature.type");
      const size = body.u16("table_feature.length");
      if (size < 4) throw body.fail("wire/length", `property length ${size}`, "table_feature.length", body.offset - 2);
      properties.push(decodeProperty(body.sub(size - 4, "table_feature.length"), type));
      body.skip((8 - (size & 7)) & 7, "table_feature.pad");
    }
    tables.push({ tableId, name, metadataMatch, metadataWrite, config, maxEntries, properties });
  }
  return tables;
}

export function encodeTableFeaturesList(w: ByteWriter, tables: readonly TableFeatures[]): void {
  for (const table of tables) {
    const start = w.length;
    w.u16(0);
    w.u8(table.tableId, "table_features.table_id");
    w.zeros(5);
    w.text(table.name, NAME_LENGTH, "table_features.name");
    w.u64(table.metadataMatch, "table_features.metadata_match");
    w.u64(table.metadataWrite, "table_features.metadata_write");
    w.u32(table.config, "table_features.config");
    w.u32(table.maxEntries, "table_features.max_entries");
    for (const property of table.properties) encodeProperty(w, property);
    w.patchU16(start, w.length - start, "table_features.length");
  }
}
