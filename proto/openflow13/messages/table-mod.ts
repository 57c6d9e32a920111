// TABLE_MOD (OpenFlow 1.3.5, section 7.3.3).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface TableMod {
  readonly kind: "table_mod";
  readonly xid: number;
  readonly tableId: number;
  /** Deprecated bits, reserved in 1.3. */
  readonly config: number;
}

export function decodeTableMod(r: ByteReader, xid: number): TableMod {
  const tableId = r.u8("table_mod.table_id");
  r.skip(3, "table_mod.pad");
  return { kind: "table_mod", xid, tableId, config: r.u32("table_mod.config") };
}

export function encodeTableMod(w: ByteWriter, m: TableMod): void {
  w.u8(m.tableId, "table_mod.table_id");
  w.zeros(3);
  w.u32(m.config, "table_mod.config");
}
