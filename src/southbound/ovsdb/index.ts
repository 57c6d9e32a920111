// OVSDB sessions with hosts, and a plain client.
export { type ClientCall, type OvsdbClient, type OvsdbClientHandlers, openOvsdbClient } from "./client.ts";
export type { LinkOptions } from "./link.ts";
export { DEFAULT_LIVENESS, type LivenessOptions } from "./liveness.ts";
export { type OvsdbOptions, serveOvsdb } from "./serve.ts";
export type { OvsdbHandlers, OvsdbSession } from "./session.ts";
