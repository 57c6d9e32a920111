// Each message against bytes written out by hand, against ovs-ofctl, and with every kind of damage.
import { describe, expect, it } from "vitest";
import { WireError } from "../../../../proto/bytes/errors.ts";
import { fromHex, toHex } from "../../../../proto/bytes/hex.ts";
import { decode, encode, encodeAll, type OpenFlowMessage, peekHeader } from "../../../../proto/openflow13/index.ts";
import { ofpPrint, ovsOfctlMissing } from "./ovs-ofctl.ts";
import { VECTORS } from "./vectors.ts";

function wireError(act: () => unknown): WireError {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function packetOut(actionsHex: string): Uint8Array {
  const actions = fromHex(actionsHex);
  const length = (24 + actions.length).toString(16).padStart(4, "0");
  const actionsLength = actions.length.toString(16).padStart(4, "0");
  return fromHex(`040d ${length} 00000001 ffffffff fffffffd ${actionsLength} 000000000000 ${toHex(actions)}`);
}

function packetIn(oxmHex: string): Uint8Array {
  const oxm = fromHex(oxmHex);
  const padding = "00".repeat((8 - ((oxm.length + 4) % 8)) % 8);
  const match = `0001 ${(oxm.length + 4).toString(16).padStart(4, "0")} ${toHex(oxm)} ${padding} 0000`;
  const body = fromHex(`ffffffff 0000 00 00 0000000000000000 ${match}`);
  return fromHex(`040a ${(body.length + 8).toString(16).padStart(4, "0")} 00000001 ${toHex(body)}`);
}

describe.each(VECTORS)("$title", ({ bytes, message, print }) => {
  it("decodes to its value", () => {
    expect(decode(bytes)).toEqual(message);
  });

  it("is what its value encodes to", () => {
    expect(toHex(encode(message))).toBe(toHex(bytes));
  });

  it.skipIf(ovsOfctlMissing())("is understood alike by ovs-ofctl", () => {
    expect(ofpPrint(bytes)).toMatch(print);
  });

  it("is an error, and nothing else, when cut anywhere", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length)), `${length} bytes`).toThrow(WireError);
      if (length < 8) continue;
      // The same with a header that admits to the shorter length: an error, or a message that encodes to these bytes.
      const cut = bytes.slice(0, length);
      cut[2] = length >> 8;
      cut[3] = length & 0xff;
      try {
        expect(toHex(encode(decode(cut)))).toBe(toHex(cut));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });
});

/** A packet-out with a learn of these flow_mod_specs; they fill whole words. */
function learn(specs: string): Uint8Array {
  const length = (32 + specs.replaceAll(" ", "").length / 2).toString(16).padStart(4, "0");
  return packetOut(`ffff ${length} 00002320 0010 0000 0000 8000 0000000000000000 0000 05 00 0000 0000 ${specs}`);
}

/** The fixed part of a bundle's body. */
function bundle(count: string): string {
  return `0001 0000 0000 00000002 ${count} 0000 00000000 00000000`;
}

