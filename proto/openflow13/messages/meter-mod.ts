// METER_MOD (OpenFlow 1.3.5, section 7.3.4.4).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeMeterBands, encodeMeterBands, type MeterBand } from "../meter-band.ts";

export interface MeterMod {
  readonly kind: "meter_mod";
  readonly xid: number;
  readonly command: "add" | "modify" | "delete";
  /** OFPMF bits. */
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}

const COMMANDS = ["add", "modify", "delete"] as const;

export function decodeMeterMod(r: ByteReader, xid: number): MeterMod {
  const command = COMMANDS[r.u16("meter_mod.command")];
  if (command === undefined) throw r.fail("wire/value", "unknown command", "meter_mod.command", r.offset - 2);
  const flags = r.u16("meter_mod.flags");
  const meterId = r.u32("meter_mod.meter_id");
  return { kind: "meter_mod", xid, command, flags, meterId, bands: decodeMeterBands(r) };
}

export function encodeMeterMod(w: ByteWriter, m: MeterMod): void {
  w.u16(COMMANDS.indexOf(m.command), "meter_mod.command");
  w.u16(m.flags, "meter_mod.flags");
  w.u32(m.meterId, "meter_mod.meter_id");
  encodeMeterBands(w, m.bands);
}
