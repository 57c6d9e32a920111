// Group buckets (OpenFlow 1.3.5, section 7.3.4.2), the same in group-mods and in group descriptions.
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";
import { decodeActions, encodeActions } from "./action.ts";
import type { Action } from "./action-types.ts";
import { OFPGT } from "./constants.ts";

export interface Bucket {
  /** Share among the buckets of a select group; 0 elsewhere. */
  readonly weight: number;
  /** The port whose liveness decides (fast failover); OFPP.ANY for none. */
  readonly watchPort: number;
  /** The group whose liveness decides; OFPG.ANY for none. */
  readonly watchGroup: number;
  readonly actions: readonly Action[];
}

export type GroupType = "all" | "select" | "indirect" | "ff";

const GROUP_TYPES = ["all", "select", "indirect", "ff"] as const;
const GROUP_TYPE_NUMBERS: Readonly<Record<GroupType, number>> = {
  all: OFPGT.ALL,
  select: OFPGT.SELECT,
  indirect: OFPGT.INDIRECT,
  ff: OFPGT.FF,
};
const BUCKET_HEADER = 16;

export function decodeGroupType(r: ByteReader, field: string): GroupType {
  const type = GROUP_TYPES[r.u8(field)];
  if (type === undefined) throw r.fail("wire/value", "unknown group type", field, r.offset - 1);
  return type;
}

export function encodeGroupType(w: ByteWriter, type: GroupType): void {
  w.u8(GROUP_TYPE_NUMBERS[type], "group.type");
}

/** All buckets up to the reader's end. */
export function decodeBuckets(r: ByteReader): Bucket[] {
  const buckets: Bucket[] = [];
  while (r.remaining > 0) {
    const length = r.u16("bucket.len");
    if (length < BUCKET_HEADER || (length & 7) !== 0 || length - 2 > r.remaining) {
      const message = `bucket length ${length} with ${r.remaining + 2} bytes left`;
      throw r.fail("wire/length", message, "bucket.len", r.offset - 2);
    }
    const weight = r.u16("bucket.weight");
    const watchPort = r.u32("bucket.watch_port");
    const watchGroup = r.u32("bucket.watch_group");
    r.skip(4, "bucket.pad");
    const actions = decodeActions(r.sub(length - BUCKET_HEADER, "bucket.actions"));
    buckets.push({ weight, watchPort, watchGroup, actions });
  }
  return buckets;
}

export function encodeBuckets(w: ByteWriter, buckets: readonly Bucket[]): void {
  for (const bucket of buckets) {
    const start = w.length;
    w.u16(0);
    w.u16(bucket.weight, "bucket.weight");
    w.u32(bucket.watchPort, "bucket.watch_port");
    w.u32(bucket.watchGroup, "bucket.watch_group");
    w.u32(0);
    encodeActions(w, bucket.actions);
    w.patchU16(start, w.length - start, "bucket.len");
  }
}
