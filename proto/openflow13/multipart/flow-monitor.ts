// The ONF's flow monitor (extension 187, experimenter multipart 1870) as Open vSwitch has it: a controller hears of every
// change to the flows that it asked for. The layouts are those of nicira-ext.h with OpenFlow 1.3's ports, matches and instructions.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeInstructions, encodeInstructions, type Instruction } from "../instruction.ts";
import { decodeMatch, encodeMatch, type Match } from "../oxm.ts";

export const ONFMP_FLOW_MONITOR = 1870;

/** ONFFMF: what to tell of. INITIAL asks for the flows that are there already, OWN for one's own changes in full. */
export const ONFFMF = { INITIAL: 1, ADD: 2, DELETE: 4, MODIFY: 8, ACTIONS: 16, OWN: 32 } as const;

export interface FlowMonitor {
  readonly monitorId: number;
  /** ONFFMF bits. */
  readonly flags: number;
  /** Only flows that output there; OFPP.ANY for all. */
  readonly outPort: number;
  readonly tableId: number;
  readonly match: Match;
}

/** A whole entry, as it is now or, for a deleted one, was. */
export interface FlowUpdateFull {
  readonly kind: "added" | "deleted" | "modified";
  /** OFPRR, why it was deleted; 0 for the others. */
  readonly reason: number;
  readonly priority: number;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly match: Match;
  /** Empty without ONFFMF.ACTIONS. */
  readonly instructions: readonly Instruction[];
}

/** In place of all that the controller's own request `xid` changed, without ONFFMF.OWN. */
export interface FlowUpdateAbbreviated {
  readonly kind: "abbreviated";
  readonly xid: number;
}

export type FlowUpdate = FlowUpdateFull | FlowUpdateAbbreviated;

const EVENTS = ["added", "deleted", "modified"] as const;
const ABBREVIATED = 3;
const ABBREVIATED_LENGTH = 8;
const FULL_HEADER = 24;
const MATCH_HEADER = 4;

/** True if what follows is a whole ofp_match that says it is `length` bytes long; the reader stays where it is. */
function matchFollows(r: ByteReader, length: number): boolean {
  if (length < MATCH_HEADER || r.remaining < MATCH_HEADER) return false;
  const at = r.position;
  const type = r.u16("match.type");
  const told = r.u16("match.length");
  r.position = at;
  return type === 1 && told === length;
}

/** Undefined where a match comes without its header, as some write it: then the bytes are kept. */
export function decodeFlowMonitors(r: ByteReader): FlowMonitor[] | undefined {
  const monitors: FlowMonitor[] = [];
  while (r.remaining > 0) {
    const monitorId = r.u32("flow_monitor.id");
    const flags = r.u16("flow_monitor.flags");
    const matchLength = r.u16("flow_monitor.match_len");
    const outPort = r.u32("flow_monitor.out_port");
    const tableId = r.u8("flow_monitor.table_id");
    r.skip(3, "flow_monitor.zeros");
    if (!matchFollows(r, matchLength)) return undefined;
    monitors.push({ monitorId, flags, outPort, tableId, match: decodeMatch(r) });
  }
  return monitors;
}

export function encodeFlowMonitors(w: ByteWriter, monitors: readonly FlowMonitor[]): void {
  for (const monitor of monitors) {
    w.u32(monitor.monitorId, "flow_monitor.id");
    w.u16(monitor.flags, "flow_monitor.flags");
    const lengthAt = w.length;
    w.u16(0);
    w.u32(monitor.outPort, "flow_monitor.out_port");
    w.u8(monitor.tableId, "flow_monitor.table_id");
    w.zeros(3);
    encodeMatchAfter(w, lengthAt, monitor.match);
  }
}

/** The length that stands before a match is that of the match without its padding. */
function encodeMatchAfter(w: ByteWriter, lengthAt: number, match: Match): void {
  w.patchU16(lengthAt, encodeMatch(w, match), "match_len");
}

/** Undefined for a match without its header: then the bytes are kept. */
export function decodeFlowUpdates(r: ByteReader): FlowUpdate[] | undefined {
  const updates: FlowUpdate[] = [];
  while (r.remaining > 0) {
    const length = r.u16("flow_update.length");
    const event = r.u16("flow_update.event");
    const kind = EVENTS[event];
    if (kind === undefined && event !== ABBREVIATED) {
      throw r.fail("wire/value", `unknown event ${event}`, "flow_update.event", r.offset - 2);
    }
    const fits = kind === undefined ? length === ABBREVIATED_LENGTH : length >= FULL_HEADER && (length & 7) === 0;
    if (!fits || length - 4 > r.remaining) {
      const message = `update length ${length} with ${r.remaining + 4} bytes left`;
      throw r.fail("wire/length", message, "flow_update.length", r.offset - 4);
    }
    const body = r.sub(length - 4, "flow_update.length");
    const update =
      kind === undefined ? { kind: "abbreviated" as const, xid: body.u32("flow_update.xid") } : decodeFull(body, kind);
    if (update === undefined) return undefined;
    updates.push(update);
  }
  return updates;
}

function decodeFull(r: ByteReader, kind: FlowUpdateFull["kind"]): FlowUpdateFull | undefined {
  const reason = r.u16("flow_update.reason");
  const priority = r.u16("flow_update.priority");
  const idleTimeoutSec = r.u16("flow_update.idle_timeout");
  const hardTimeoutSec = r.u16("flow_update.hard_timeout");
  const matchLength = r.u16("flow_update.match_len");
  const tableId = r.u8("flow_update.table_id");
  r.skip(1, "flow_update.pad");
  const cookie = r.u64("flow_update.cookie");
  if (!matchFollows(r, matchLength)) return undefined;
  const match = decodeMatch(r);
  const instructions = decodeInstructions(r);
  return { kind, reason, priority, idleTimeoutSec, hardTimeoutSec, tableId, cookie, match, instructions };
}

export function encodeFlowUpdates(w: ByteWriter, updates: readonly FlowUpdate[]): void {
  for (const update of updates) {
    if (update.kind === "abbreviated") {
      w.u16(ABBREVIATED_LENGTH);
      w.u16(ABBREVIATED);
      w.u32(update.xid, "flow_update.xid");
      continue;
    }
    const start = w.length;
    w.u16(0);
    w.u16(EVENTS.indexOf(update.kind), "flow_update.event");
    w.u16(update.reason, "flow_update.reason");
    w.u16(update.priority, "flow_update.priority");
    w.u16(update.idleTimeoutSec, "flow_update.idle_timeout");
    w.u16(update.hardTimeoutSec, "flow_update.hard_timeout");
    const lengthAt = w.length;
    w.u16(0);
    w.u8(update.tableId, "flow_update.table_id");
    w.u8(0);
    w.u64(update.cookie, "flow_update.cookie");
    encodeMatchAfter(w, lengthAt, update.match);
    encodeInstructions(w, update.instructions);
    w.patchU16(start, w.length - start, "flow_update.length");
  }
}
