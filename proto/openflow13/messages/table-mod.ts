// TABLE_MOD (OpenFlow 1.3.5, section 7.3.3).

export interface TableMod {
  readonly kind: "table_mod";
  readonly xid: number;
  readonly tableId: number;
  /** Deprecated bits, reserved in 1.3. */
  readonly config: number;
}
