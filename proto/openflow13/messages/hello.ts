// HELLO (OpenFlow 1.3.5, section 7.5.1) and its version bitmap.

export type HelloElement =
  /** Bit n of the first word is version n, of the second n + 32, and so on. */
  | { readonly kind: "version_bitmap"; readonly bitmaps: readonly number[] }
  | { readonly kind: "unknown"; readonly type: number; readonly bytes: Uint8Array };

export interface Hello {
  readonly kind: "hello";
  readonly xid: number;
  /** The header's version: the highest that the sender speaks. */
  readonly version: number;
  readonly elements: readonly HelloElement[];
}
