// Open vSwitch's (Nicira) actions on the wire: the fixed ones here, those with properties or nested lists beside it.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import type { Action, NiciraAction, NxSample } from "../action-types.ts";
import { encodeOxm } from "../oxm.ts";
import { endsInPadding, expectBody } from "./body.ts";
import { decodeController2, encodeController2 } from "./controller2.ts";
import { decodeCt, encodeCt } from "./ct.ts";
import { decodeLearn, encodeLearn } from "./learn.ts";
import { decodeNat, encodeNat } from "./nat.ts";
import { decodeBundle, decodeMultipath, encodeBundle, encodeMultipath } from "./paths.ts";
import {
  decodeCheckPktLarger,
  decodeDeleteField,
  decodeOutputReg,
  decodeRegLoad,
  decodeRegLoad2,
  decodeRegMove,
  decodeStack,
  encodeCheckPktLarger,
  encodeDeleteField,
  encodeOutputReg,
  encodeRegLoad,
  encodeRegMove,
  encodeStack,
} from "./registers.ts";

/** Subtypes (lib/ofp-actions.c of Open vSwitch 3.1). */
export const NXAST = {
  RESUBMIT: 1,
  SET_TUNNEL: 2,
  SET_QUEUE: 4,
  POP_QUEUE: 5,
  REG_MOVE: 6,
  REG_LOAD: 7,
  NOTE: 8,
  SET_TUNNEL64: 9,
  MULTIPATH: 10,
  BUNDLE: 12,
  BUNDLE_LOAD: 13,
  RESUBMIT_TABLE: 14,
  OUTPUT_REG: 15,
  LEARN: 16,
  EXIT: 17,
  DEC_TTL: 18,
  FIN_TIMEOUT: 19,
  CONTROLLER: 20,
  DEC_TTL_CNT_IDS: 21,
  STACK_PUSH: 27,
  STACK_POP: 28,
  SAMPLE: 29,
  REG_LOAD2: 33,
  CONJUNCTION: 34,
  CT: 35,
  NAT: 36,
  CONTROLLER2: 37,
  SAMPLE2: 38,
  OUTPUT_TRUNC: 39,
  SAMPLE3: 41,
  CLONE: 42,
  CT_CLEAR: 43,
  RESUBMIT_TABLE_CT: 44,
  LEARN2: 45,
  CHECK_PKT_LARGER: 49,
  DELETE_FIELD: 50,
} as const;

function empty(r: ByteReader, name: string): void {
  expectBody(r, 6, name);
  r.skip(6, "action.pad");
}

function rest(r: ByteReader): Uint8Array {
  return r.bytes(r.remaining, "action.body");
}

function decodeCntIds(r: ByteReader): NiciraAction | undefined {
  if (r.remaining < 6) throw r.fail("wire/length", "dec_ttl_cnt_ids is too short", "action.len");
  const count = r.u16("dec_ttl.n_controllers");
  r.skip(4, "action.pad");
  if (count * 2 > r.remaining)
    throw r.fail("wire/length", `${count} controller ids announced`, "dec_ttl.n_controllers");
  const ids: number[] = [];
  for (let i = 0; i < count; i++) ids.push(r.u16("dec_ttl.cnt_id"));
  return endsInPadding(r) ? { kind: "nx_dec_ttl_cnt_ids", ids } : undefined;
}

function decodeResubmitTable(
  r: ByteReader,
  kind: "nx_resubmit_table" | "nx_resubmit_table_ct",
): NiciraAction | undefined {
  expectBody(r, 6, kind);
  const inPort = r.u16("resubmit.in_port");
  const table = r.u8("resubmit.table");
  r.skip(3, "action.pad");
  return { kind, inPort, table };
}

