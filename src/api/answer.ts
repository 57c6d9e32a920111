// What a query answers with, by the query's name.

import type { CheckProgressView, CheckView } from "./check-views.ts";
import type { DriftView, FindingView } from "./doctor-views.ts";
import type { EventView } from "./event-views.ts";
import type { ApplyView, PlanView } from "./plan-views.ts";
import type { RatesView } from "./rate-views.ts";
import type { TraceView } from "./trace-views.ts";
import type {
  EndpointView,
  FlowsView,
  HostView,
  NetworkView,
  PortView,
  ReloadView,
  StatusView,
  TopologyView,
  TunnelView,
  VersionView,
} from "./views.ts";
import type { WhereView } from "./where-views.ts";

export interface Views {
  readonly events: readonly EventView[];
  readonly rates: RatesView;
  readonly where: WhereView;
  readonly apply: ApplyView;
  readonly plan: PlanView;
  readonly doctor: readonly FindingView[];
  readonly drift: readonly DriftView[];
  readonly check: CheckView;
  readonly "check/progress": CheckProgressView;
  readonly endpoints: readonly EndpointView[];
  readonly flows: FlowsView;
  readonly hosts: readonly HostView[];
  readonly networks: readonly NetworkView[];
  readonly ports: readonly PortView[];
  readonly reload: ReloadView;
  readonly status: StatusView;
  readonly topology: TopologyView;
  readonly trace: TraceView;
  readonly tunnels: readonly TunnelView[];
  readonly version: VersionView;
}

export type QueryName = keyof Views;

export type Answer = { readonly [Name in QueryName]: { readonly kind: Name; readonly view: Views[Name] } }[QueryName];
