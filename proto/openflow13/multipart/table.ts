// OFPMP_TABLE (OpenFlow 1.3.5, section 7.3.5.4).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface TableStats {
  readonly tableId: number;
  readonly activeCount: number;
  readonly lookupCount: bigint;
  readonly matchedCount: bigint;
}

export function decodeTableStatsList(r: ByteReader): TableStats[] {
  const tables: TableStats[] = [];
  while (r.remaining > 0) {
    const tableId = r.u8("table_stats.table_id");
    r.skip(3, "table_stats.pad");
    tables.push({
      tableId,
      activeCount: r.u32("table_stats.active_count"),
      lookupCount: r.u64("table_stats.lookup_count"),
      matchedCount: r.u64("table_stats.matched_count"),
    });
  }
  return tables;
}

export function encodeTableStatsList(w: ByteWriter, tables: readonly TableStats[]): void {
  for (const table of tables) {
    w.u8(table.tableId, "table_stats.table_id");
    w.zeros(3);
    w.u32(table.activeCount, "table_stats.active_count");
    w.u64(table.lookupCount, "table_stats.lookup_count");
    w.u64(table.matchedCount, "table_stats.matched_count");
  }
}
