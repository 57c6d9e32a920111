// Generators of OpenFlow messages of every kind, valid as to the wire and without regard to sense.
import fc, { type Arbitrary } from "fast-check";
import type {
  Action,
  Bucket,
  Instruction,
  Match,
  MeterBand,
  MultipartReplyBody,
  MultipartRequestBody,
  NxLearnSpec,
  OpenFlowMessage,
  OxmName,
  OxmTlv,
  PlainMessage,
  PortDesc,
  TableFeatureProperty,
} from "../../proto/openflow13/index.ts";
import { OXM_CLASS, OXM_FIELDS } from "../../proto/openflow13/index.ts";

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const data = fc.uint8Array({ maxLength: 40 });
/** Bytes whose length is a multiple of eight, plus `more`. */
const eights = (more = 0): Arbitrary<Uint8Array> =>
  fc.integer({ min: 0, max: 4 }).chain((n) => fc.uint8Array({ minLength: n * 8 + more, maxLength: n * 8 + more }));
const name = (max: number): Arbitrary<string> =>
  fc.array(fc.constantFrom(..."abcxyz019-_é"), { maxLength: Math.floor(max / 2) }).map((letters) => letters.join(""));
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":"));
const list = <T>(item: Arbitrary<T>, maxLength = 4): Arbitrary<T[]> => fc.array(item, { maxLength });
const record = fc.record;
const kind = <K extends string>(k: K) => fc.constant(k);

function fieldValue(bytes: number, wide: boolean): Arbitrary<number | bigint> {
  if (bytes > 4 || wide) return fc.bigInt({ min: 0n, max: (1n << BigInt(bytes * 8)) - 1n });
  return fc.integer({ min: 0, max: 2 ** (bytes * 8) - 1 });
}

const known: Arbitrary<OxmTlv> = fc.constantFrom(...OXM_FIELDS).chain((field): Arbitrary<OxmTlv> => {
  const lengths = field.variable ? fc.integer({ min: 0, max: field.bytes }) : fc.constant(field.bytes);
  return lengths.chain((length) => {
    const value = fieldValue(length, field.variable);
    const extra = length === field.bytes ? {} : { length };
    const exact = value.map((v): OxmTlv => ({ field: field.name, value: v, ...extra }));
    if (!field.maskable) return exact;
    const masked = fc.tuple(value, value).map(([v, mask]): OxmTlv => ({ field: field.name, value: v, mask, ...extra }));
    return fc.oneof(exact, masked);
  });
});

const unknownField: Arbitrary<OxmTlv> = fc.oneof(
  record({
    field: kind("unknown"),
    oxmClass: fc.constantFrom(0x0003, 0x7fff, 0x8abc),
    fieldNumber: fc.integer({ min: 0, max: 127 }),
    hasMask: fc.constant(false),
    bytes: data,
  }),
  record({
    field: kind("unknown"),
    oxmClass: fc.constant(OXM_CLASS.EXPERIMENTER),
    fieldNumber: fc.integer({ min: 0, max: 127 }),
    hasMask: fc.constant(true),
    experimenter: fc.constant(0x12345678),
    bytes: fc.integer({ min: 0, max: 20 }).chain((n) => fc.uint8Array({ minLength: n * 2, maxLength: n * 2 })),
  }),
);

export const oxm = fc.oneof({ weight: 8, arbitrary: known }, { weight: 1, arbitrary: unknownField });
export const match: Arbitrary<Match> = list(oxm);

const plainNames = OXM_FIELDS.filter((field) => field.experimenter === 0).map((field) => field.name);
const fieldName: Arbitrary<OxmName> = fc.constantFrom(...OXM_FIELDS.map((field) => field.name));
const plainName: Arbitrary<OxmName> = fc.constantFrom(...plainNames);
const ofs = fc.integer({ min: 0, max: 1023 });
const nBits = fc.integer({ min: 1, max: 64 });
const etherType = u16;

function controller2(): Arbitrary<Action> {
  const required = { kind: kind("nx_controller2") };
  const optional = {
    maxLen: u16,
    controllerId: u16,
    reason: u8,
    userdata: data,
    pause: fc.constant(true),
    meterId: u32,
  };
  return record({ ...required, ...optional }, { requiredKeys: ["kind"] });
}

