// OFPMP_GROUP_DESC and OFPMP_GROUP_FEATURES (OpenFlow 1.3.5, section 7.3.5.10-11).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import {
  type Bucket,
  decodeBuckets,
  decodeGroupType,
  encodeBuckets,
  encodeGroupType,
  type GroupType,
} from "../bucket.ts";

export interface GroupDesc {
  readonly type: GroupType;
  readonly groupId: number;
  readonly buckets: readonly Bucket[];
}

type PerType = readonly [all: number, select: number, indirect: number, ff: number];

export interface GroupFeatures {
  /** Bits by OFPGT. */
  readonly types: number;
  /** OFPGFC bits. */
  readonly capabilities: number;
  readonly maxGroups: PerType;
  /** Bits by OFPAT. */
  readonly actions: PerType;
}

const DESC_HEADER = 8;

export function decodeGroupDescList(r: ByteReader): GroupDesc[] {
  const groups: GroupDesc[] = [];
  while (r.remaining > 0) {
    const length = r.u16("group_desc.length");
    if (length < DESC_HEADER) throw r.fail("wire/length", `entry length ${length}`, "group_desc.length", r.offset - 2);
    const body = r.sub(length - 2, "group_desc.length");
    const type = decodeGroupType(body, "group_desc.type");
    body.skip(1, "group_desc.pad");
    const groupId = body.u32("group_desc.group_id");
    groups.push({ type, groupId, buckets: decodeBuckets(body) });
  }
  return groups;
}

export function encodeGroupDescList(w: ByteWriter, groups: readonly GroupDesc[]): void {
  for (const group of groups) {
    const start = w.length;
    w.u16(0);
    encodeGroupType(w, group.type);
    w.u8(0);
    w.u32(group.groupId, "group_desc.group_id");
    encodeBuckets(w, group.buckets);
    w.patchU16(start, w.length - start, "group_desc.length");
  }
}

function readPerType(r: ByteReader, field: string): PerType {
  return [r.u32(field), r.u32(field), r.u32(field), r.u32(field)];
}

export function decodeGroupFeatures(r: ByteReader): GroupFeatures {
  return {
    types: r.u32("group_features.types"),
    capabilities: r.u32("group_features.capabilities"),
    maxGroups: readPerType(r, "group_features.max_groups"),
    actions: readPerType(r, "group_features.actions"),
  };
}

export function encodeGroupFeatures(w: ByteWriter, features: GroupFeatures): void {
  w.u32(features.types, "group_features.types");
  w.u32(features.capabilities, "group_features.capabilities");
  for (const max of features.maxGroups) w.u32(max, "group_features.max_groups");
  for (const bits of features.actions) w.u32(bits, "group_features.actions");
}
