// Names of errors: the table of the specification, against ovs-ofctl's.
import { describe, expect, it } from "vitest";
import { describeError, describeExperimenterError, encode, errorNumbers } from "../../../../proto/openflow13/index.ts";
import { ofpParse, ovsOfctlMissing } from "./ovs-ofctl.ts";

/** Where Open vSwitch 3.1 keeps the name of another version of OpenFlow; the specification's (7.4.4) is ours. */
const RENAMED: Readonly<Record<string, string>> = {
  OFPBRC_BAD_MULTIPART: "OFPBRC_BAD_STAT",
  OFPBRC_BAD_EXPERIMENTER: "OFPBRC_BAD_VENDOR",
  OFPBRC_BAD_EXP_TYPE: "OFPBRC_BAD_SUBTYPE",
  OFPBRC_IS_SLAVE: "OFPBRC_IS_SECONDARY",
  OFPBAC_BAD_EXPERIMENTER: "OFPBAC_BAD_VENDOR",
  OFPBAC_BAD_EXP_TYPE: "OFPBAC_BAD_VENDOR_TYPE",
  OFPTFFC_BAD_TYPE: "OFPBPC_BAD_TYPE",
  OFPTFFC_BAD_LEN: "OFPBPC_BAD_LEN",
  OFPTFFC_BAD_ARGUMENT: "OFPBPC_BAD_VALUE",
};

describe("error names", () => {
  it("are those of the specification, and lead back to the numbers", () => {
    expect(describeError(2, 4)).toEqual({ type: "OFPET_BAD_ACTION", code: "OFPBAC_BAD_OUT_PORT" });
    expect(describeError(12, 11)).toEqual({ type: "OFPET_METER_MOD_FAILED", code: "OFPMMFC_OUT_OF_BANDS" });
    expect(describeError(13, 5).code).toBe("OFPTFFC_EPERM");
    expect(describeError(77, 9)).toEqual({ type: "OFPET_77", code: "code 9" });
    expect(describeError(2, 99).code).toBe("code 99");
    expect(errorNumbers("OFPBMC_DUP_FIELD")).toEqual({ type: 4, code: 10 });
    expect(errorNumbers("nonsense")).toBeUndefined();
    expect(describeExperimenterError(0x4f4e4600, 2313).code).toBe("OFPBFC_MSG_FAILED");
    expect(describeExperimenterError(0x2320, 15).code).toBe("NXBAC_BAD_CONJUNCTION");
    expect(describeExperimenterError(0x5555, 1)).toEqual({ type: "experimenter 0x5555", code: "code 1" });
  });

  it.skipIf(ovsOfctlMissing())("are ovs-ofctl's for every number", () => {
    const ours: string[] = [];
    const messages: Uint8Array[] = [];
    const data = new Uint8Array(0);
    for (let type = 0; type < 14; type++) {
      for (let code = 0; code < 18; code++) {
        const name = describeError(type, code).code;
        if (name.startsWith("code ")) continue;
        ours.push(RENAMED[name] ?? name);
        messages.push(encode({ kind: "error", xid: 1, type, code, data }));
      }
    }
    for (const [experimenter, first, last] of [
      [0x2320, 2, 44],
      [0x4f4e4600, 2300, 2315],
    ] as const) {
      for (let expType = first; expType <= last; expType++) {
        const name = describeExperimenterError(experimenter, expType).code;
        if (name.startsWith("code ")) continue;
        ours.push(name);
        messages.push(encode({ kind: "experimenter_error", xid: 1, experimenter, expType, data }));
      }
    }
    const theirs = ofpParse(messages).map((line) => /xid=0x1\): (\S+)/.exec(line)?.[1]);
    expect(ours).toHaveLength(theirs.length);
    const differences = ours.flatMap((name, i) => (name === theirs[i] ? [] : [`${name} for ${theirs[i]}`]));
    expect(differences).toEqual([]);
  });
});
