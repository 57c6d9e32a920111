// A message of each kind that a switch sends, no two members of it alike, for other implementations to read.
import { fromHex } from "../../../../proto/bytes/hex.ts";
import type { Match, MultipartReplyBody, OpenFlowMessage } from "../../../../proto/openflow13/index.ts";

const MATCH: Match = [
  { field: "in_port", value: 5 },
  { field: "eth_dst", value: 0x0a0000000001n, mask: 0xffffff000000n },
  { field: "eth_type", value: 0x0800 },
  { field: "ipv4_src", value: 0x0a000000, mask: 0xff000000 },
  { field: "nx_reg3", value: 7 },
];
const PORT = {
  ...{ portNo: 3, hwAddr: "0a:00:00:00:00:03", name: "eth3", config: 0x65, state: 4, curr: 0x2840, advertised: 0x2841 },
  ...{ supported: 0x2842, peer: 0x2843, currSpeedKbps: 1_000_000, maxSpeedKbps: 10_000_000 },
};
const DURATION = { durationSec: 11, durationNsec: 12 };
const COUNTERS = { packetCount: 13n, byteCount: 14n };
const BUCKETS = [
  { weight: 5, watchPort: 1, watchGroup: 2, actions: [{ kind: "output", port: 3, maxLen: 0 } as const] },
  { weight: 6, watchPort: 0xffffffff, watchGroup: 0xffffffff, actions: [{ kind: "pop_vlan" } as const] },
];
const FLOW = {
  ...{ tableId: 2, ...DURATION, priority: 7, idleTimeoutSec: 8, hardTimeoutSec: 9, flags: 1, cookie: 0x123456789n },
  ...{ ...COUNTERS, match: MATCH },
};

function reply(body: MultipartReplyBody, flags = 0): OpenFlowMessage {
  return { kind: "multipart_reply", xid: 0x11, flags, body };
}

