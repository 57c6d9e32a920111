// The fabric as a map draws it: everything that is to be looked at, and only numbers for what is well.
import type { EndpointView, HostView, LinkView, NetworkView, RelayView, TunnelState, TunnelView } from "./views.ts";

/** A problem once, with all hosts that have it. */
export interface MapProblemView {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** Ids; empty where it is the controller's, or the fabric's as a whole. */
  readonly hosts: readonly string[];
}

export interface TunnelCountsView {
  readonly total: number;
  readonly states: Readonly<Record<TunnelState, number>>;
  /** Whether every pair of hosts that are in the fabric has a tunnel. */
  readonly fullMesh: boolean;
}

export interface MapView {
  readonly fabric: string | null;
  readonly version: string;
  readonly hosts: readonly HostView[];
  readonly tunnels: TunnelCountsView;
  /** All of them in a small fabric; in a large one those that are not up, and those of hubs. */
  readonly listed: readonly TunnelView[];
  /** How many that should be listed are not. */
  readonly unlisted: number;
  readonly relays: readonly RelayView[];
  readonly links: readonly LinkView[];
  readonly networks: readonly NetworkView[];
  readonly endpoints: readonly EndpointView[];
  readonly unlistedEndpoints: number;
  readonly problems: readonly MapProblemView[];
}
