// Actions on the wire (OpenFlow 1.3.5, section 7.2.5).
import { WireError } from "../bytes/errors.ts";
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";
import type { Action } from "./action-types.ts";
import { EXPERIMENTER_ID } from "./constants.ts";
import { decodeNiciraAction, encodeNiciraAction } from "./nicira/action.ts";
import { decodeOxm, encodeOxm } from "./oxm.ts";

export const OFPAT = {
  OUTPUT: 0,
  COPY_TTL_OUT: 11,
  COPY_TTL_IN: 12,
  SET_MPLS_TTL: 15,
  DEC_MPLS_TTL: 16,
  PUSH_VLAN: 17,
  POP_VLAN: 18,
  PUSH_MPLS: 19,
  POP_MPLS: 20,
  SET_QUEUE: 21,
  GROUP: 22,
  SET_NW_TTL: 23,
  DEC_NW_TTL: 24,
  SET_FIELD: 25,
  PUSH_PBB: 26,
  POP_PBB: 27,
  EXPERIMENTER: 0xffff,
} as const;

/** ct inside of ct inside of ...: no switch takes more than one level. */
const MAX_DEPTH = 8;

function expectLength(r: ByteReader, length: number, wanted: number, name: string): void {
  if (length !== wanted) {
    throw r.fail("wire/length", `${name} is ${wanted} bytes long, not ${length}`, "action.len", r.offset - 2);
  }
}

function u32Body(r: ByteReader, length: number, name: string): number {
  expectLength(r, length, 8, name);
  return r.u32(name);
}

function u16Body(r: ByteReader, length: number, name: string): number {
  expectLength(r, length, 8, name);
  const value = r.u16(name);
  r.skip(2, "action.pad");
  return value;
}

function u8Body(r: ByteReader, length: number, name: string): number {
  expectLength(r, length, 8, name);
  const value = r.u8(name);
  r.skip(3, "action.pad");
  return value;
}

function emptyBody(r: ByteReader, length: number, name: string): void {
  expectLength(r, length, 8, name);
  r.skip(4, "action.pad");
}

function decodeSetField(r: ByteReader, length: number): Action {
  const body = r.sub(length - 4, "set_field");
  const field = decodeOxm(body);
  if (body.remaining > 7) throw body.fail("wire/trailing", `${body.remaining} bytes after the field`, "set_field.pad");
  return { kind: "set_field", field };
}

function decodeExperimenter(r: ByteReader, length: number, depth: number): Action {
  const experimenter = r.u32("action.experimenter");
  const body = r.sub(length - 8, "action.experimenter");
  if (experimenter === EXPERIMENTER_ID.NICIRA) {
    const start = body.position;
    const action = decodeNiciraAction(body, (nested) => decodeActionsAt(nested, depth + 1));
    if (action !== undefined) return action;
    body.position = start;
  }
  return { kind: "experimenter", experimenter, bytes: body.bytes(body.remaining, "action.body") };
}

/** One action; the reader is left behind it. */
function decodeAction(r: ByteReader, depth: number): Action {
  const type = r.u16("action.type");
  const length = r.u16("action.len");
  if (length < 8 || (length & 7) !== 0 || length - 4 > r.remaining) {
    throw r.fail(
      "wire/length",
      `action length ${length} with ${r.remaining + 4} bytes left`,
      "action.len",
      r.offset - 2,
    );
  }
  switch (type) {
    case OFPAT.OUTPUT: {
      expectLength(r, length, 16, "output");
      const port = r.u32("output.port");
      const maxLen = r.u16("output.max_len");
      r.skip(6, "output.pad");
      return { kind: "output", port, maxLen };
    }
    case OFPAT.GROUP:
      return { kind: "group", groupId: u32Body(r, length, "group") };
    case OFPAT.SET_FIELD:
      return decodeSetField(r, length);
    case OFPAT.PUSH_VLAN:
      return { kind: "push_vlan", etherType: u16Body(r, length, "push_vlan") };
    case OFPAT.POP_VLAN:
      emptyBody(r, length, "pop_vlan");
      return { kind: "pop_vlan" };
    case OFPAT.SET_QUEUE:
      return { kind: "set_queue", queueId: u32Body(r, length, "set_queue") };
    case OFPAT.SET_NW_TTL:
      return { kind: "set_nw_ttl", ttl: u8Body(r, length, "set_nw_ttl") };
    case OFPAT.DEC_NW_TTL:
      emptyBody(r, length, "dec_nw_ttl");
      return { kind: "dec_nw_ttl" };
    case OFPAT.SET_MPLS_TTL:
      return { kind: "set_mpls_ttl", ttl: u8Body(r, length, "set_mpls_ttl") };
    case OFPAT.DEC_MPLS_TTL:
      emptyBody(r, length, "dec_mpls_ttl");
      return { kind: "dec_mpls_ttl" };
    case OFPAT.PUSH_MPLS:
      return { kind: "push_mpls", etherType: u16Body(r, length, "push_mpls") };
    case OFPAT.POP_MPLS:
      return { kind: "pop_mpls", etherType: u16Body(r, length, "pop_mpls") };
    case OFPAT.COPY_TTL_OUT:
      emptyBody(r, length, "copy_ttl_out");
      return { kind: "copy_ttl_out" };
    case OFPAT.COPY_TTL_IN:
      emptyBody(r, length, "copy_ttl_in");
      return { kind: "copy_ttl_in" };
    case OFPAT.PUSH_PBB:
      return { kind: "push_pbb", etherType: u16Body(r, length, "push_pbb") };
    case OFPAT.POP_PBB:
      emptyBody(r, length, "pop_pbb");
      return { kind: "pop_pbb" };
    case OFPAT.EXPERIMENTER:
      return decodeExperimenter(r, length, depth);
    default:
      throw r.fail("wire/value", `unknown action type ${type}`, "action.type", r.offset - 4);
  }
}

