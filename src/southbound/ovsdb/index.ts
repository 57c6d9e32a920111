// OVSDB sessions with hosts.
export { DEFAULT_LIVENESS, type LivenessOptions } from "./liveness.ts";
export { type OvsdbOptions, serveOvsdb } from "./serve.ts";
export type { OvsdbHandlers, OvsdbSession } from "./session.ts";