/** One of each kind that a switch sends, no two members alike. */
export const FROM_SWITCH: readonly (readonly [string, OpenFlowMessage])[] = [
  ["hello", { kind: "hello", xid: 0x11, version: 4, elements: [{ kind: "version_bitmap", bitmaps: [0x12] }] }],
  ["error", { kind: "error", xid: 0x11, type: 2, code: 4, data: fromHex("0414000800000007") }],
  [
    "experimenter error",
    { kind: "experimenter_error", xid: 0x11, expType: 3, experimenter: 0x12345678, data: fromHex("616263") },
  ],
  ["echo request", { kind: "echo_request", xid: 0x11, data: fromHex("70696e67") }],
  ["echo reply", { kind: "echo_reply", xid: 0x11, data: fromHex("706f6e67") }],
  [
    "experimenter",
    { kind: "experimenter", xid: 0x11, experimenter: 0x12345678, expType: 9, data: fromHex("61626364") },
  ],
  [
    "features reply",
    {
      ...{ kind: "features_reply", xid: 0x11, datapathId: 0x0a0000000001n, nBuffers: 256, nTables: 254 },
      ...{ auxiliaryId: 1, capabilities: 0x4f, reserved: 0 },
    },
  ],
  ["configuration", { kind: "get_config_reply", xid: 0x11, flags: 1, missSendLen: 128 }],
  [
    "packet-in",
    {
      ...{ kind: "packet_in", xid: 0x11, bufferId: 6, totalLen: 60, reason: 1, tableId: 10, cookie: 0x123456789n },
      ...{ match: MATCH, data: fromHex("ffffffffffff0a000000000188b5") },
    },
  ],
  [
    "flow removed",
    {
      ...{ kind: "flow_removed", xid: 0x11, cookie: 0x123456789n, priority: 7, reason: 2, tableId: 10, ...DURATION },
      ...{ idleTimeoutSec: 8, hardTimeoutSec: 9, ...COUNTERS, match: MATCH },
    },
  ],
  ["port status", { kind: "port_status", xid: 0x11, reason: "modify", port: PORT }],
  ["barrier reply", { kind: "barrier_reply", xid: 0x11 }],
  [
    "queue configuration",
    {
      ...{ kind: "queue_get_config_reply", xid: 0x11, port: 5 },
      queues: [
        {
          ...{ queueId: 1, port: 5 },
          properties: [
            { kind: "min_rate", rate: 100 },
            { kind: "max_rate", rate: 900 },
          ],
        },
      ],
    },
  ],
  ["role reply", { kind: "role_reply", xid: 0x11, role: "master", generationId: 0x123456789n }],
  [
    "asynchronous configuration",
    { kind: "get_async_reply", xid: 0x11, packetIn: [1, 2], portStatus: [3, 4], flowRemoved: [5, 6] },
  ],
  ["description", reply({ kind: "desc", desc: { mfr: "mfr", hw: "hw", sw: "sw", serial: "serial", dp: "dp" } })],
  [
    "flow statistics",
    reply(
      {
        kind: "flow",
        flows: [
          {
            ...FLOW,
            instructions: [
              { kind: "meter", meterId: 21 },
              { kind: "apply_actions", actions: [{ kind: "set_field", field: { field: "tunnel_id", value: 22n } }] },
              { kind: "write_actions", actions: [{ kind: "group", groupId: 23 }] },
              { kind: "write_metadata", metadata: 24n, mask: 25n },
              { kind: "goto_table", tableId: 26 },
            ],
          },
          { ...FLOW, tableId: 3, match: [], instructions: [] },
        ],
      },
      1,
    ),
  ],
  ["aggregate statistics", reply({ kind: "aggregate", aggregate: { ...COUNTERS, flowCount: 15 } })],
  [
    "table statistics",
    reply({ kind: "table", tables: [{ tableId: 1, activeCount: 2, lookupCount: 3n, matchedCount: 4n }] }),
  ],
  [
    "port statistics",
    reply({
      kind: "port_stats",
      ports: [
        {
          ...{ portNo: 1, rxPackets: 2n, txPackets: 3n, rxBytes: 4n, txBytes: 5n, rxDropped: 6n, txDropped: 7n },
          ...{ rxErrors: 8n, txErrors: 9n, rxFrameErrors: 10n, rxOverErrors: 11n, rxCrcErrors: 12n, collisions: 13n },
          ...{ durationSec: 14, durationNsec: 15 },
        },
      ],
    }),
  ],
  [
    "queue statistics",
    reply({
      kind: "queue",
      queues: [{ portNo: 1, queueId: 2, txBytes: 3n, txPackets: 4n, txErrors: 5n, ...DURATION }],
    }),
  ],
  [
    "group statistics",
    reply({
      kind: "group",
      groups: [
        {
          ...{ groupId: 1, refCount: 2, ...COUNTERS, ...DURATION },
          buckets: [
            { packetCount: 3n, byteCount: 4n },
            { packetCount: 5n, byteCount: 6n },
          ],
        },
      ],
    }),
  ],
  ["group descriptions", reply({ kind: "group_desc", groups: [{ type: "ff", groupId: 9, buckets: BUCKETS }] })],
  [
    "group features",
    reply({
      kind: "group_features",
      features: { types: 15, capabilities: 7, maxGroups: [1, 2, 3, 4], actions: [5, 6, 7, 8] },
    }),
  ],
  [
    "meter statistics",
    reply({
      kind: "meter",
      meters: [
        {
          ...{ meterId: 1, flowCount: 2, packetInCount: 3n, byteInCount: 4n, ...DURATION },
          bands: [{ packetBandCount: 5n, byteBandCount: 6n }],
        },
      ],
    }),
  ],
  [
    "meter configurations",
    reply({
      kind: "meter_config",
      meters: [
        {
          ...{ flags: 5, meterId: 9 },
          bands: [
            { kind: "drop", rate: 100, burstSize: 10 },
            { kind: "dscp_remark", rate: 200, burstSize: 20, precLevel: 1 },
          ],
        },
      ],
    }),
  ],
  [
    "meter features",
    reply({
      kind: "meter_features",
      features: { maxMeter: 100, bandTypes: 6, capabilities: 15, maxBands: 3, maxColor: 4 },
    }),
  ],
  ["port descriptions", reply({ kind: "port_desc", ports: [PORT, { ...PORT, portNo: 4 }] })],
  [
    "table features",
    reply({
      kind: "table_features",
      tables: [
        {
          ...{ tableId: 1, name: "classify", metadataMatch: 0xffn, metadataWrite: 0xf0n, config: 3, maxEntries: 1000 },
          properties: [
            { kind: "instructions", miss: false, ids: [{ type: 1 }, { type: 4 }] },
            { kind: "next_tables", miss: true, tableIds: [2, 3, 4] },
            { kind: "apply_actions", miss: false, ids: [{ type: 0 }, { type: 22 }] },
          ],
        },
      ],
    }),
  ],
  [
    "an experimenter's multipart",
    reply({ kind: "experimenter", experimenter: 0x12345678, expType: 9, bytes: fromHex("61626364") }),
  ],
  ["bundle control", { kind: "bundle_control", xid: 0x11, bundleId: 7, type: "commit_reply", flags: 3 }],
];
