// The bytes of a message are used again as they are: the same as if it had been encoded anew.
import { describe, expect, it } from "vitest";
import {
  BUNDLE_ADD_LENGTH,
  encode,
  type FlowMod,
  messageRoom,
  OFP_NO_BUFFER,
  OFPBF,
  OFPG,
  OFPP,
  putBundleAdd,
  putMessage,
} from "../../../../proto/openflow13/index.ts";

const FLOW: FlowMod = {
  kind: "flow_mod",
  xid: 0,
  cookie: 0x5745_0a00_0000_0001n,
  cookieMask: 0n,
  tableId: 30,
  command: "add",
  idleTimeoutSec: 300,
  hardTimeoutSec: 0,
  priority: 200,
  bufferId: OFP_NO_BUFFER,
  outPort: OFPP.ANY,
  outGroup: OFPG.ANY,
  flags: 1,
  match: [{ field: "eth_dst", value: 0x0200_0000_0001n }],
  instructions: [{ kind: "goto_table", tableId: 40 }],
};

describe("a message that was encoded", () => {
  it("has another xid on another connection, and stays as it was", () => {
    const bytes = encode(FLOW);
    const room = messageRoom(bytes.length + 8);
    expect(putMessage(room, 8, bytes, 0xffff_fffe)).toBe(bytes.length + 8);
    expect(room.bytes.subarray(8)).toEqual(encode({ ...FLOW, xid: 0xffff_fffe }));
    expect(bytes).toEqual(encode(FLOW));
  });

  it("is part of a bundle as if the whole had been encoded", () => {
    const place = { xid: 0x8000_0001, bundleId: 0x7fff_ffff, flags: OFPBF.ATOMIC | OFPBF.ORDERED };
    const message = { ...FLOW, xid: place.xid };
    const bytes = encode(FLOW);
    const room = messageRoom(BUNDLE_ADD_LENGTH + bytes.length + 8);
    expect(putBundleAdd(room, 8, bytes, place)).toBe(room.bytes.length);
    expect(room.bytes.subarray(8)).toEqual(encode({ kind: "bundle_add", ...place, message }));
  });
});
