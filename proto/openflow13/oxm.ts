// Match fields as values.
import type { OxmName } from "./oxm-fields.ts";

/** A field this library knows. `number` up to 32 bits, `bigint` for wider ones (MAC addresses too). */
export interface OxmValue {
  readonly field: OxmName;
  readonly value: number | bigint;
  /** Present exactly when the TLV has a mask on the wire; a 1 bit is matched. */
  readonly mask?: number | bigint;
  /** Bytes of the value on the wire, for tunnel metadata that is shorter than its largest length. */
  readonly length?: number;
}

/** A field this library does not know, kept as it came. `bytes` is the payload after the header and experimenter id. */
export interface OxmUnknown {
  readonly field: "unknown";
  readonly oxmClass: number;
  readonly fieldNumber: number;
  readonly hasMask: boolean;
  readonly experimenter?: number;
  readonly bytes: Uint8Array;
}

export type OxmTlv = OxmValue | OxmUnknown;

/** The order is the wire's order and is kept. An empty list matches everything. */
export type Match = readonly OxmTlv[];
