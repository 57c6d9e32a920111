// OFPMP_GROUP_DESC and OFPMP_GROUP_FEATURES (OpenFlow 1.3.5, section 7.3.5.10-11).
import type { Bucket, GroupType } from "../bucket.ts";

export interface GroupDesc {
  readonly type: GroupType;
  readonly groupId: number;
  readonly buckets: readonly Bucket[];
}

/** The four-element lists are indexed by group type: all, select, indirect, fast failover. */
export interface GroupFeatures {
  /** Bits by OFPGT. */
  readonly types: number;
  /** OFPGFC bits. */
  readonly capabilities: number;
  readonly maxGroups: readonly [number, number, number, number];
  /** Bits by OFPAT. */
  readonly actions: readonly [number, number, number, number];
}