function decodeSample(r: ByteReader, kind: NxSample["kind"]): NiciraAction {
  expectBody(r, kind === "nx_sample" ? 14 : 22, "sample");
  const probability = r.u16("sample.probability");
  const collectorSetId = r.u32("sample.collector_set_id");
  const obsDomainId = r.u32("sample.obs_domain_id");
  const obsPointId = r.u32("sample.obs_point_id");
  const common = { probability, collectorSetId, obsDomainId, obsPointId };
  if (kind === "nx_sample") return { kind, ...common };
  const samplingPort = r.u16("sample.sampling_port");
  const direction = r.u8("sample.direction");
  r.skip(5, "sample.pad");
  return { kind, ...common, samplingPort, direction };
}

function encodeSample(w: ByteWriter, action: NxSample): void {
  const subtypes = { nx_sample: NXAST.SAMPLE, nx_sample2: NXAST.SAMPLE2, nx_sample3: NXAST.SAMPLE3 } as const;
  w.u16(subtypes[action.kind]);
  w.u16(action.probability, "sample.probability");
  w.u32(action.collectorSetId, "sample.collector_set_id");
  w.u32(action.obsDomainId, "sample.obs_domain_id");
  w.u32(action.obsPointId, "sample.obs_point_id");
  if (action.kind === "nx_sample") return;
  w.u16(action.samplingPort, "sample.sampling_port");
  w.u8(action.direction, "sample.direction");
  w.zeros(5);
}

/**
 * The body after the experimenter id, to its end. Undefined for a subtype, field or layout that has no value form: the
 * caller keeps the bytes, so that they are written back unchanged.
 */
export function decodeNiciraAction(r: ByteReader, nested: (r: ByteReader) => Action[]): NiciraAction | undefined {
  if (r.remaining < 8) throw r.fail("wire/length", "a Nicira action has at least 16 bytes", "action.len", r.offset - 6);
  const subtype = r.u16("action.subtype");
  switch (subtype) {
    case NXAST.REG_MOVE:
      return decodeRegMove(r);
    case NXAST.REG_LOAD:
      return decodeRegLoad(r);
    case NXAST.NOTE:
      return { kind: "nx_note", note: rest(r) };
    case NXAST.RESUBMIT: {
      expectBody(r, 6, "resubmit");
      const inPort = r.u16("resubmit.in_port");
      r.skip(4, "action.pad");
      return { kind: "nx_resubmit", inPort };
    }
    case NXAST.RESUBMIT_TABLE:
      return decodeResubmitTable(r, "nx_resubmit_table");
    case NXAST.RESUBMIT_TABLE_CT:
      return decodeResubmitTable(r, "nx_resubmit_table_ct");
    case NXAST.SET_TUNNEL:
      expectBody(r, 6, "set_tunnel");
      r.skip(2, "action.pad");
      return { kind: "nx_set_tunnel", tunnelId: r.u32("set_tunnel.tun_id") };
    case NXAST.SET_TUNNEL64:
      expectBody(r, 14, "set_tunnel64");
      r.skip(6, "action.pad");
      return { kind: "nx_set_tunnel64", tunnelId: r.u64("set_tunnel64.tun_id") };
    case NXAST.SET_QUEUE:
      expectBody(r, 6, "set_queue");
      r.skip(2, "action.pad");
      return { kind: "nx_set_queue", queueId: r.u32("set_queue.queue_id") };
    case NXAST.POP_QUEUE:
      empty(r, "pop_queue");
      return { kind: "nx_pop_queue" };
    case NXAST.EXIT:
      empty(r, "exit");
      return { kind: "nx_exit" };
    case NXAST.DEC_TTL:
      empty(r, "dec_ttl");
      return { kind: "nx_dec_ttl" };
    case NXAST.CT_CLEAR:
      empty(r, "ct_clear");
      return { kind: "nx_ct_clear" };
    case NXAST.DEC_TTL_CNT_IDS:
      return decodeCntIds(r);
    case NXAST.FIN_TIMEOUT: {
      expectBody(r, 6, "fin_timeout");
      const idleTimeoutSec = r.u16("fin_timeout.idle");
      const hardTimeoutSec = r.u16("fin_timeout.hard");
      r.skip(2, "action.pad");
      return { kind: "nx_fin_timeout", idleTimeoutSec, hardTimeoutSec };
    }
    case NXAST.CONTROLLER: {
      expectBody(r, 6, "controller");
      const maxLen = r.u16("controller.max_len");
      const controllerId = r.u16("controller.controller_id");
      const reason = r.u8("controller.reason");
      r.skip(1, "action.pad");
      return { kind: "nx_controller", maxLen, controllerId, reason };
    }
    case NXAST.CONJUNCTION: {
      expectBody(r, 6, "conjunction");
      const clause = r.u8("conjunction.clause");
      const nClauses = r.u8("conjunction.n_clauses");
      return { kind: "nx_conjunction", clause, nClauses, id: r.u32("conjunction.id") };
    }
    case NXAST.OUTPUT_REG:
      return decodeOutputReg(r);
    case NXAST.OUTPUT_TRUNC: {
      expectBody(r, 6, "output_trunc");
      const port = r.u16("output_trunc.port");
      return { kind: "nx_output_trunc", port, maxLen: r.u32("output_trunc.max_len") };
    }
    case NXAST.REG_LOAD2:
      return decodeRegLoad2(r);
    case NXAST.STACK_PUSH:
      return decodeStack(r, "nx_stack_push");
    case NXAST.STACK_POP:
      return decodeStack(r, "nx_stack_pop");
    case NXAST.CONTROLLER2:
      return decodeController2(r);
    case NXAST.CT:
      return decodeCt(r, nested);
    case NXAST.LEARN:
      return decodeLearn(r, "nx_learn");
    case NXAST.LEARN2:
      return decodeLearn(r, "nx_learn2");
    case NXAST.MULTIPATH:
      return decodeMultipath(r);
    case NXAST.BUNDLE:
      return decodeBundle(r, "nx_bundle");
    case NXAST.BUNDLE_LOAD:
      return decodeBundle(r, "nx_bundle_load");
    case NXAST.SAMPLE:
      return decodeSample(r, "nx_sample");
    case NXAST.SAMPLE2:
      return decodeSample(r, "nx_sample2");
    case NXAST.SAMPLE3:
      return decodeSample(r, "nx_sample3");
    case NXAST.CLONE:
      r.skip(6, "clone.pad");
      return { kind: "nx_clone", actions: nested(r) };
    case NXAST.CHECK_PKT_LARGER:
      return decodeCheckPktLarger(r);
    case NXAST.DELETE_FIELD:
      return decodeDeleteField(r);
    case NXAST.NAT:
      return decodeNat(r);
    default:
      return undefined;
  }
}

