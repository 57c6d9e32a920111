// Instructions (OpenFlow 1.3.5, section 7.2.4).
import { WireError } from "../bytes/errors.ts";
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";
import { decodeActions, encodeActions } from "./action.ts";
import type { Action } from "./action-types.ts";

export type Instruction =
  | { readonly kind: "goto_table"; readonly tableId: number }
  | { readonly kind: "write_metadata"; readonly metadata: bigint; readonly mask: bigint }
  | { readonly kind: "write_actions"; readonly actions: readonly Action[] }
  | { readonly kind: "apply_actions"; readonly actions: readonly Action[] }
  | { readonly kind: "clear_actions" }
  | { readonly kind: "meter"; readonly meterId: number }
  | { readonly kind: "experimenter"; readonly experimenter: number; readonly bytes: Uint8Array };

export const OFPIT = {
  GOTO_TABLE: 1,
  WRITE_METADATA: 2,
  WRITE_ACTIONS: 3,
  APPLY_ACTIONS: 4,
  CLEAR_ACTIONS: 5,
  METER: 6,
  EXPERIMENTER: 0xffff,
} as const;

function expectLength(r: ByteReader, length: number, wanted: number): void {
  if (length !== wanted) {
    throw r.fail("wire/length", `${wanted} bytes, not ${length}`, "instruction.len", r.offset - 2);
  }
}

function decodeInstruction(r: ByteReader): Instruction {
  const type = r.u16("instruction.type");
  const length = r.u16("instruction.len");
  if (length < 8 || (length & 7) !== 0 || length - 4 > r.remaining) {
    const message = `instruction length ${length} with ${r.remaining + 4} bytes left`;
    throw r.fail("wire/length", message, "instruction.len", r.offset - 2);
  }
  switch (type) {
    case OFPIT.GOTO_TABLE: {
      expectLength(r, length, 8);
      const tableId = r.u8("goto_table.table_id");
      r.skip(3, "goto_table.pad");
      return { kind: "goto_table", tableId };
    }
    case OFPIT.WRITE_METADATA: {
      expectLength(r, length, 24);
      r.skip(4, "write_metadata.pad");
      const metadata = r.u64("write_metadata.metadata");
      return { kind: "write_metadata", metadata, mask: r.u64("write_metadata.metadata_mask") };
    }
    case OFPIT.WRITE_ACTIONS:
    case OFPIT.APPLY_ACTIONS: {
      r.skip(4, "instruction.pad");
      const actions = decodeActions(r.sub(length - 8, "instruction.actions"));
      return { kind: type === OFPIT.WRITE_ACTIONS ? "write_actions" : "apply_actions", actions };
    }
    case OFPIT.CLEAR_ACTIONS:
      expectLength(r, length, 8);
      r.skip(4, "clear_actions.pad");
      return { kind: "clear_actions" };
    case OFPIT.METER:
      expectLength(r, length, 8);
      return { kind: "meter", meterId: r.u32("meter.meter_id") };
    case OFPIT.EXPERIMENTER: {
      const experimenter = r.u32("instruction.experimenter");
      return { kind: "experimenter", experimenter, bytes: r.bytes(length - 8, "instruction.body") };
    }
    default:
      throw r.fail("wire/value", `unknown instruction type ${type}`, "instruction.type", r.offset - 4);
  }
}

/** All instructions up to the reader's end. */
export function decodeInstructions(r: ByteReader): Instruction[] {
  const instructions: Instruction[] = [];
  while (r.position < r.end) instructions.push(decodeInstruction(r));
  return instructions;
}

function encodeInstruction(w: ByteWriter, instruction: Instruction): void {
  switch (instruction.kind) {
    case "goto_table":
      w.u16(OFPIT.GOTO_TABLE);
      w.u16(8);
      w.u8(instruction.tableId, "goto_table.table_id");
      w.zeros(3);
      return;
    case "write_metadata":
      w.u16(OFPIT.WRITE_METADATA);
      w.u16(24);
      w.u32(0);
      w.u64(instruction.metadata, "write_metadata.metadata");
      w.u64(instruction.mask, "write_metadata.metadata_mask");
      return;
    case "write_actions":
    case "apply_actions": {
      const start = w.length;
      w.u16(instruction.kind === "write_actions" ? OFPIT.WRITE_ACTIONS : OFPIT.APPLY_ACTIONS);
      w.u16(0);
      w.u32(0);
      encodeActions(w, instruction.actions);
      w.patchU16(start + 2, w.length - start, "instruction.len");
      return;
    }
    case "clear_actions":
      w.u16(OFPIT.CLEAR_ACTIONS);
      w.u16(8);
      w.u32(0);
      return;
    case "meter":
      w.u16(OFPIT.METER);
      w.u16(8);
      w.u32(instruction.meterId, "meter.meter_id");
      return;
    case "experimenter":
      if (instruction.bytes.length % 8 !== 0) {
        const message = `an instruction of ${instruction.bytes.length + 8} bytes is not a multiple of 8`;
        throw new WireError("wire/length", message, { offset: w.length, field: "instruction.len" });
      }
      w.u16(OFPIT.EXPERIMENTER);
      w.u16(instruction.bytes.length + 8, "instruction.len");
      w.u32(instruction.experimenter, "instruction.experimenter");
      w.bytes(instruction.bytes);
  }
}

export function encodeInstructions(w: ByteWriter, instructions: readonly Instruction[]): void {
  for (let i = 0; i < instructions.length; i++) encodeInstruction(w, instructions[i] as Instruction);
}
