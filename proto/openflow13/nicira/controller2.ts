// NXAST_CONTROLLER2: a list of properties (struct nx_action_controller2 and enum nx_action_controller2_prop_type).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import type { NxController2 } from "../action-types.ts";

const NXAC2PT = { MAX_LEN: 0, CONTROLLER_ID: 1, REASON: 2, USERDATA: 3, PAUSE: 4, METER_ID: 5 } as const;
const REASON_LENGTH = 5;

type Writable = { -readonly [K in keyof NxController2]: NxController2[K] };

/** Undefined if properties are unknown, repeated or out of order: then the bytes are kept instead. */
export function decodeController2(r: ByteReader): NxController2 | undefined {
  r.skip(6, "controller2.pad");
  const action: Writable = { kind: "nx_controller2" };
  let last = -1;
  while (r.remaining > 0) {
    const type = r.u16("controller2.property.type");
    const length = r.u16("controller2.property.length");
    if (length < 4)
      throw r.fail("wire/length", `property length ${length}`, "controller2.property.length", r.offset - 2);
    const body = r.sub(length - 4, "controller2.property.length");
    r.skip((8 - (length & 7)) & 7, "controller2.property.pad");
    if (type <= last || !decodeProperty(body, type, length, action)) return undefined;
    last = type;
  }
  return action;
}

function decodeProperty(r: ByteReader, type: number, length: number, action: Writable): boolean {
  if (type === NXAC2PT.USERDATA) {
    action.userdata = r.bytes(r.remaining, "controller2.userdata");
    return true;
  }
  if (type === NXAC2PT.PAUSE) {
    action.pause = true;
    return length === 4;
  }
  if (type > NXAC2PT.METER_ID) return false;
  if (type === NXAC2PT.REASON) {
    // Open vSwitch writes the byte without padding, and also reads it with: the latter is kept as bytes.
    if (length === REASON_LENGTH) action.reason = r.u8("controller2.reason");
    if (length === REASON_LENGTH || length === 8) return length === REASON_LENGTH;
  }
  if (length !== 8) {
    throw r.fail("wire/length", `property ${type} is 8 bytes long, not ${length}`, "controller2.property.length");
  }
  if (type === NXAC2PT.MAX_LEN) action.maxLen = r.u16("controller2.max_len");
  else if (type === NXAC2PT.CONTROLLER_ID) action.controllerId = r.u16("controller2.controller_id");
  else action.meterId = r.u32("controller2.meter_id");
  return true;
}

function property(w: ByteWriter, type: number, length: number): void {
  w.u16(type);
  w.u16(length, "controller2.property.length");
}

export function encodeController2(w: ByteWriter, action: NxController2, start: number): void {
  w.zeros(6);
  if (action.maxLen !== undefined) {
    property(w, NXAC2PT.MAX_LEN, 8);
    w.u16(action.maxLen, "controller2.max_len");
    w.zeros(2);
  }
  if (action.controllerId !== undefined) {
    property(w, NXAC2PT.CONTROLLER_ID, 8);
    w.u16(action.controllerId, "controller2.controller_id");
    w.zeros(2);
  }
  if (action.reason !== undefined) {
    property(w, NXAC2PT.REASON, REASON_LENGTH);
    w.u8(action.reason, "controller2.reason");
    w.zeros(3);
  }
  if (action.userdata !== undefined) {
    property(w, NXAC2PT.USERDATA, action.userdata.length + 4);
    w.bytes(action.userdata);
    w.align(8, start);
  }
  if (action.pause === true) {
    property(w, NXAC2PT.PAUSE, 4);
    w.zeros(4);
  }
  if (action.meterId !== undefined) {
    property(w, NXAC2PT.METER_ID, 8);
    w.u32(action.meterId, "controller2.meter_id");
  }
}