const learnSpec: Arbitrary<NxLearnSpec> = fc.integer({ min: 1, max: 0x3ff }).chain((bits) => {
  const words = Math.ceil(bits / 16);
  const fieldPart = { field: fieldName, ofs: u16 };
  const immediate = record({
    kind: kind("immediate"),
    value: fc.bigInt({ min: 0n, max: (1n << BigInt(words * 16)) - 1n }),
  });
  const target = record({ kind: fc.constantFrom("match", "load"), ...fieldPart });
  const fixed = record({ nBits: fc.constant(bits), src: immediate, dst: target });
  const copied = record({
    nBits: fc.constant(bits),
    src: record({ kind: kind("field"), ...fieldPart }),
    dst: fc.oneof(target, record({ kind: kind("output") })),
  });
  return fc.oneof(fixed, copied) as Arbitrary<NxLearnSpec>;
});

function learn(): Arbitrary<Action> {
  const common = {
    ...{ idleTimeoutSec: u16, hardTimeoutSec: u16, finIdleTimeoutSec: u16, finHardTimeoutSec: u16 },
    ...{ priority: u16, cookie: u64, tableId: u8, specs: list(learnSpec) },
  };
  const withResult = u16.map((flags) => flags | 4);
  const withoutResult = u16.map((flags) => flags & ~4);
  return fc.oneof(
    record({ kind: kind("nx_learn"), ...common, flags: u16 }),
    record({ kind: kind("nx_learn2"), ...common, flags: withoutResult, limit: u32, resultOfs: u16 }),
    record({ kind: kind("nx_learn2"), ...common, flags: withResult, limit: u32, resultOfs: u16, resultDst: fieldName }),
  ) as Arbitrary<Action>;
}

const bundleFields = { algorithm: u16, fields: u16, basis: u16, memberType: u32, members: list(u16) };
const sampleFields = { probability: u16, collectorSetId: u32, obsDomainId: u32, obsPointId: u32 };

const simpleAction: Arbitrary<Action> = fc.oneof(
  record({ kind: kind("output"), port: u32, maxLen: u16 }),
  record({ kind: kind("group"), groupId: u32 }),
  record({ kind: kind("set_queue"), queueId: u32 }),
  record({ kind: fc.constantFrom("set_mpls_ttl", "set_nw_ttl"), ttl: u8 }),
  record({ kind: fc.constantFrom("push_vlan", "push_mpls", "pop_mpls", "push_pbb"), etherType }),
  record({
    kind: fc.constantFrom("copy_ttl_out", "copy_ttl_in", "dec_mpls_ttl", "dec_nw_ttl", "pop_vlan", "pop_pbb"),
  }),
  record({ kind: kind("set_field"), field: oxm }),
  record({ kind: kind("experimenter"), experimenter: fc.constant(0x12345678), bytes: eights() }),
  record({ kind: kind("nx_reg_move"), nBits: u16, srcOfs: u16, dstOfs: u16, src: fieldName, dst: fieldName }),
  record({ kind: kind("nx_reg_load"), ofs, nBits, dst: plainName, value: u64 }),
  record({ kind: kind("nx_note"), note: eights(6) }),
  controller2(),
  record({ kind: kind("nx_resubmit"), inPort: u16 }),
  record({ kind: fc.constantFrom("nx_resubmit_table", "nx_resubmit_table_ct"), inPort: u16, table: u8 }),
  record({ kind: kind("nx_set_tunnel"), tunnelId: u32 }),
  record({ kind: kind("nx_set_tunnel64"), tunnelId: u64 }),
  record({ kind: kind("nx_set_queue"), queueId: u32 }),
  record({ kind: fc.constantFrom("nx_pop_queue", "nx_dec_ttl", "nx_exit", "nx_ct_clear") }),
  record({ kind: kind("nx_controller"), maxLen: u16, controllerId: u16, reason: u8 }),
  record({ kind: kind("nx_dec_ttl_cnt_ids"), ids: list(u16) }),
  record({ kind: kind("nx_fin_timeout"), idleTimeoutSec: u16, hardTimeoutSec: u16 }),
  record({ kind: kind("nx_conjunction"), clause: u8, nClauses: u8, id: u32 }),
  record({ kind: kind("nx_output_reg"), src: plainName, ofs, nBits, maxLen: u16 }),
  record({ kind: kind("nx_output_trunc"), port: u16, maxLen: u32 }),
  record({ kind: kind("nx_reg_load2"), field: oxm }),
  record({ kind: fc.constantFrom("nx_stack_push", "nx_stack_pop"), field: plainName, ofs: u16, nBits: u16 }),
  learn(),
  record({
    ...{ kind: kind("nx_multipath"), fields: u16, basis: u16, algorithm: u16, maxLink: u16, arg: u32 },
    ...{ dst: plainName, ofs, nBits },
  }),
  record({ kind: kind("nx_bundle"), ...bundleFields }),
  record({ kind: kind("nx_bundle_load"), ...bundleFields, dst: plainName, ofs, nBits }),
  record({ kind: kind("nx_sample"), ...sampleFields }),
  record({ kind: fc.constantFrom("nx_sample2", "nx_sample3"), ...sampleFields, samplingPort: u16, direction: u8 }),
  record({ kind: kind("nx_check_pkt_larger"), pktLen: u16, dst: fieldName, ofs: u16 }),
  record({ kind: kind("nx_delete_field"), field: fieldName }),
  record(
    {
      ...{ kind: kind("nx_nat"), flags: u16, ipv4Min: u32, ipv4Max: u32, protoMin: u16, protoMax: u16 },
      ...{
        ipv6Min: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
        ipv6Max: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
      },
    },
    { requiredKeys: ["kind", "flags"] },
  ),
) as Arbitrary<Action>;

