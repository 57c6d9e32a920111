// MULTIPART_REQUEST and MULTIPART_REPLY (OpenFlow 1.3.5, section 7.3.5): the envelope and the union of its bodies.
import type { PortDesc } from "../port-desc.ts";
import type { SwitchDesc } from "./desc.ts";
import type { AggregateStats, FlowFilter, FlowStats } from "./flow.ts";
import type { GroupDesc, GroupFeatures } from "./group.ts";
import type { MeterConfig, MeterFeatures } from "./meter.ts";
import type { TableStats } from "./table.ts";

export interface UnknownBody {
  readonly kind: "unknown";
  readonly type: number;
  readonly bytes: Uint8Array;
}

export type MultipartRequestBody =
  | { readonly kind: "desc" | "table" | "group_desc" | "group_features" | "meter_features" | "port_desc" }
  | ({ readonly kind: "flow" | "aggregate" } & FlowFilter)
  | { readonly kind: "meter_config"; readonly meterId: number }
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
