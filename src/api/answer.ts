// What a query answers with, by the query's name.
import type { DriftView, FindingView } from "./doctor-views.ts";
import type { ApplyView, PlanView } from "./plan-views.ts";
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

export interface Views {
  readonly apply: ApplyView;
  readonly plan: PlanView;
  readonly doctor: readonly FindingView[];
  readonly drift: readonly DriftView[];
  readonly endpoints: readonly EndpointView[];
  readonly flows: FlowsView;
  readonly hosts: readonly HostView[];
  readonly networks: readonly NetworkView[];
  readonly ports: readonly PortView[];
  readonly reload: ReloadView;
  readonly status: StatusView;
  readonly topology: TopologyView;
  readonly tunnels: readonly TunnelView[];
  readonly version: VersionView;
}

export type QueryName = keyof Views;

export type Answer = { readonly [Name in QueryName]: { readonly kind: Name; readonly view: Views[Name] } }[QueryName];