const ct: Arbitrary<Action> = record(
  {
    kind: kind("nx_ct"),
    flags: u16,
    zoneSrc: plainName.filter((n) => n !== "nxm_of_in_port"),
    zone: u16,
    recircTable: u8,
    alg: u16,
    actions: list(simpleAction, 2),
  },
  { requiredKeys: ["kind", "flags", "zone", "recircTable", "alg", "actions"] },
);

const clone: Arbitrary<Action> = record({ kind: kind("nx_clone"), actions: list(fc.oneof(simpleAction, ct), 2) });

export const action: Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: simpleAction },
  { weight: 1, arbitrary: ct },
  { weight: 1, arbitrary: clone },
);

export const instruction: Arbitrary<Instruction> = fc.oneof(
  record({ kind: kind("goto_table"), tableId: u8 }),
  record({ kind: kind("write_metadata"), metadata: u64, mask: u64 }),
  record({ kind: fc.constantFrom("write_actions", "apply_actions"), actions: list(action) }),
  record({ kind: kind("clear_actions") }),
  record({ kind: kind("meter"), meterId: u32 }),
  record({ kind: kind("experimenter"), experimenter: u32, bytes: eights() }),
) as Arbitrary<Instruction>;

const bucket: Arbitrary<Bucket> = record({ weight: u16, watchPort: u32, watchGroup: u32, actions: list(action, 3) });
const groupType = fc.constantFrom("all", "select", "indirect", "ff");
const band: Arbitrary<MeterBand> = fc.oneof(
  record({ kind: kind("drop"), rate: u32, burstSize: u32 }),
  record({ kind: kind("dscp_remark"), rate: u32, burstSize: u32, precLevel: u8 }),
  record({ kind: kind("experimenter"), rate: u32, burstSize: u32, experimenter: u32, bytes: eights() }),
);
const port: Arbitrary<PortDesc> = record({
  ...{ portNo: u32, hwAddr: mac, name: name(15), config: u32, state: u32, curr: u32, advertised: u32 },
  ...{ supported: u32, peer: u32, currSpeedKbps: u32, maxSpeedKbps: u32 },
});
const filter = { tableId: u8, outPort: u32, outGroup: u32, cookie: u64, cookieMask: u64, match };
const duration = { durationSec: u32, durationNsec: u32 };
const timeouts = { idleTimeoutSec: u16, hardTimeoutSec: u16 };
const counters = { packetCount: u64, byteCount: u64 };
const perType = fc.tuple(u32, u32, u32, u32);
const unknownBody = record({ kind: kind("unknown"), type: fc.integer({ min: 100, max: 200 }), bytes: data });
const experimenterBody = record({ kind: kind("experimenter"), experimenter: u32, expType: u32, bytes: data });