describe("lengths that the specification forbids", () => {
  it.each([
    ["an action of length 0", packetOut("0000 0000 00000001 0000 000000000000"), "action.len"],
    ["an action of length 4", packetOut("0012 0004 00000000"), "action.len"],
    ["an action of an odd length", packetOut("0016 000b 00000001"), "action.len"],
    ["an action beyond the list", packetOut("0016 0010 00000001"), "action.len"],
    ["an output of 8 bytes", packetOut("0000 0008 00000001"), "action.len"],
    [
      "a set_field with more than padding behind the field",
      packetOut("0019 0018 80000004 00000001 0000000000000000 00000000"),
      "set_field.pad",
    ],
    ["a Nicira reg_load that is too short", packetOut("ffff 0010 00002320 0007 000000000000"), "action.len"],
    ["a Nicira action without a subtype", packetOut("ffff 0008 00002320"), "action.len"],
    [
      "a controller2 property of length 0",
      packetOut("ffff 0018 00002320 0025 000000000000 0000 0000 00000000"),
      "controller2.property.length",
    ],
    ["a learn without its timeouts", packetOut("ffff 0010 00002320 0010 000000000000"), "learn.cookie"],
    ["a flow_mod_spec of no bits", learn("1800 0002 00000206"), "learn.spec.header"],
    ["a flow_mod_spec with an unknown target", learn("1810 0000 00000002"), "learn.spec.header"],
    ["a flow_mod_spec that outputs an immediate", learn("3010 0003 00000000"), "learn.spec.header"],
    ["a flow_mod_spec that ends in its field", learn("0010 00000002 0000"), "oxm_class"],
    ["a flow_mod_spec that ends in its immediate", learn("23e0 000000000000"), "learn.spec.immediate"],
    ["bundle members that are not there", packetOut(`ffff 0020 00002320 000c ${bundle("0004")}`), "bundle.n_members"],
    [
      "a controller2 reason of two bytes",
      packetOut("ffff 0018 00002320 0025 000000000000 0002 0006 0001 0000"),
      "controller2.property.length",
    ],
    [
      "a packet-in2's reason of two bytes",
      fromHex("0404 0018 00000000 00002320 0000001e 0005 0006 0001 0000"),
      "packet_in2.property.length",
    ],
    ["a field of a wrong length", packetIn("80000002 0001"), "oxm_length"],
    ["a masked field of the unmasked length", packetIn("80000504 00000001"), "oxm_length"],
    ["a field beyond the match", packetIn("80000008 00000001"), "oxm_length"],
    ["an experimenter field without its id", packetIn("ffff0002 0001"), "oxm_length"],
    ["a mask on a field that takes none", packetIn("80000108 00000001 ffffffff"), "oxm_hasmask"],
  ])("%s is an error that names the field", (_, bytes, field) => {
    const error = wireError(() => decode(bytes));
    expect(error.field).toBe(field);
    expect(error.offset).toBeGreaterThan(8);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
  });

  it.each([
    ["a match of length 0", "0001 0000 00000000"],
    ["a match of length 3", "0001 0003 00000000"],
    ["a match of another type", "0000 0004 00000000"],
  ])("%s is an error", (_, match) => {
    const bytes = fromHex(`040a 0022 00000001 ffffffff 0000 00 00 0000000000000000 ${match} 0000`);
    expect(wireError(() => decode(bytes)).field).toMatch(/^match\./);
  });

  it.each([
    ["an instruction of length 0", "0004 0000 00000000"],
    ["an instruction of length 4", "0001 0004 00000000"],
    ["a goto_table of 16 bytes", "0001 0010 00000000 0000000000000000"],
    ["actions that overrun their instruction", "0004 0010 00000000 0000 0010 00000001"],
    ["an unknown instruction", "0009 0008 00000000"],
  ])("%s is an error", (_, instruction) => {
    const tail = toHex(fromHex(`0001 0004 00000000 ${instruction}`));
    const fixed = "0000000000000000 0000000000000000 00 00 0000 0000 0000 ffffffff ffffffff ffffffff 0000 0000";
    const length = (48 + tail.length / 2).toString(16).padStart(4, "0");
    expect(() => decode(fromHex(`040e ${length} 00000001 ${fixed} ${tail}`))).toThrow(WireError);
  });

  it.each([
    ["flow statistics", "0001"],
    ["group descriptions", "0007"],
    ["meter configurations", "000a"],
  ])("an entry of length 0 in %s is an error, not a loop", (_, type) => {
    const bytes = fromHex(`0413 0050 00000001 ${type} 0000 00000000 ${"00".repeat(64)}`);
    expect(wireError(() => decode(bytes)).code).toBe("wire/length");
  });

  it("ct nested too deeply is an error, not a stack overflow", () => {
    let actions = "";
    for (let i = 0; i < 2000; i++) {
      const length = (24 + actions.length / 2).toString(16).padStart(4, "0");
      actions = `ffff${length}0000232000230000000000000000ff000000` + `0000${actions}`;
    }
    expect(wireError(() => decode(packetOut(actions))).code).toBe("wire/depth");
  });

  it("bytes behind the message are an error", () => {
    expect(wireError(() => decode(fromHex("0414 0008 00000001 00"))).code).toBe("wire/trailing");
    expect(wireError(() => decode(fromHex("0414 0009 00000001 00"))).code).toBe("wire/trailing");
  });
});

describe("versions and types", () => {
  it("takes a HELLO and an ERROR of any version, and writes them back unchanged", () => {
    for (const hex of ["0100 0008 00000001", "0101 000c 00000001 00000000", "0600 0010 00000001 0001 0008 00000052"]) {
      expect(toHex(encode(decode(fromHex(hex))))).toBe(toHex(fromHex(hex)));
    }
  });

  it("refuses other messages of another version, and unknown types", () => {
    expect(wireError(() => decode(fromHex("0114 0008 00000001")))).toMatchObject({
      field: "header.version",
      offset: 0,
    });
    expect(wireError(() => decode(fromHex("0463 0008 00000001")))).toMatchObject({ field: "header.type", offset: 1 });
  });

  it("peeks at a header that may not decode", () => {
    expect(peekHeader(fromHex("0163 0008 00000009"))).toEqual({ version: 1, type: 0x63, length: 8, xid: 9 });
    expect(peekHeader(fromHex("0163"))).toBeUndefined();
  });
});

