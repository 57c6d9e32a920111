// GROUP_MOD (OpenFlow 1.3.5, section 7.3.4.2).
import type { Bucket, GroupType } from "../bucket.ts";

export interface GroupMod {
  readonly kind: "group_mod";
  readonly xid: number;
  readonly command: "add" | "modify" | "delete";
  readonly type: GroupType;
  readonly groupId: number;
  readonly buckets: readonly Bucket[];
}
