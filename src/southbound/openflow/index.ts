// OpenFlow sessions: what the rest of the controller may use of this folder.
export { type OpenFlowOptions, serveOpenFlow } from "./connection.ts";
export { DEFAULT_TIMES, type MachineTimes } from "./machine.ts";
export type {
  ApplicableMessage,
  ApplyResult,
  FlowNews,
  OpenFlowHandlers,
  OpenFlowSession,
  PacketOutRequest,
  RefusedMessage,
  SessionError,
} from "./session.ts";