describe("what is not known is kept", () => {
  it.each([
    ["a field of an unknown class", packetIn("12340003 010203")],
    ["a masked unknown field", packetIn("80017f02 0102")],
    ["a field of an unknown experimenter", packetIn("ffff0206 12345678 0102")],
    ["an action of an unknown experimenter", packetOut("ffff 0010 12345678 0102030405060708")],
    ["a Nicira action of an unknown subtype", packetOut("ffff 0010 00002320 7fff 010203040506")],
    ["a reg_move of an unknown field", packetOut("ffff 0018 00002320 0006 0010 0000 0000 12340004 00010004")],
    [
      "controller2 properties in another order",
      packetOut("ffff 0020 00002320 0025 000000000000 0005 0008 00000007 0000 0008 0080 0000"),
    ],
    ["a learn with a field of an unknown class", learn("0010 12340002 0000 00000206 0000 0000")],
    ["a learn with reserved bits in a header", learn("9010 00000002 0000")],
    ["a learn with more padding than it needs", learn("0000 000000000000")],
    ["a learn with bytes behind its end", learn("0000 000000000001")],
    [
      "a bundle that names a field",
      packetOut(`ffff 0020 00002320 000c ${bundle("0000").replace("0000 00000000", "001f 00010004")}`),
    ],
    [
      "a controller2 reason with padding in its length",
      packetOut("ffff 0018 00002320 0025 000000000000 0002 0008 00 000000"),
    ],
    [
      "a packet-in2's table with padding in its length",
      fromHex("0404 0018 00000000 00002320 0000001e 0003 0008 0a 000000"),
    ],
    ["an experimenter message", fromHex("0404 0014 00000001 12345678 00000009 01020304")],
    ["a multipart reply of an unknown type", fromHex("0413 0014 00000001 1234 0000 00000000 01020304")],
    ["a hello element of an unknown type", fromHex("0400 0010 00000001 0009 0006 0102 0000")],
    [
      "an experimenter's meter band of any length",
      fromHex("041d 0026 00000001 0000 0000 00000000 ffff 0016 00000000 00000000 12345678 010203040506"),
    ],
    ["an experimenter's error", fromHex("0401 0012 00000001 ffff 08fd 4f4e4600 0102")],
  ])("%s is written back unchanged", (_, bytes) => {
    expect(toHex(encode(decode(bytes)))).toBe(toHex(bytes));
  });
});

describe("learn", () => {
  const bytes = fromHex(
    `
    040d 0070 00000001 ffffffff fffffffd 0058 000000000000
    ffff 0058 00002320 002d             # NXAST_LEARN2, 88 bytes
    000a 0014 0007 0000000000000099     # idle_timeout, hard_timeout, priority, cookie
    0005 05 00 0001 0002                # flags, table_id, pad, fin_idle_timeout, fin_hard_timeout
    00000007 0008 0000 00010004         # limit, result_dst_ofs, pad, result_dst: bit 8 of reg0
    0030 00000406 0000 00000206 0000    # 48 bits: match eth_dst (offset 0) = eth_src
    2010 0800 00000602 0000             # 16 bits: match eth_type = 0x0800
    2807 0005 00010204 0003             # 7 bits: load 5 into bit 3 of reg1
    1010 00000002 0000                  # 16 bits: output to in_port
    0000                                # the padding
  `.replace(/#.*$/gm, ""),
  );

  it("has its layout, both ways", () => {
    const message = decode(bytes);
    expect(message).toMatchObject({
      actions: [
        {
          ...{ kind: "nx_learn2", idleTimeoutSec: 10, hardTimeoutSec: 20, priority: 7, cookie: 0x99n, flags: 5 },
          ...{ tableId: 5, finIdleTimeoutSec: 1, finHardTimeoutSec: 2, limit: 7, resultOfs: 8, resultDst: "nx_reg0" },
          specs: [
            {
              nBits: 48,
              src: { kind: "field", field: "nxm_of_eth_src", ofs: 0 },
              dst: { kind: "match", field: "nxm_of_eth_dst", ofs: 0 },
            },
            {
              nBits: 16,
              src: { kind: "immediate", value: 0x0800n },
              dst: { kind: "match", field: "nxm_of_eth_type", ofs: 0 },
            },
            { nBits: 7, src: { kind: "immediate", value: 5n }, dst: { kind: "load", field: "nx_reg1", ofs: 3 } },
            { nBits: 16, src: { kind: "field", field: "nxm_of_in_port", ofs: 0 }, dst: { kind: "output" } },
          ],
        },
      ],
    });
    expect(toHex(encode(message))).toBe(toHex(bytes));
  });
});

describe("encoding", () => {
  const base: OpenFlowMessage = {
    kind: "packet_out",
    xid: 1,
    bufferId: 0,
    inPort: 1,
    actions: [],
    data: new Uint8Array(0),
  };

  it("refuses what does not fit, names the field, and works again afterwards", () => {
    const bad: OpenFlowMessage = { ...base, actions: [{ kind: "output", port: 2 ** 32, maxLen: 0 }] };
    expect(wireError(() => encode(bad)).field).toBe("output.port");
    expect(wireError(() => encode({ ...base, data: new Uint8Array(0x10000) })).field).toBe("header.length");
    expect(encode(base)).toHaveLength(24);
  });

  it("refuses a number where the field is wider, and the reverse", () => {
    const set = (field: "eth_dst" | "in_port", value: number | bigint): OpenFlowMessage => ({
      ...base,
      actions: [{ kind: "set_field", field: { field, value } }],
    });
    expect(wireError(() => encode(set("eth_dst", 5))).code).toBe("wire/type");
    expect(wireError(() => encode(set("in_port", 5n))).code).toBe("wire/type");
  });

  it("joins messages into one block", () => {
    const barrier: OpenFlowMessage = { kind: "barrier_request", xid: 2 };
    expect(toHex(encodeAll([base, barrier]))).toBe(toHex(encode(base)) + toHex(encode(barrier)));
  });
});
