// PORT_STATUS (OpenFlow 1.3.5, section 7.4.3).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodePortDesc, encodePortDesc, type PortDesc } from "../port-desc.ts";

export interface PortStatus {
  readonly kind: "port_status";
  readonly xid: number;
  readonly reason: "add" | "delete" | "modify";
  readonly port: PortDesc;
}

const REASONS = ["add", "delete", "modify"] as const;

export function decodePortStatus(r: ByteReader, xid: number): PortStatus {
  const reason = REASONS[r.u8("port_status.reason")];
  if (reason === undefined) throw r.fail("wire/value", "unknown reason", "port_status.reason", r.offset - 1);
  r.skip(7, "port_status.pad");
  return { kind: "port_status", xid, reason, port: decodePortDesc(r) };
}

export function encodePortStatus(w: ByteWriter, m: PortStatus): void {
  w.u8(REASONS.indexOf(m.reason), "port_status.reason");
  w.zeros(7);
  encodePortDesc(w, m.port);
}