const featureId = fc.oneof(
  record({ type: fc.integer({ min: 0, max: 30 }) }),
  record({ type: fc.constant(0xffff), experimenter: u32 }),
);
const oxmId = fc.oneof(
  record({
    oxmClass: fc.constant(0x8000),
    fieldNumber: fc.integer({ min: 0, max: 127 }),
    hasMask: fc.boolean(),
    length: u8,
  }),
  record({
    ...{
      oxmClass: fc.constant(0xffff),
      fieldNumber: fc.integer({ min: 0, max: 127 }),
      hasMask: fc.boolean(),
      length: u8,
    },
    experimenter: u32,
  }),
);
const miss = fc.boolean();
const property: Arbitrary<TableFeatureProperty> = fc.oneof(
  record({ kind: fc.constantFrom("instructions", "write_actions", "apply_actions"), miss, ids: list(featureId) }),
  record({ kind: kind("next_tables"), miss, tableIds: list(u8) }),
  record({ kind: fc.constantFrom("match", "wildcards"), oxms: list(oxmId) }),
  record({ kind: fc.constantFrom("write_setfield", "apply_setfield"), miss, oxms: list(oxmId) }),
  record({ kind: kind("experimenter"), miss, experimenter: u32, expType: u32, bytes: data }),
  record({ kind: kind("unknown"), type: fc.constant(0x77), bytes: data }),
) as Arbitrary<TableFeatureProperty>;
const tables = list(
  record({
    ...{ tableId: u8, name: name(31), metadataMatch: u64, metadataWrite: u64, config: u32, maxEntries: u32 },
    properties: list(property),
  }),
  2,
);

const requestBody: Arbitrary<MultipartRequestBody> = fc.oneof(
  record({ kind: fc.constantFrom("desc", "table", "group_desc", "group_features", "meter_features", "port_desc") }),
  record({ kind: fc.constantFrom("flow", "aggregate"), ...filter }),
  record({ kind: fc.constantFrom("meter", "meter_config"), meterId: u32 }),
  record({ kind: kind("group"), groupId: u32 }),
  record({ kind: kind("port_stats"), portNo: u32 }),
  record({ kind: kind("queue"), portNo: u32, queueId: u32 }),
  record({ kind: kind("table_features"), tables }),
  record({
    kind: kind("onf_flow_monitor"),
    monitors: list(record({ monitorId: u32, flags: u16, outPort: u32, tableId: u8, match })),
  }),
  experimenterBody,
  unknownBody,
) as Arbitrary<MultipartRequestBody>;

const portStats = record({
  ...{ portNo: u32, rxPackets: u64, txPackets: u64, rxBytes: u64, txBytes: u64, rxDropped: u64, txDropped: u64 },
  ...{ rxErrors: u64, txErrors: u64, rxFrameErrors: u64, rxOverErrors: u64, rxCrcErrors: u64, collisions: u64 },
  ...duration,
});
const replyBody: Arbitrary<MultipartReplyBody> = fc.oneof(
  record({
    kind: kind("desc"),
    desc: record({ mfr: name(255), hw: name(255), sw: name(255), serial: name(31), dp: name(255) }),
  }),
  record({
    kind: kind("flow"),
    flows: list(
      record({
        ...{ tableId: u8, ...duration, priority: u16, ...timeouts, flags: u16, cookie: u64, ...counters, match },
        instructions: list(instruction, 3),
      }),
    ),
  }),
  record({ kind: kind("aggregate"), aggregate: record({ ...counters, flowCount: u32 }) }),
  record({
    kind: kind("table"),
    tables: list(record({ tableId: u8, activeCount: u32, lookupCount: u64, matchedCount: u64 })),
  }),
  record({
    kind: kind("group_desc"),
    groups: list(record({ type: groupType, groupId: u32, buckets: list(bucket, 3) })),
  }),
  record({
    kind: kind("group_features"),
    features: record({ types: u32, capabilities: u32, maxGroups: perType, actions: perType }),
  }),
  record({ kind: kind("meter_config"), meters: list(record({ flags: u16, meterId: u32, bands: list(band) })) }),
  record({
    kind: kind("meter_features"),
    features: record({ maxMeter: u32, bandTypes: u32, capabilities: u32, maxBands: u8, maxColor: u8 }),
  }),
  record({ kind: kind("port_desc"), ports: list(port) }),
  record({ kind: kind("port_stats"), ports: list(portStats) }),
  record({
    kind: kind("queue"),
    queues: list(record({ portNo: u32, queueId: u32, txBytes: u64, txPackets: u64, txErrors: u64, ...duration })),
  }),
  record({
    kind: kind("group"),
    groups: list(record({ groupId: u32, refCount: u32, ...counters, ...duration, buckets: list(record(counters)) })),
  }),
  record({
    kind: kind("meter"),
    meters: list(
      record({
        ...{ meterId: u32, flowCount: u32, packetInCount: u64, byteInCount: u64, ...duration },
        bands: list(record({ packetBandCount: u64, byteBandCount: u64 })),
      }),
    ),
  }),
  record({ kind: kind("table_features"), tables }),
  record({
    kind: kind("onf_flow_monitor"),
    updates: list(
      fc.oneof(
        record({
          ...{ kind: fc.constantFrom("added", "deleted", "modified"), reason: u16, priority: u16, ...timeouts },
          ...{ tableId: u8, cookie: u64, match, instructions: list(instruction, 3) },
        }),
        record({ kind: kind("abbreviated"), xid: u32 }),
      ),
    ),
  }),
  experimenterBody,
  unknownBody,
) as Arbitrary<MultipartReplyBody>;

