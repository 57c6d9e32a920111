// FLOW_MOD (OpenFlow 1.3.5, section 7.3.4.1).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { OFPFC } from "../constants.ts";
import { decodeInstructions, encodeInstructions, type Instruction } from "../instruction.ts";
import { decodeMatch, encodeMatch, type Match } from "../oxm.ts";

export type FlowModCommand = "add" | "modify" | "modify_strict" | "delete" | "delete_strict";

export interface FlowMod {
  readonly kind: "flow_mod";
  readonly xid: number;
  readonly cookie: bigint;
  /** Restricts modify and delete to flows with these cookie bits; 0 for none. */
  readonly cookieMask: bigint;
  readonly tableId: number;
  readonly command: FlowModCommand;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly priority: number;
  readonly bufferId: number;
  /** Restricts delete to flows that output there; OFPP.ANY for none. */
  readonly outPort: number;
  readonly outGroup: number;
  /** OFPFF bits. */
  readonly flags: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
}

const COMMANDS = ["add", "modify", "modify_strict", "delete", "delete_strict"] as const;
const COMMAND_NUMBERS: Readonly<Record<FlowModCommand, number>> = {
  add: OFPFC.ADD,
  modify: OFPFC.MODIFY,
  modify_strict: OFPFC.MODIFY_STRICT,
  delete: OFPFC.DELETE,
  delete_strict: OFPFC.DELETE_STRICT,
};

export function decodeFlowMod(r: ByteReader, xid: number): FlowMod {
  const cookie = r.u64("flow_mod.cookie");
  const cookieMask = r.u64("flow_mod.cookie_mask");
  const tableId = r.u8("flow_mod.table_id");
  const command = COMMANDS[r.u8("flow_mod.command")];
  if (command === undefined) throw r.fail("wire/value", "unknown command", "flow_mod.command", r.offset - 1);
  const idleTimeoutSec = r.u16("flow_mod.idle_timeout");
  const hardTimeoutSec = r.u16("flow_mod.hard_timeout");
  const priority = r.u16("flow_mod.priority");
  const bufferId = r.u32("flow_mod.buffer_id");
  const outPort = r.u32("flow_mod.out_port");
  const outGroup = r.u32("flow_mod.out_group");
  const flags = r.u16("flow_mod.flags");
  r.skip(2, "flow_mod.pad");
  const match = decodeMatch(r);
  const instructions = decodeInstructions(r);
  return {
    kind: "flow_mod",
    xid,
    cookie,
    cookieMask,
    tableId,
    command,
    idleTimeoutSec,
    hardTimeoutSec,
    priority,
    bufferId,
    outPort,
    outGroup,
    flags,
    match,
    instructions,
  };
}

export function encodeFlowMod(w: ByteWriter, m: FlowMod): void {
  w.u64(m.cookie, "flow_mod.cookie");
  w.u64(m.cookieMask, "flow_mod.cookie_mask");
  w.u8(m.tableId, "flow_mod.table_id");
  w.u8(COMMAND_NUMBERS[m.command], "flow_mod.command");
  w.u16(m.idleTimeoutSec, "flow_mod.idle_timeout");
  w.u16(m.hardTimeoutSec, "flow_mod.hard_timeout");
  w.u16(m.priority, "flow_mod.priority");
  w.u32(m.bufferId, "flow_mod.buffer_id");
  w.u32(m.outPort, "flow_mod.out_port");
  w.u32(m.outGroup, "flow_mod.out_group");
  w.u16(m.flags, "flow_mod.flags");
  w.u16(0);
  encodeMatch(w, m.match);
  encodeInstructions(w, m.instructions);
}
