// OFPMP_TABLE (OpenFlow 1.3.5, section 7.3.5.4).

export interface TableStats {
  readonly tableId: number;
  readonly activeCount: number;
  readonly lookupCount: bigint;
  readonly matchedCount: bigint;
}