const xid = u32;
const mask = fc.tuple(u32, u32);
const queueProperty = fc.oneof(
  record({ kind: fc.constantFrom("min_rate", "max_rate"), rate: u16 }),
  record({ kind: kind("experimenter"), experimenter: u32, bytes: eights() }),
  record({ kind: kind("unknown"), type: fc.constant(77), bytes: eights() }),
);

/** One generator for each kind, by name. */
export const PLAIN: Readonly<Record<string, Arbitrary<PlainMessage>>> = {
  hello: record({
    ...{ kind: kind("hello"), xid, version: fc.integer({ min: 1, max: 6 }) },
    elements: list(
      fc.oneof(
        record({ kind: kind("version_bitmap"), bitmaps: list(u32) }),
        record({ kind: kind("unknown"), type: fc.constant(9), bytes: data }),
      ),
    ),
  }),
  error: record({ kind: kind("error"), xid, type: fc.integer({ min: 0, max: 0xfffe }), code: u16, data }),
  experimenter_error: record({ kind: kind("experimenter_error"), xid, expType: u16, experimenter: u32, data }),
  echo: record({ kind: fc.constantFrom("echo_request", "echo_reply"), xid, data }),
  empty: record({
    kind: fc.constantFrom(
      "features_request",
      "get_config_request",
      "barrier_request",
      "barrier_reply",
      "get_async_request",
    ),
    xid,
  }),
  features_reply: record({
    ...{ kind: kind("features_reply"), xid, datapathId: u64, nBuffers: u32, nTables: u8, auxiliaryId: u8 },
    ...{ capabilities: u32, reserved: u32 },
  }),
  config: record({ kind: fc.constantFrom("get_config_reply", "set_config"), xid, flags: u16, missSendLen: u16 }),
  packet_in: record({
    ...{
      kind: kind("packet_in"),
      xid,
      bufferId: u32,
      totalLen: u16,
      reason: u8,
      tableId: u8,
      cookie: u64,
      match,
      data,
    },
  }),
  packet_out: record({ kind: kind("packet_out"), xid, bufferId: u32, inPort: u32, actions: list(action), data }),
  flow_mod: record({
    ...{ kind: kind("flow_mod"), xid, cookie: u64, cookieMask: u64, tableId: u8, ...timeouts, priority: u16 },
    command: fc.constantFrom("add", "modify", "modify_strict", "delete", "delete_strict"),
    ...{ bufferId: u32, outPort: u32, outGroup: u32, flags: u16, match, instructions: list(instruction) },
  }),
  flow_removed: record({
    ...{
      kind: kind("flow_removed"),
      xid,
      cookie: u64,
      priority: u16,
      reason: u8,
      tableId: u8,
      ...duration,
      ...timeouts,
    },
    ...{ ...counters, match },
  }),
  group_mod: record({
    ...{ kind: kind("group_mod"), xid, command: fc.constantFrom("add", "modify", "delete"), type: groupType },
    ...{ groupId: u32, buckets: list(bucket) },
  }),
  meter_mod: record({
    ...{ kind: kind("meter_mod"), xid, command: fc.constantFrom("add", "modify", "delete"), flags: u16, meterId: u32 },
    bands: list(band),
  }),
  port_status: record({ kind: kind("port_status"), xid, reason: fc.constantFrom("add", "delete", "modify"), port }),
  port_mod: record({ kind: kind("port_mod"), xid, portNo: u32, hwAddr: mac, config: u32, mask: u32, advertise: u32 }),
  table_mod: record({ kind: kind("table_mod"), xid, tableId: u8, config: u32 }),
  role: record({
    ...{ kind: fc.constantFrom("role_request", "role_reply"), xid, generationId: u64 },
    role: fc.constantFrom("nochange", "equal", "master", "slave"),
  }),
  async: record({
    ...{ kind: fc.constantFrom("get_async_reply", "set_async"), xid, packetIn: mask, portStatus: mask },
    flowRemoved: mask,
  }),
  queue_request: record({ kind: kind("queue_get_config_request"), xid, port: u32 }),
  queue_reply: record({
    ...{ kind: kind("queue_get_config_reply"), xid, port: u32 },
    queues: list(record({ queueId: u32, port: u32, properties: list(queueProperty) })),
  }),
  experimenter: record({ kind: kind("experimenter"), xid, experimenter: fc.constant(0x12345678), expType: u32, data }),
  multipart_request: record({ kind: kind("multipart_request"), xid, flags: u16, body: requestBody }),
  multipart_reply: record({ kind: kind("multipart_reply"), xid, flags: u16, body: replyBody }),
} as Readonly<Record<string, Arbitrary<PlainMessage>>>;

