// FEATURES_REPLY (OpenFlow 1.3.5, section 7.3.1).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface FeaturesReply {
  readonly kind: "features_reply";
  readonly xid: number;
  readonly datapathId: bigint;
  readonly nBuffers: number;
  readonly nTables: number;
  readonly auxiliaryId: number;
  /** OFPC bits. */
  readonly capabilities: number;
  readonly reserved: number;
}

export function decodeFeaturesReply(r: ByteReader, xid: number): FeaturesReply {
  const datapathId = r.u64("features.datapath_id");
  const nBuffers = r.u32("features.n_buffers");
  const nTables = r.u8("features.n_tables");
  const auxiliaryId = r.u8("features.auxiliary_id");
  r.skip(2, "features.pad");
  const capabilities = r.u32("features.capabilities");
  const reserved = r.u32("features.reserved");
  return { kind: "features_reply", xid, datapathId, nBuffers, nTables, auxiliaryId, capabilities, reserved };
}

export function encodeFeaturesReply(w: ByteWriter, m: FeaturesReply): void {
  w.u64(m.datapathId, "features.datapath_id");
  w.u32(m.nBuffers, "features.n_buffers");
  w.u8(m.nTables, "features.n_tables");
  w.u8(m.auxiliaryId, "features.auxiliary_id");
  w.zeros(2);
  w.u32(m.capabilities, "features.capabilities");
  w.u32(m.reserved, "features.reserved");
}
