// The public entry of the api: the control socket, its client and the text of its answers.
export { WeftError } from "../../proto/bytes/errors.ts";
export type { Answer, QueryName, Views } from "./answer.ts";
export type { ConfigurationOrders } from "./commands.ts";
export { callControl } from "./control-client.ts";
export { type ControlSocket, type ControlSocketOptions, startControlSocket } from "./control-server.ts";
export type { DriftView, FindingView } from "./doctor-views.ts";
export { checkListenMethod } from "./listen-method.ts";
export type { ApplyView, PlanView } from "./plan-views.ts";
export { FORMATS, type Format, PLAIN, render, type Style } from "./render/index.ts";
export { renderJson } from "./render/json.ts";
export { planText } from "./render/plan.ts";
export { pad, paint, type Tone, widthOf } from "./render/style.ts";
export { type Column, tableLines } from "./render/table.ts";
export type { HostView, Queries, ReloadView, StatusView, TopologyView, TunnelView } from "./views.ts";