/** The body after the experimenter id. The caller pads to 8 bytes and sets the length. */
export function encodeNiciraAction(
  w: ByteWriter,
  action: NiciraAction,
  start: number,
  nested: (w: ByteWriter, actions: readonly Action[]) => void,
): void {
  switch (action.kind) {
    case "nx_reg_move":
      w.u16(NXAST.REG_MOVE);
      encodeRegMove(w, action);
      return;
    case "nx_reg_load":
      w.u16(NXAST.REG_LOAD);
      encodeRegLoad(w, action);
      return;
    case "nx_note":
      w.u16(NXAST.NOTE);
      w.bytes(action.note);
      return;
    case "nx_resubmit":
      w.u16(NXAST.RESUBMIT);
      w.u16(action.inPort, "resubmit.in_port");
      w.zeros(4);
      return;
    case "nx_resubmit_table":
    case "nx_resubmit_table_ct":
      w.u16(action.kind === "nx_resubmit_table" ? NXAST.RESUBMIT_TABLE : NXAST.RESUBMIT_TABLE_CT);
      w.u16(action.inPort, "resubmit.in_port");
      w.u8(action.table, "resubmit.table");
      w.zeros(3);
      return;
    case "nx_set_tunnel":
      w.u16(NXAST.SET_TUNNEL);
      w.zeros(2);
      w.u32(action.tunnelId, "set_tunnel.tun_id");
      return;
    case "nx_set_tunnel64":
      w.u16(NXAST.SET_TUNNEL64);
      w.zeros(6);
      w.u64(action.tunnelId, "set_tunnel64.tun_id");
      return;
    case "nx_set_queue":
      w.u16(NXAST.SET_QUEUE);
      w.zeros(2);
      w.u32(action.queueId, "set_queue.queue_id");
      return;
    case "nx_pop_queue":
      w.u16(NXAST.POP_QUEUE);
      w.zeros(6);
      return;
    case "nx_exit":
      w.u16(NXAST.EXIT);
      w.zeros(6);
      return;
    case "nx_dec_ttl":
      w.u16(NXAST.DEC_TTL);
      w.zeros(6);
      return;
    case "nx_ct_clear":
      w.u16(NXAST.CT_CLEAR);
      w.zeros(6);
      return;
    case "nx_dec_ttl_cnt_ids":
      w.u16(NXAST.DEC_TTL_CNT_IDS);
      w.u16(action.ids.length, "dec_ttl.n_controllers");
      w.zeros(4);
      for (const id of action.ids) w.u16(id, "dec_ttl.cnt_id");
      return;
    case "nx_fin_timeout":
      w.u16(NXAST.FIN_TIMEOUT);
      w.u16(action.idleTimeoutSec, "fin_timeout.idle");
      w.u16(action.hardTimeoutSec, "fin_timeout.hard");
      w.zeros(2);
      return;
    case "nx_controller":
      w.u16(NXAST.CONTROLLER);
      w.u16(action.maxLen, "controller.max_len");
      w.u16(action.controllerId, "controller.controller_id");
      w.u8(action.reason, "controller.reason");
      w.u8(0);
      return;
    case "nx_conjunction":
      w.u16(NXAST.CONJUNCTION);
      w.u8(action.clause, "conjunction.clause");
      w.u8(action.nClauses, "conjunction.n_clauses");
      w.u32(action.id, "conjunction.id");
      return;
    case "nx_output_reg":
      w.u16(NXAST.OUTPUT_REG);
      encodeOutputReg(w, action);
      return;
    case "nx_output_trunc":
      w.u16(NXAST.OUTPUT_TRUNC);
      w.u16(action.port, "output_trunc.port");
      w.u32(action.maxLen, "output_trunc.max_len");
      return;
    case "nx_reg_load2":
      w.u16(NXAST.REG_LOAD2);
      encodeOxm(w, action.field);
      return;
    case "nx_stack_push":
    case "nx_stack_pop":
      w.u16(action.kind === "nx_stack_push" ? NXAST.STACK_PUSH : NXAST.STACK_POP);
      encodeStack(w, action);
      return;
    case "nx_controller2":
      w.u16(NXAST.CONTROLLER2);
      encodeController2(w, action, start);
      return;
    case "nx_ct":
      w.u16(NXAST.CT);
      encodeCt(w, action, nested);
      return;
    case "nx_learn":
    case "nx_learn2":
      w.u16(action.kind === "nx_learn" ? NXAST.LEARN : NXAST.LEARN2);
      encodeLearn(w, action);
      return;
    case "nx_multipath":
      w.u16(NXAST.MULTIPATH);
      encodeMultipath(w, action);
      return;
    case "nx_bundle":
    case "nx_bundle_load":
      w.u16(action.kind === "nx_bundle" ? NXAST.BUNDLE : NXAST.BUNDLE_LOAD);
      encodeBundle(w, action);
      return;
    case "nx_sample":
    case "nx_sample2":
    case "nx_sample3":
      encodeSample(w, action);
      return;
    case "nx_clone":
      w.u16(NXAST.CLONE);
      w.zeros(6);
      nested(w, action.actions);
      return;
    case "nx_check_pkt_larger":
      w.u16(NXAST.CHECK_PKT_LARGER);
      encodeCheckPktLarger(w, action);
      return;
    case "nx_delete_field":
      w.u16(NXAST.DELETE_FIELD);
      encodeDeleteField(w, action);
      return;
    case "nx_nat":
      w.u16(NXAST.NAT);
      encodeNat(w, action);
      return;
  }
}
