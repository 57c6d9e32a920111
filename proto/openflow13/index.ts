// The public entry of the OpenFlow 1.3 codec.
export type {
  Action,
  ExperimenterAction,
  NiciraAction,
  NxBundle,
  NxClone,
  NxController2,
  NxCt,
  NxLearn,
  NxLearn2,
  NxLearnSource,
  NxLearnSpec,
  NxLearnTarget,
  NxMultipath,
  NxNat,
  NxNote,
  NxRegLoad,
  NxRegMove,
  NxSample,
  StandardAction,
} from "./action-types.ts";
export type { Bucket, GroupType } from "./bucket.ts";
export {
  canonicalFlow,
  canonicalFlowKey,
  canonicalGroup,
  canonicalInstructions,
  canonicalMeter,
} from "./canonical.ts";
export { canonicalActions } from "./canonical-actions.ts";
export { canonicalMatch } from "./canonical-match.ts";
export { checkMatch, type MatchProblem } from "./check-match.ts";
export { decode, decodeRange, encode, encodeAll, peekHeader } from "./codec.ts";
export * from "./constants.ts";
export { describeError, describeExperimenterError, type ErrorNames, errorNumbers } from "./error-names.ts";
export type {
  ExtensionMessage,
  NxCtFlushZone,
  NxSetControllerId,
  NxSetPacketInFormat,
  NxTlvTableRequest,
  OnfFlowMonitorCancel,
  OnfFlowMonitorState,
  OnfRoleStatus,
} from "./extensions/extension.ts";
export type { NxPacketIn2 } from "./extensions/packet-in2.ts";
export type { NxTlvTableMod, NxTlvTableReply, TlvMap } from "./extensions/tlv-table.ts";
export { type FrameHandler, MessageFramer } from "./framer.ts";
export type { Instruction } from "./instruction.ts";
export type { BundleAdd, OpenFlowMessage, OpenFlowMessageWithoutXid, PlainMessage } from "./message.ts";
export type { AsyncConfig, AsyncMask } from "./messages/async.ts";
export type { BundleControl, BundleControlType } from "./messages/bundle.ts";
export type { SwitchConfig } from "./messages/config.ts";
export type { Echo } from "./messages/echo.ts";
export type { EmptyMessage } from "./messages/empty.ts";
export type { ErrorMessage, ExperimenterError } from "./messages/error.ts";
export type { ExperimenterMessage } from "./messages/experimenter.ts";
export type { FeaturesReply } from "./messages/features.ts";
export type { FlowMod, FlowModCommand } from "./messages/flow-mod.ts";
export type { FlowRemoved } from "./messages/flow-removed.ts";
export type { GroupMod } from "./messages/group-mod.ts";
export { type Hello, type HelloElement, negotiateVersion } from "./messages/hello.ts";
export type { MeterMod } from "./messages/meter-mod.ts";
export type { PacketIn } from "./messages/packet-in.ts";
export type { PacketOut } from "./messages/packet-out.ts";
export type { PortMod } from "./messages/port-mod.ts";
export type { PortStatus } from "./messages/port-status.ts";
export type {
  PacketQueue,
  QueueGetConfigReply,
  QueueGetConfigRequest,
  QueueProperty,
} from "./messages/queue-config.ts";
export type { ControllerRole, RoleMessage } from "./messages/role.ts";
export type { TableMod } from "./messages/table-mod.ts";
export type { MeterBand } from "./meter-band.ts";
export type { SwitchDesc } from "./multipart/desc.ts";
export type { AggregateStats, FlowFilter, FlowStats } from "./multipart/flow.ts";
export { FLOW_FILTER_ALL } from "./multipart/flow.ts";
export type { FlowMonitor, FlowUpdate, FlowUpdateAbbreviated, FlowUpdateFull } from "./multipart/flow-monitor.ts";
export { ONFFMF } from "./multipart/flow-monitor.ts";
export type { GroupDesc, GroupFeatures } from "./multipart/group.ts";
export type { BucketCounter, GroupStats } from "./multipart/group-stats.ts";
export type { MeterConfig, MeterFeatures } from "./multipart/meter.ts";
export type { MeterBandStats, MeterStats } from "./multipart/meter-stats.ts";
export type {
  ExperimenterBody,
  MultipartReply,
  MultipartReplyBody,
  MultipartRequest,
  MultipartRequestBody,
  UnknownBody,
} from "./multipart/multipart.ts";
export type { PortStats } from "./multipart/port-stats.ts";
export type { QueueFilter, QueueStats } from "./multipart/queue.ts";
export type { TableStats } from "./multipart/table.ts";
export type { FeatureId, OxmId, TableFeatureProperty, TableFeatures } from "./multipart/table-features.ts";
export type { Match, OxmTlv, OxmUnknown, OxmValue } from "./oxm.ts";
export type { OxmField, OxmFormat, OxmName, OxmPrerequisite } from "./oxm-fields.ts";
export { OXM_CLASS, OXM_EXPERIMENTER, OXM_FIELDS, oxmFieldByName, oxmFieldByNumber } from "./oxm-fields.ts";
export type { PortDesc } from "./port-desc.ts";
export { BUNDLE_ADD_LENGTH, messageRoom, putBundleAdd, putMessage } from "./reuse.ts";
export { formatActions, formatInstructions } from "./text/format-actions.ts";
export { type FormattableFlow, formatFlow, formatGroup, formatMeter } from "./text/format-flow.ts";
export { formatMatch } from "./text/format-match.ts";
export { formatPort } from "./text/format-value.ts";
export { parseActions, parseInstructions } from "./text/parse-actions.ts";
export { parseFlow } from "./text/parse-flow.ts";
export { parseGroup, parseMeter } from "./text/parse-group.ts";
export { parseMatch } from "./text/parse-match.ts";
