// MULTIPART_REQUEST and MULTIPART_REPLY (OpenFlow 1.3.5, section 7.3.5): the envelope and the union of its bodies.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { EXPERIMENTER_ID, OFPMP } from "../constants.ts";
import { decodePortDesc, encodePortDesc, type PortDesc } from "../port-desc.ts";
import { decodeDesc, encodeDesc, type SwitchDesc } from "./desc.ts";
import {
  type AggregateStats,
  decodeAggregate,
  decodeFlowFilter,
  decodeFlowStatsList,
  encodeAggregate,
  encodeFlowFilter,
  encodeFlowStatsList,
  type FlowFilter,
  type FlowStats,
} from "./flow.ts";
import {
  decodeFlowMonitors,
  decodeFlowUpdates,
  encodeFlowMonitors,
  encodeFlowUpdates,
  type FlowMonitor,
  type FlowUpdate,
  ONFMP_FLOW_MONITOR,
} from "./flow-monitor.ts";
import {
  decodeGroupDescList,
  decodeGroupFeatures,
  encodeGroupDescList,
  encodeGroupFeatures,
  type GroupDesc,
  type GroupFeatures,
} from "./group.ts";
import {
  decodeGroupId,
  decodeGroupStatsList,
  encodeGroupId,
  encodeGroupStatsList,
  type GroupStats,
} from "./group-stats.ts";
import {
  decodeMeterConfigList,
  decodeMeterFeatures,
  decodeMeterId,
  encodeMeterConfigList,
  encodeMeterFeatures,
  encodeMeterId,
  type MeterConfig,
  type MeterFeatures,
} from "./meter.ts";
import { decodeMeterStatsList, encodeMeterStatsList, type MeterStats } from "./meter-stats.ts";
import { decodePortNo, decodePortStatsList, encodePortNo, encodePortStatsList, type PortStats } from "./port-stats.ts";
import {
  decodeQueueFilter,
  decodeQueueStatsList,
  encodeQueueFilter,
  encodeQueueStatsList,
  type QueueFilter,
  type QueueStats,
} from "./queue.ts";
import { decodeTableStatsList, encodeTableStatsList, type TableStats } from "./table.ts";
import { decodeTableFeaturesList, encodeTableFeaturesList, type TableFeatures } from "./table-features.ts";