const CONTROL_TYPES = ["open", "close", "commit", "discard"].flatMap((verb) => [`${verb}_request`, `${verb}_reply`]);

export const BUNDLES: Readonly<Record<string, Arbitrary<OpenFlowMessage>>> = {
  bundle_control: record({
    ...{ kind: kind("bundle_control"), xid, bundleId: u32, type: fc.constantFrom(...CONTROL_TYPES), flags: u16 },
  }),
  bundle_add: record(
    {
      kind: kind("bundle_add"),
      xid,
      bundleId: u32,
      flags: u16,
      message: fc.oneof(...Object.values(PLAIN)),
      properties: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    },
    { requiredKeys: ["kind", "xid", "bundleId", "flags", "message"] },
  ),
} as Readonly<Record<string, Arbitrary<OpenFlowMessage>>>;

const tlvMaps = list(record({ optionClass: u16, optionType: u8, optionLen: u8, index: u16 }));

export const EXTENSIONS: Readonly<Record<string, Arbitrary<OpenFlowMessage>>> = {
  packet_in2: record(
    {
      ...{ kind: fc.constantFrom("nx_packet_in2", "nx_resume"), xid, packet: data, fullLen: u32, bufferId: u32 },
      ...{ tableId: u8, cookie: u64, reason: u8, metadata: match, userdata: data, continuation: data },
    },
    { requiredKeys: ["kind", "xid"] },
  ),
  tlv_table_mod: record({
    ...{ kind: kind("nx_tlv_table_mod"), xid, command: fc.constantFrom("add", "delete", "clear"), maps: tlvMaps },
  }),
  tlv_table_reply: record({
    ...{ kind: kind("nx_tlv_table_reply"), xid, maxOptionSpace: u32, maxFields: u16, maps: tlvMaps },
  }),
  small: fc.oneof(
    record({ kind: kind("nx_set_packet_in_format"), xid, format: u32 }),
    record({ kind: kind("nx_set_controller_id"), xid, controllerId: u16 }),
    record({ kind: kind("nx_ct_flush_zone"), xid, zone: u16 }),
    record({ kind: kind("onf_role_status"), xid, role: u32, reason: u8, generationId: u64 }),
    record({ kind: kind("onf_flow_monitor_cancel"), xid, monitorId: u32 }),
    record({
      kind: fc.constantFrom("nx_tlv_table_request", "onf_flow_monitor_paused", "onf_flow_monitor_resumed"),
      xid,
    }),
  ),
} as Readonly<Record<string, Arbitrary<OpenFlowMessage>>>;

export const ANY_MESSAGE: Arbitrary<OpenFlowMessage> = fc.oneof(
  ...Object.values(PLAIN),
  ...Object.values(BUNDLES),
  ...Object.values(EXTENSIONS),
);