function decodeActionsAt(r: ByteReader, depth: number): Action[] {
  if (depth > MAX_DEPTH) throw r.fail("wire/depth", `actions nested deeper than ${MAX_DEPTH}`, "actions");
  const actions: Action[] = [];
  while (r.position < r.end) actions.push(decodeAction(r, depth));
  return actions;
}

/** All actions up to the reader's end. */
export function decodeActions(r: ByteReader): Action[] {
  return decodeActionsAt(r, 0);
}

function header(w: ByteWriter, type: number, length: number): void {
  w.u16(type);
  w.u16(length);
}

function encodeU32(w: ByteWriter, type: number, value: number, name: string): void {
  header(w, type, 8);
  w.u32(value, name);
}

function encodeU16(w: ByteWriter, type: number, value: number, name: string): void {
  header(w, type, 8);
  w.u16(value, name);
  w.u16(0);
}

function encodeU8(w: ByteWriter, type: number, value: number, name: string): void {
  header(w, type, 8);
  w.u8(value, name);
  w.zeros(3);
}

function encodeEmpty(w: ByteWriter, type: number): void {
  header(w, type, 8);
  w.u32(0);
}

export function encodeAction(w: ByteWriter, action: Action): void {
  switch (action.kind) {
    case "output":
      header(w, OFPAT.OUTPUT, 16);
      w.u32(action.port, "output.port");
      w.u16(action.maxLen, "output.max_len");
      w.zeros(6);
      return;
    case "group":
      encodeU32(w, OFPAT.GROUP, action.groupId, "group.group_id");
      return;
    case "set_field": {
      const start = w.length;
      header(w, OFPAT.SET_FIELD, 0);
      encodeOxm(w, action.field);
      w.align(8, start);
      w.patchU16(start + 2, w.length - start, "action.len");
      return;
    }
    case "push_vlan":
      encodeU16(w, OFPAT.PUSH_VLAN, action.etherType, "push_vlan.ethertype");
      return;
    case "pop_vlan":
      encodeEmpty(w, OFPAT.POP_VLAN);
      return;
    case "set_queue":
      encodeU32(w, OFPAT.SET_QUEUE, action.queueId, "set_queue.queue_id");
      return;
    case "set_nw_ttl":
      encodeU8(w, OFPAT.SET_NW_TTL, action.ttl, "set_nw_ttl.nw_ttl");
      return;
    case "dec_nw_ttl":
      encodeEmpty(w, OFPAT.DEC_NW_TTL);
      return;
    case "set_mpls_ttl":
      encodeU8(w, OFPAT.SET_MPLS_TTL, action.ttl, "set_mpls_ttl.mpls_ttl");
      return;
    case "dec_mpls_ttl":
      encodeEmpty(w, OFPAT.DEC_MPLS_TTL);
      return;
    case "push_mpls":
      encodeU16(w, OFPAT.PUSH_MPLS, action.etherType, "push_mpls.ethertype");
      return;
    case "pop_mpls":
      encodeU16(w, OFPAT.POP_MPLS, action.etherType, "pop_mpls.ethertype");
      return;
    case "copy_ttl_out":
      encodeEmpty(w, OFPAT.COPY_TTL_OUT);
      return;
    case "copy_ttl_in":
      encodeEmpty(w, OFPAT.COPY_TTL_IN);
      return;
    case "push_pbb":
      encodeU16(w, OFPAT.PUSH_PBB, action.etherType, "push_pbb.ethertype");
      return;
    case "pop_pbb":
      encodeEmpty(w, OFPAT.POP_PBB);
      return;
    case "experimenter":
      if (action.bytes.length % 8 !== 0) {
        throw new WireError("wire/length", `an action of ${action.bytes.length + 8} bytes is not a multiple of 8`, {
          offset: w.length,
          field: "action.len",
        });
      }
      header(w, OFPAT.EXPERIMENTER, 0);
      w.patchU16(w.length - 2, action.bytes.length + 8, "action.len");
      w.u32(action.experimenter, "action.experimenter");
      w.bytes(action.bytes);
      return;
    default: {
      const start = w.length;
      header(w, OFPAT.EXPERIMENTER, 0);
      w.u32(EXPERIMENTER_ID.NICIRA);
      encodeNiciraAction(w, action, start, encodeActions);
      w.align(8, start);
      w.patchU16(start + 2, w.length - start, "action.len");
    }
  }
}

export function encodeActions(w: ByteWriter, actions: readonly Action[]): void {
  for (let i = 0; i < actions.length; i++) encodeAction(w, actions[i] as Action);
}