export interface UnknownBody {
  readonly kind: "unknown";
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface ExperimenterBody {
  readonly kind: "experimenter";
  readonly experimenter: number;
  readonly expType: number;
  readonly bytes: Uint8Array;
}

export type MultipartRequestBody =
  | { readonly kind: "desc" | "table" | "group_desc" | "group_features" | "meter_features" | "port_desc" }
  | ({ readonly kind: "flow" | "aggregate" } & FlowFilter)
  | { readonly kind: "meter_config" | "meter"; readonly meterId: number }
  | { readonly kind: "group"; readonly groupId: number }
  | { readonly kind: "port_stats"; readonly portNo: number }
  | ({ readonly kind: "queue" } & QueueFilter)
  /** Empty: asks for the features. Otherwise sets them. */
  | { readonly kind: "table_features"; readonly tables: readonly TableFeatures[] }
  | { readonly kind: "onf_flow_monitor"; readonly monitors: readonly FlowMonitor[] }
  | ExperimenterBody
  | UnknownBody;

export type MultipartReplyBody =
  | { readonly kind: "desc"; readonly desc: SwitchDesc }
  | { readonly kind: "flow"; readonly flows: readonly FlowStats[] }
  | { readonly kind: "aggregate"; readonly aggregate: AggregateStats }
  | { readonly kind: "table"; readonly tables: readonly TableStats[] }
  | { readonly kind: "group_desc"; readonly groups: readonly GroupDesc[] }
  | { readonly kind: "group_features"; readonly features: GroupFeatures }
  | { readonly kind: "meter_config"; readonly meters: readonly MeterConfig[] }
  | { readonly kind: "meter_features"; readonly features: MeterFeatures }
  | { readonly kind: "port_desc"; readonly ports: readonly PortDesc[] }
  | { readonly kind: "meter"; readonly meters: readonly MeterStats[] }
  | { readonly kind: "group"; readonly groups: readonly GroupStats[] }
  | { readonly kind: "port_stats"; readonly ports: readonly PortStats[] }
  | { readonly kind: "queue"; readonly queues: readonly QueueStats[] }
  | { readonly kind: "table_features"; readonly tables: readonly TableFeatures[] }
  /** With the request's xid the flows that were there, later with xid 0 what changed. */
  | { readonly kind: "onf_flow_monitor"; readonly updates: readonly FlowUpdate[] }
  | ExperimenterBody
  | UnknownBody;

export interface MultipartRequest {
  readonly kind: "multipart_request";
  readonly xid: number;
  /** OFPMPF_REQ_MORE. */
  readonly flags: number;
  readonly body: MultipartRequestBody;
}

export interface MultipartReply {
  readonly kind: "multipart_reply";
  readonly xid: number;
  /** OFPMPF_REPLY_MORE: more parts follow under the same xid. */
  readonly flags: number;
  readonly body: MultipartReplyBody;
}

const TYPE_NUMBERS = {
  desc: OFPMP.DESC,
  flow: OFPMP.FLOW,
  aggregate: OFPMP.AGGREGATE,
  table: OFPMP.TABLE,
  group_desc: OFPMP.GROUP_DESC,
  group_features: OFPMP.GROUP_FEATURES,
  meter_config: OFPMP.METER_CONFIG,
  meter_features: OFPMP.METER_FEATURES,
  port_desc: OFPMP.PORT_DESC,
  port_stats: OFPMP.PORT_STATS,
  queue: OFPMP.QUEUE,
  group: OFPMP.GROUP,
  meter: OFPMP.METER,
  table_features: OFPMP.TABLE_FEATURES,
  experimenter: OFPMP.EXPERIMENTER,
  onf_flow_monitor: OFPMP.EXPERIMENTER,
} as const;

function unknownBody(r: ByteReader, type: number): UnknownBody {
  return { kind: "unknown", type, bytes: r.bytes(r.remaining, "multipart.body") };
}

/** `known` gives the value form of a flow monitor's body, or undefined to have the bytes kept. */
function decodeExperimenter<T>(r: ByteReader, known: (r: ByteReader) => T | undefined): T | ExperimenterBody {
  const experimenter = r.u32("multipart.experimenter");
  const expType = r.u32("multipart.exp_type");
  if (experimenter === EXPERIMENTER_ID.ONF && expType === ONFMP_FLOW_MONITOR) {
    const start = r.position;
    const body = known(r);
    if (body !== undefined) return body;
    r.position = start;
  }
  return { kind: "experimenter", experimenter, expType, bytes: r.bytes(r.remaining, "multipart.body") };
}

function decodeMonitors(r: ByteReader): MultipartRequestBody | undefined {
  const monitors = decodeFlowMonitors(r);
  return monitors === undefined ? undefined : { kind: "onf_flow_monitor", monitors };
}

function decodeUpdates(r: ByteReader): MultipartReplyBody | undefined {
  const updates = decodeFlowUpdates(r);
  return updates === undefined ? undefined : { kind: "onf_flow_monitor", updates };
}

function encodeFlowMonitorHeader(w: ByteWriter): void {
  w.u32(EXPERIMENTER_ID.ONF);
  w.u32(ONFMP_FLOW_MONITOR);
}

function encodeExperimenter(w: ByteWriter, body: ExperimenterBody): void {
  w.u32(body.experimenter, "multipart.experimenter");
  w.u32(body.expType, "multipart.exp_type");
  w.bytes(body.bytes);
}

function decodeRequestBody(r: ByteReader, type: number): MultipartRequestBody {
  switch (type) {
    case OFPMP.DESC:
      return { kind: "desc" };
    case OFPMP.FLOW:
      return { kind: "flow", ...decodeFlowFilter(r) };
    case OFPMP.AGGREGATE:
      return { kind: "aggregate", ...decodeFlowFilter(r) };
    case OFPMP.TABLE:
      return { kind: "table" };
    case OFPMP.GROUP_DESC:
      return { kind: "group_desc" };
    case OFPMP.GROUP_FEATURES:
      return { kind: "group_features" };
    case OFPMP.METER_CONFIG:
      return { kind: "meter_config", meterId: decodeMeterId(r) };
    case OFPMP.METER_FEATURES:
      return { kind: "meter_features" };
    case OFPMP.PORT_DESC:
      return { kind: "port_desc" };
    case OFPMP.PORT_STATS:
      return { kind: "port_stats", portNo: decodePortNo(r) };
    case OFPMP.QUEUE:
      return { kind: "queue", ...decodeQueueFilter(r) };
    case OFPMP.GROUP:
      return { kind: "group", groupId: decodeGroupId(r) };
    case OFPMP.METER:
      return { kind: "meter", meterId: decodeMeterId(r) };
    case OFPMP.TABLE_FEATURES:
      return { kind: "table_features", tables: decodeTableFeaturesList(r) };
    case OFPMP.EXPERIMENTER:
      return decodeExperimenter(r, decodeMonitors);
    default:
      return unknownBody(r, type);
  }
}

export function decodeMultipartRequest(r: ByteReader, xid: number): MultipartRequest {
  const type = r.u16("multipart.type");
  const flags = r.u16("multipart.flags");
  r.skip(4, "multipart.pad");
  return { kind: "multipart_request", xid, flags, body: decodeRequestBody(r, type) };
}

export function encodeMultipartRequest(w: ByteWriter, m: MultipartRequest): void {
  const body = m.body;
  w.u16(body.kind === "unknown" ? body.type : TYPE_NUMBERS[body.kind], "multipart.type");
  w.u16(m.flags, "multipart.flags");
  w.zeros(4);
  switch (body.kind) {
    case "unknown":
      w.bytes(body.bytes);
      return;
    case "experimenter":
      encodeExperimenter(w, body);
      return;
    case "onf_flow_monitor":
      encodeFlowMonitorHeader(w);
      encodeFlowMonitors(w, body.monitors);
      return;
    case "flow":
    case "aggregate":
      encodeFlowFilter(w, body);
      return;
    case "meter":
    case "meter_config":
      encodeMeterId(w, body.meterId);
      return;
    case "group":
      encodeGroupId(w, body.groupId);
      return;
    case "port_stats":
      encodePortNo(w, body.portNo);
      return;
    case "queue":
      encodeQueueFilter(w, body);
      return;
    case "table_features":
      encodeTableFeaturesList(w, body.tables);
      return;
    case "desc":
    case "table":
    case "group_desc":
    case "group_features":
    case "meter_features":
    case "port_desc":
      return;
  }
}

function decodeReplyBody(r: ByteReader, type: number): MultipartReplyBody {
  switch (type) {
    case OFPMP.DESC:
      return { kind: "desc", desc: decodeDesc(r) };
    case OFPMP.FLOW:
      return { kind: "flow", flows: decodeFlowStatsList(r) };
    case OFPMP.AGGREGATE:
      return { kind: "aggregate", aggregate: decodeAggregate(r) };
    case OFPMP.TABLE:
      return { kind: "table", tables: decodeTableStatsList(r) };
    case OFPMP.GROUP_DESC:
      return { kind: "group_desc", groups: decodeGroupDescList(r) };
    case OFPMP.GROUP_FEATURES:
      return { kind: "group_features", features: decodeGroupFeatures(r) };
    case OFPMP.METER_CONFIG:
      return { kind: "meter_config", meters: decodeMeterConfigList(r) };
    case OFPMP.METER_FEATURES:
      return { kind: "meter_features", features: decodeMeterFeatures(r) };
    case OFPMP.PORT_DESC: {
      const ports: PortDesc[] = [];
      while (r.remaining > 0) ports.push(decodePortDesc(r));
      return { kind: "port_desc", ports };
    }
    case OFPMP.PORT_STATS:
      return { kind: "port_stats", ports: decodePortStatsList(r) };
    case OFPMP.QUEUE:
      return { kind: "queue", queues: decodeQueueStatsList(r) };
    case OFPMP.GROUP:
      return { kind: "group", groups: decodeGroupStatsList(r) };
    case OFPMP.METER:
      return { kind: "meter", meters: decodeMeterStatsList(r) };
    case OFPMP.TABLE_FEATURES:
      return { kind: "table_features", tables: decodeTableFeaturesList(r) };
    case OFPMP.EXPERIMENTER:
      return decodeExperimenter(r, decodeUpdates);
    default:
      return unknownBody(r, type);
  }
}

export function decodeMultipartReply(r: ByteReader, xid: number): MultipartReply {
  const type = r.u16("multipart.type");
  const flags = r.u16("multipart.flags");
  r.skip(4, "multipart.pad");
  return { kind: "multipart_reply", xid, flags, body: decodeReplyBody(r, type) };
}

export function encodeMultipartReply(w: ByteWriter, m: MultipartReply): void {
  const body = m.body;
  w.u16(body.kind === "unknown" ? body.type : TYPE_NUMBERS[body.kind], "multipart.type");
  w.u16(m.flags, "multipart.flags");
  w.zeros(4);
  switch (body.kind) {
    case "desc":
      encodeDesc(w, body.desc);
      return;
    case "flow":
      encodeFlowStatsList(w, body.flows);
      return;
    case "aggregate":
      encodeAggregate(w, body.aggregate);
      return;
    case "table":
      encodeTableStatsList(w, body.tables);
      return;
    case "group_desc":
      encodeGroupDescList(w, body.groups);
      return;
    case "group_features":
      encodeGroupFeatures(w, body.features);
      return;
    case "meter_config":
      encodeMeterConfigList(w, body.meters);
      return;
    case "meter_features":
      encodeMeterFeatures(w, body.features);
      return;
    case "port_desc":
      for (const port of body.ports) encodePortDesc(w, port);
      return;
    case "port_stats":
      encodePortStatsList(w, body.ports);
      return;
    case "queue":
      encodeQueueStatsList(w, body.queues);
      return;
    case "group":
      encodeGroupStatsList(w, body.groups);
      return;
    case "meter":
      encodeMeterStatsList(w, body.meters);
      return;
    case "table_features":
      encodeTableFeaturesList(w, body.tables);
      return;
    case "experimenter":
      encodeExperimenter(w, body);
      return;
    case "onf_flow_monitor":
      encodeFlowMonitorHeader(w);
      encodeFlowUpdates(w, body.updates);
      return;
    case "unknown":
      w.bytes(body.bytes);
  }
}
