// The names of OFPT_ERROR types and codes (OpenFlow 1.3.5, section 7.4.4).

interface ErrorType {
  readonly name: string;
  readonly prefix: string;
  readonly codes: readonly string[];
}

function type(name: string, prefix: string, codes: string): ErrorType {
  return { name, prefix, codes: codes.split(" ") };
}

/** Indexed by type, and within by code. */
const TYPES: readonly ErrorType[] = [
  type("OFPET_HELLO_FAILED", "OFPHFC_", "INCOMPATIBLE EPERM"),
  type(
    "OFPET_BAD_REQUEST",
    "OFPBRC_",
    "BAD_VERSION BAD_TYPE BAD_MULTIPART BAD_EXPERIMENTER BAD_EXP_TYPE EPERM BAD_LEN BUFFER_EMPTY BUFFER_UNKNOWN BAD_TABLE_ID IS_SLAVE BAD_PORT BAD_PACKET MULTIPART_BUFFER_OVERFLOW",
  ),
  type(
    "OFPET_BAD_ACTION",
    "OFPBAC_",
    "BAD_TYPE BAD_LEN BAD_EXPERIMENTER BAD_EXP_TYPE BAD_OUT_PORT BAD_ARGUMENT EPERM TOO_MANY BAD_QUEUE BAD_OUT_GROUP MATCH_INCONSISTENT UNSUPPORTED_ORDER BAD_TAG BAD_SET_TYPE BAD_SET_LEN BAD_SET_ARGUMENT",
  ),
  type(
    "OFPET_BAD_INSTRUCTION",
    "OFPBIC_",
    "UNKNOWN_INST UNSUP_INST BAD_TABLE_ID UNSUP_METADATA UNSUP_METADATA_MASK BAD_EXPERIMENTER BAD_EXP_TYPE BAD_LEN EPERM",
  ),
  type(
    "OFPET_BAD_MATCH",
    "OFPBMC_",
    "BAD_TYPE BAD_LEN BAD_TAG BAD_DL_ADDR_MASK BAD_NW_ADDR_MASK BAD_WILDCARDS BAD_FIELD BAD_VALUE BAD_MASK BAD_PREREQ DUP_FIELD EPERM",
  ),
  type(
    "OFPET_FLOW_MOD_FAILED",
    "OFPFMFC_",
    "UNKNOWN TABLE_FULL BAD_TABLE_ID OVERLAP EPERM BAD_TIMEOUT BAD_COMMAND BAD_FLAGS",
  ),
  type(
    "OFPET_GROUP_MOD_FAILED",
    "OFPGMFC_",
    "GROUP_EXISTS INVALID_GROUP WEIGHT_UNSUPPORTED OUT_OF_GROUPS OUT_OF_BUCKETS CHAINING_UNSUPPORTED WATCH_UNSUPPORTED LOOP UNKNOWN_GROUP CHAINED_GROUP BAD_TYPE BAD_COMMAND BAD_BUCKET BAD_WATCH EPERM",
  ),
  type("OFPET_PORT_MOD_FAILED", "OFPPMFC_", "BAD_PORT BAD_HW_ADDR BAD_CONFIG BAD_ADVERTISE EPERM"),
  type("OFPET_TABLE_MOD_FAILED", "OFPTMFC_", "BAD_TABLE BAD_CONFIG EPERM"),
  type("OFPET_QUEUE_OP_FAILED", "OFPQOFC_", "BAD_PORT BAD_QUEUE EPERM"),
  type("OFPET_SWITCH_CONFIG_FAILED", "OFPSCFC_", "BAD_FLAGS BAD_LEN EPERM"),
  type("OFPET_ROLE_REQUEST_FAILED", "OFPRRFC_", "STALE UNSUP BAD_ROLE"),
  type(
    "OFPET_METER_MOD_FAILED",
    "OFPMMFC_",
    "UNKNOWN METER_EXISTS INVALID_METER UNKNOWN_METER BAD_COMMAND BAD_FLAGS BAD_RATE BAD_BURST BAD_BAND BAD_BAND_VALUE OUT_OF_METERS OUT_OF_BANDS",
  ),
  type("OFPET_TABLE_FEATURES_FAILED", "OFPTFFC_", "BAD_TABLE BAD_METADATA BAD_TYPE BAD_LEN BAD_ARGUMENT EPERM"),
];

