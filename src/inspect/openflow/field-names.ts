// The specification's field names beside those of the model: idle_timeout for idleTimeoutSec, ethertype for etherType.

/** Names that are not just the model's name with underscores. */
const RENAMED: readonly (readonly [model: string, wire: string])[] = [
  ["idleTimeoutSec", "idle_timeout"],
  ["hardTimeoutSec", "hard_timeout"],
  ["finIdleTimeoutSec", "fin_idle_timeout"],
  ["finHardTimeoutSec", "fin_hard_timeout"],
  ["currSpeedKbps", "curr_speed"],
  ["maxSpeedKbps", "max_speed"],
  ["etherType", "ethertype"],
  ["hasMask", "oxm_hasmask"],
  ["fieldNumber", "oxm_field"],
  ["mfr", "mfr_desc"],
  ["hw", "hw_desc"],
  ["sw", "sw_desc"],
  ["serial", "serial_num"],
  ["dp", "dp_desc"],
  ["rxFrameErrors", "rx_frame_err"],
  ["rxOverErrors", "rx_over_err"],
  ["rxCrcErrors", "rx_crc_err"],
];
const WIRE = new Map(RENAMED);
const MODEL = new Map(RENAMED.map(([model, wire]) => [wire, model]));

/** Where a name depends on what it is a part of. */
const METADATA_MASK = { kind: "write_metadata", model: "mask", wire: "metadata_mask" } as const;

const NAME = /^[a-z][a-z0-9_]*$/;

export function wireName(model: string, kind: unknown): string {
  if (kind === METADATA_MASK.kind && model === METADATA_MASK.model) return METADATA_MASK.wire;
  return WIRE.get(model) ?? model.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Undefined for what can be no member's name. */
export function modelName(wire: string, kind: unknown): string | undefined {
  if (!NAME.test(wire)) return undefined;
  if (kind === METADATA_MASK.kind && wire === METADATA_MASK.wire) return METADATA_MASK.model;
  return MODEL.get(wire) ?? wire.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
