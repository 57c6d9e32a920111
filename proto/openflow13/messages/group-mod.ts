// GROUP_MOD (OpenFlow 1.3.5, section 7.3.4.2).
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

export interface GroupMod {
  readonly kind: "group_mod";
  readonly xid: number;
  readonly command: "add" | "modify" | "delete";
  readonly type: GroupType;
  readonly groupId: number;
  readonly buckets: readonly Bucket[];
}

const COMMANDS = ["add", "modify", "delete"] as const;

export function decodeGroupMod(r: ByteReader, xid: number): GroupMod {
  const command = COMMANDS[r.u16("group_mod.command")];
  if (command === undefined) throw r.fail("wire/value", "unknown command", "group_mod.command", r.offset - 2);
  const type = decodeGroupType(r, "group_mod.type");
  r.skip(1, "group_mod.pad");
  const groupId = r.u32("group_mod.group_id");
  return { kind: "group_mod", xid, command, type, groupId, buckets: decodeBuckets(r) };
}

export function encodeGroupMod(w: ByteWriter, m: GroupMod): void {
  w.u16(COMMANDS.indexOf(m.command), "group_mod.command");
  encodeGroupType(w, m.type);
  w.u8(0);
  w.u32(m.groupId, "group_mod.group_id");
  encodeBuckets(w, m.buckets);
}