const ONF_EXPERIMENTER = 0x4f4e4600;
const NICIRA_EXPERIMENTER = 0x00002320;

/** ONF extension 230's bundle errors, which come as experimenter errors from 2300 on. */
const ONF_ERRORS = new Map<number, string>(
  "UNKNOWN EPERM BAD_ID BUNDLE_EXIST BUNDLE_CLOSED OUT_OF_BUNDLES BAD_TYPE BAD_FLAGS MSG_BAD_LEN MSG_BAD_XID MSG_UNSUP MSG_CONFLICT MSG_TOO_MANY MSG_FAILED TIMEOUT BUNDLE_IN_PROGRESS"
    .split(" ")
    .map((name, i) => [2300 + i, `OFPBFC_${name}`]),
);
ONF_ERRORS.set(2600, "OFPBIC_DUP_INST");

/** Open vSwitch's own errors in their OpenFlow 1.2+ numbering, from 2 on; "-" has no name. */
const NICIRA_ERRORS = new Map<number, string>(
  "NXBRC_NXM_INVALID NXBRC_NXM_BAD_TYPE NXBRC_MUST_BE_ZERO NXBRC_BAD_REASON OFPMOFC_MONITOR_EXISTS OFPMOFC_BAD_FLAGS OFPMOFC_UNKNOWN_MONITOR NXBRC_FM_BAD_EVENT NXBRC_UNENCODABLE_ERROR NXBAC_MUST_BE_ZERO NXFMFC_HARDWARE NXFMFC_BAD_TABLE_ID - NXBAC_BAD_CONJUNCTION NXTTMFC_BAD_COMMAND NXTTMFC_BAD_OPT_LEN NXTTMFC_BAD_FIELD_IDX NXTTMFC_TABLE_FULL NXTTMFC_ALREADY_MAPPED NXTTMFC_DUP_ENTRY - - - - - - - - - - - - NXR_NOT_SUPPORTED NXR_STALE NXST_NOT_CONFIGURED NXFMFC_INVALID_TLV_FIELD NXTTMFC_INVALID_TLV_DEL NXBAC_BAD_HEADER_TYPE NXBAC_UNKNOWN_ED_PROP NXBAC_BAD_ED_PROP NXBAC_CT_DATAPATH_SUPPORT NXBMC_CT_DATAPATH_SUPPORT NXTFFC_DUP_TABLE"
    .split(" ")
    .map((name, i): [number, string] => [2 + i, name])
    .filter(([, name]) => name !== "-"),
);

export interface ErrorNames {
  readonly type: string;
  readonly code: string;
}

/** The specification's names; a number that has none is given as "OFPET_77" or "code 9". */
export function describeError(type: number, code: number): ErrorNames {
  if (type === 0xffff) return { type: "OFPET_EXPERIMENTER", code: `code ${code}` };
  const known = TYPES[type];
  if (known === undefined) return { type: `OFPET_${type}`, code: `code ${code}` };
  const name = known.codes[code];
  return { type: known.name, code: name === undefined ? `code ${code}` : known.prefix + name };
}

/** Names of an experimenter error (type 0xffff), where this library knows the experimenter. */
export function describeExperimenterError(experimenter: number, expType: number): ErrorNames {
  if (experimenter === ONF_EXPERIMENTER) {
    const name = ONF_ERRORS.get(expType);
    if (name !== undefined) return { type: name.startsWith("OFPBFC") ? "OFPET_BUNDLE_FAILED" : "ONF", code: name };
  }
  if (experimenter === NICIRA_EXPERIMENTER) {
    const name = NICIRA_ERRORS.get(expType);
    if (name !== undefined) return { type: "Nicira", code: name };
  }
  return { type: `experimenter 0x${experimenter.toString(16)}`, code: `code ${expType}` };
}

const numbers = new Map<string, readonly [number, number]>();
TYPES.forEach((entry, t) => {
  entry.codes.forEach((code, c) => {
    numbers.set(entry.prefix + code, [t, c]);
  });
});

/** The numbers of a code's name ("OFPBRC_BAD_LEN"), to send it. */
export function errorNumbers(codeName: string): { readonly type: number; readonly code: number } | undefined {
  const pair = numbers.get(codeName);
  return pair === undefined ? undefined : { type: pair[0], code: pair[1] };
}
