// The public entry of the api: the control socket, its client and the text of its answers.
export { WeftError } from "../../proto/bytes/errors.ts";
export type { Answer, QueryName, Views } from "./answer.ts";
export type { CheckProgressView, CheckRequest, CheckView } from "./check-views.ts";
export type { ConfigurationOrders } from "./commands.ts";
export { callControl } from "./control-client.ts";
export {
  type Answerer,
  answerAt,
  type ControlSocket,
  type ControlSocketOptions,
  startControlSocket,
} from "./control-server.ts";
export type { DriftView, FindingView } from "./doctor-views.ts";
export type { EventView } from "./event-views.ts";
export { checkListenMethod } from "./listen-method.ts";
export type { ApplyView, PlanView } from "./plan-views.ts";
export type { RatesView } from "./rate-views.ts";
export { moment } from "./render/events.ts";
export { FORMATS, type Format, PLAIN, render, type Style } from "./render/index.ts";
export { renderJson } from "./render/json.ts";
export { type HostNames, namesOf } from "./render/names.ts";
export { planText } from "./render/plan.ts";
export { RATE_SORTS, type RateSort, ratesLines } from "./render/rates.ts";
export { pad, paint, type Tone, widthOf } from "./render/style.ts";
export { type Column, tableLines } from "./render/table.ts";
export { isDelivered, type TraceDetail, traceText } from "./render/trace.ts";
export { openSnapshot, snapshotPath, snapshotTarget } from "./snapshot/index.ts";
export type { TraceRequest, TraceView } from "./trace-views.ts";
export type { HostView, Queries, ReloadView, StatusView, TopologyView, TunnelView } from "./views.ts";
