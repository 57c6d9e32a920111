// ROLE_REQUEST and ROLE_REPLY (OpenFlow 1.3.5, section 7.3.9).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export type ControllerRole = "nochange" | "equal" | "master" | "slave";

export interface RoleMessage {
  readonly kind: "role_request" | "role_reply";
  readonly xid: number;
  readonly role: ControllerRole;
  readonly generationId: bigint;
}

const ROLES = ["nochange", "equal", "master", "slave"] as const;

export function decodeRole(r: ByteReader, xid: number, kind: RoleMessage["kind"]): RoleMessage {
  const role = ROLES[r.u32("role.role")];
  if (role === undefined) throw r.fail("wire/value", "unknown role", "role.role", r.offset - 4);
  r.skip(4, "role.pad");
  return { kind, xid, role, generationId: r.u64("role.generation_id") };
}

export function encodeRole(w: ByteWriter, m: RoleMessage): void {
  w.u32(ROLES.indexOf(m.role), "role.role");
  w.zeros(4);
  w.u64(m.generationId, "role.generation_id");
}
