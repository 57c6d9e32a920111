// Experimenter messages that this library knows: Open vSwitch's (Nicira) and the ONF's, but for bundles.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { EXPERIMENTER_ID } from "../constants.ts";
import { decodePacketIn2, encodePacketIn2, type NxPacketIn2 } from "./packet-in2.ts";
import {
  decodeTlvTableMod,
  decodeTlvTableReply,
  encodeTlvTableMod,
  encodeTlvTableReply,
  type NxTlvTableMod,
  type NxTlvTableReply,
} from "./tlv-table.ts";

/** NXPIF: how the switch is to send packet-ins. 0 is the specification's form, 2 is nx_packet_in2. */
export interface NxSetPacketInFormat {
  readonly kind: "nx_set_packet_in_format";
  readonly xid: number;
  readonly format: number;
}

/** From now on the connection gets what `controller(id=N)` sends. */
export interface NxSetControllerId {
  readonly kind: "nx_set_controller_id";
  readonly xid: number;
  readonly controllerId: number;
}

export interface NxCtFlushZone {
  readonly kind: "nx_ct_flush_zone";
  readonly xid: number;
  readonly zone: number;
}

export interface NxTlvTableRequest {
  readonly kind: "nx_tlv_table_request";
  readonly xid: number;
}

/** ONF extension 191: the switch tells a controller that its role has changed. */
export interface OnfRoleStatus {
  readonly kind: "onf_role_status";
  readonly xid: number;
  /** OFPCR_ROLE number. */
  readonly role: number;
  /** OFPCRR: 0 master request, 1 configuration, 2 experimenter. */
  readonly reason: number;
  readonly generationId: bigint;
}

/** ONF extension 187: ends a flow monitor. */
export interface OnfFlowMonitorCancel {
  readonly kind: "onf_flow_monitor_cancel";
  readonly xid: number;
  readonly monitorId: number;
}

/** ONF extension 187: the switch cannot keep up, and can again. */
export interface OnfFlowMonitorState {
  readonly kind: "onf_flow_monitor_paused" | "onf_flow_monitor_resumed";
  readonly xid: number;
}

export type ExtensionMessage =
  | NxPacketIn2
  | NxSetPacketInFormat
  | NxSetControllerId
  | NxCtFlushZone
  | NxTlvTableMod
  | NxTlvTableRequest
  | NxTlvTableReply
  | OnfRoleStatus
  | OnfFlowMonitorCancel
  | OnfFlowMonitorState;

type Kind = ExtensionMessage["kind"];

const NICIRA = EXPERIMENTER_ID.NICIRA;
const ONF = EXPERIMENTER_ID.ONF;

/** Each message's experimenter and type (include/openflow/nicira-ext.h and the ONF's extensions for 1.3). */
const IDENTITIES: Readonly<Record<Kind, readonly [experimenter: number, expType: number]>> = {
  nx_set_packet_in_format: [NICIRA, 16],
  nx_set_controller_id: [NICIRA, 20],
  nx_tlv_table_mod: [NICIRA, 24],
  nx_tlv_table_request: [NICIRA, 25],
  nx_tlv_table_reply: [NICIRA, 26],
  nx_resume: [NICIRA, 28],
  nx_ct_flush_zone: [NICIRA, 29],
  nx_packet_in2: [NICIRA, 30],
  onf_flow_monitor_cancel: [ONF, 1870],
  onf_flow_monitor_paused: [ONF, 1871],
  onf_flow_monitor_resumed: [ONF, 1872],
  onf_role_status: [ONF, 1911],
};

const BY_TYPE = new Map<number, Kind>();
const BY_ONF_TYPE = new Map<number, Kind>();
for (const [kind, [experimenter, expType]] of Object.entries(IDENTITIES)) {
  (experimenter === NICIRA ? BY_TYPE : BY_ONF_TYPE).set(expType, kind as Kind);
}

/** The body after the experimenter's type. Undefined for what this library does not know. */
export function decodeExtension(
  r: ByteReader,
  xid: number,
  experimenter: number,
  expType: number,
): ExtensionMessage | undefined {
  const kind =
    experimenter === NICIRA ? BY_TYPE.get(expType) : experimenter === ONF ? BY_ONF_TYPE.get(expType) : undefined;
  switch (kind) {
    case undefined:
      return undefined;
    case "nx_packet_in2":
    case "nx_resume":
      return decodePacketIn2(r, xid, kind);
    case "nx_set_packet_in_format":
      return { kind, xid, format: r.u32("set_packet_in_format.format") };
    case "nx_set_controller_id":
      r.skip(6, "set_controller_id.pad");
      return { kind, xid, controllerId: r.u16("set_controller_id.controller_id") };
    case "nx_ct_flush_zone":
      r.skip(6, "ct_flush_zone.pad");
      return { kind, xid, zone: r.u16("ct_flush_zone.zone_id") };
    case "nx_tlv_table_mod":
      return decodeTlvTableMod(r, xid);
    case "nx_tlv_table_reply":
      return decodeTlvTableReply(r, xid);
    case "onf_role_status": {
      const role = r.u32("role_status.role");
      const reason = r.u8("role_status.reason");
      r.skip(3, "role_status.pad");
      return { kind, xid, role, reason, generationId: r.u64("role_status.generation_id") };
    }
    case "onf_flow_monitor_cancel":
      return { kind, xid, monitorId: r.u32("flow_monitor_cancel.id") };
    case "nx_tlv_table_request":
    case "onf_flow_monitor_paused":
    case "onf_flow_monitor_resumed":
      return { kind, xid };
  }
}

export function isExtension(message: { readonly kind: string }): message is ExtensionMessage {
  return Object.hasOwn(IDENTITIES, message.kind);
}

/** Experimenter, type and body. */
export function encodeExtension(w: ByteWriter, m: ExtensionMessage): void {
  const [experimenter, expType] = IDENTITIES[m.kind];
  w.u32(experimenter);
  w.u32(expType);
  switch (m.kind) {
    case "nx_packet_in2":
    case "nx_resume":
      encodePacketIn2(w, m);
      return;
    case "nx_set_packet_in_format":
      w.u32(m.format, "set_packet_in_format.format");
      return;
    case "nx_set_controller_id":
      w.zeros(6);
      w.u16(m.controllerId, "set_controller_id.controller_id");
      return;
    case "nx_ct_flush_zone":
      w.zeros(6);
      w.u16(m.zone, "ct_flush_zone.zone_id");
      return;
    case "nx_tlv_table_mod":
      encodeTlvTableMod(w, m);
      return;
    case "nx_tlv_table_reply":
      encodeTlvTableReply(w, m);
      return;
    case "onf_role_status":
      w.u32(m.role, "role_status.role");
      w.u8(m.reason, "role_status.reason");
      w.zeros(3);
      w.u64(m.generationId, "role_status.generation_id");
      return;
    case "onf_flow_monitor_cancel":
      w.u32(m.monitorId, "flow_monitor_cancel.id");
      return;
    case "nx_tlv_table_request":
    case "onf_flow_monitor_paused":
    case "onf_flow_monitor_resumed":
      return;
  }
}
