// The union of all messages.
import type { ExtensionMessage } from "./extensions/extension.ts";
import type { AsyncConfig } from "./messages/async.ts";
import type { BundleAddOf, BundleControl } from "./messages/bundle.ts";
import type { SwitchConfig } from "./messages/config.ts";
import type { Echo } from "./messages/echo.ts";
import type { EmptyMessage } from "./messages/empty.ts";
import type { ErrorMessage, ExperimenterError } from "./messages/error.ts";
import type { ExperimenterMessage } from "./messages/experimenter.ts";
import type { FeaturesReply } from "./messages/features.ts";
import type { FlowMod } from "./messages/flow-mod.ts";
import type { FlowRemoved } from "./messages/flow-removed.ts";
import type { GroupMod } from "./messages/group-mod.ts";
import type { Hello } from "./messages/hello.ts";
import type { MeterMod } from "./messages/meter-mod.ts";
import type { PacketIn } from "./messages/packet-in.ts";
import type { PacketOut } from "./messages/packet-out.ts";
import type { PortMod } from "./messages/port-mod.ts";
import type { PortStatus } from "./messages/port-status.ts";
import type { QueueGetConfigReply, QueueGetConfigRequest } from "./messages/queue-config.ts";
import type { RoleMessage } from "./messages/role.ts";
import type { TableMod } from "./messages/table-mod.ts";
import type { MultipartReply, MultipartRequest } from "./multipart/multipart.ts";

/** Every message that stands by itself. */
export type PlainMessage =
  | Hello
  | ErrorMessage
  | ExperimenterError
  | Echo
  | EmptyMessage
  | FeaturesReply
  | SwitchConfig
  | PacketIn
  | FlowRemoved
  | PortStatus
  | PacketOut
  | FlowMod
  | GroupMod
  | PortMod
  | TableMod
  | MeterMod
  | MultipartRequest
  | MultipartReply
  | QueueGetConfigRequest
  | QueueGetConfigReply
  | RoleMessage
  | AsyncConfig
  | ExperimenterMessage;

/** A message inside of a bundle: bundles do not nest. */
export type BundleAdd = BundleAddOf<PlainMessage>;

export type OpenFlowMessage = PlainMessage | BundleControl | BundleAdd | ExtensionMessage;

type WithoutXid<M> = M extends unknown ? Omit<M, "xid"> : never;
/** What a session is given to send: it assigns the xid. */
export type OpenFlowMessageWithoutXid = WithoutXid<OpenFlowMessage>;
