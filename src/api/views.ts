// The shapes of every answer of the control socket: plain JSON, sorted, in the words of docs/concepts.

import type { FabricPicture } from "../trace/picture.ts";
import type { CheckProgressView, CheckRequest, CheckView } from "./check-views.ts";
import type { DriftView, FindingView } from "./doctor-views.ts";
import type { EventFeed } from "./event-views.ts";
import type { RatesView } from "./rate-views.ts";
import type { TraceRequest, TraceView } from "./trace-views.ts";

/** Something a person should know, with what to do about it. */
export interface ProblemView {
  /** Stable identifier, such as `host/ovn-owned`. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export type HostState = "up" | "joining" | "waiting" | "refused" | "down";
export type ConnectionState = "connected" | "disconnected";

export interface HostView {
  /** `external_ids:system-id`, else the UUID of the Open_vSwitch row; `dpid:<16 hex>` for a lone switch. */
  readonly id: string;
  readonly name: string;
  readonly index: number | null;
  readonly tunnelIp: string | null;
  readonly bridge: string | null;
  /** 16 hexadecimal digits. */
  readonly dpid: string | null;
  readonly ovsdb: ConnectionState;
  readonly openflow: ConnectionState;
  readonly state: HostState;
  /** Open vSwitch's version, where known. */
  readonly ovsVersion: string | null;
  /** `desired` is `installed` while it is not known what the host should hold. */
  readonly flows: { readonly desired: number; readonly installed: number };
  readonly problems: readonly ProblemView[];
}

export type TunnelState = "up" | "pending" | "down" | "error";

/** One directed edge host -> host. */
export interface TunnelView {
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly state: TunnelState;
  readonly name: string | null;
  readonly ofport: number | null;
  readonly remoteIp: string;
  /** Why the state is not `up`, or what is not known yet. */
  readonly reason: string | null;
}

/** A cable between two switches without OVSDB, once for both directions. */
export interface LinkView {
  readonly from: string;
  readonly fromPort: string;
  readonly to: string;
  readonly toPort: string;
  readonly state: "up" | "down";
  /** Why the state is not `up`. */
  readonly reason: string | null;
}

export interface NetworkView {
  readonly name: string;
  readonly vni: number;
  readonly tag: number | null;
  readonly hosts: readonly string[];
  readonly ports: number;
  readonly endpoints: number;
  /** The largest MTU whose packets fit all paths between its hosts; null where it has none. */
  readonly mtu: number | null;
}

export interface PortView {
  readonly host: string;
  readonly name: string;
  readonly ofport: number | null;
  /** The OVSDB Interface type; "system" for the empty string (tap, veth, NIC). */
  readonly type: string;
  readonly mode: string;
  readonly tag: number | null;
  readonly trunks: readonly number[];
  readonly networks: readonly string[];
  readonly state: "up" | "down" | "error";
  /** Whether only declared MACs and addresses may speak from there. */
  readonly locked: boolean;
  /** Whether it is cut off because it meets another port outside of the fabric. */
  readonly blocked: boolean;
  /** The largest MTU whose packets fit all paths from there; null where the port is in no network. */
  readonly mtu: number | null;
  readonly problems: readonly ProblemView[];
}

export interface EndpointView {
  readonly mac: string;
  readonly ips: readonly string[];
  readonly network: string;
  readonly host: string;
  /** null while the endpoint is known from other hosts' flows alone. */
  readonly port: string | null;
  readonly origin: "declared" | "observed";
  /** What declares it: `attached-mac`, `endpoints.static`, its Interface row. Not there for one that was observed. */
  readonly declaredBy?: string;
  /** Who it is, where docker, libvirt or another has written it on the port: a container's, machine's or interface's id. */
  readonly owner?: string;
}

/** Frames of one host for another that cross a third at the moment. */
export interface RelayView {
  readonly from: string;
  readonly to: string;
  /** The host between. */
  readonly by: string;
  readonly reason: string;
}

/**
 * `in use`: the host's bridge forwards by itself; `heard`: what comes by it is taken in while hosts are adopted; `unused`:
 * nothing is forwarded to or from it.
 */
export type ForeignTunnelState = "in use" | "heard" | "unused";

/** A tunnel on a host's bridge that Weft did not make. */
export interface ForeignTunnelView {
  readonly host: string;
  readonly name: string;
  readonly type: string;
  readonly remoteIp: string;
  /** The host at its far end; null where Weft knows none. */
  readonly to: string | null;
  readonly state: ForeignTunnelState;
  readonly reason: string | null;
}

export interface TopologyView {
  readonly fabric: string | null;
  readonly hosts: readonly HostView[];
  readonly tunnels: readonly TunnelView[];
  readonly relays?: readonly RelayView[];
  readonly foreignTunnels?: readonly ForeignTunnelView[];
  readonly links: readonly LinkView[];
  readonly networks: readonly NetworkView[];
  readonly endpoints: readonly EndpointView[];
}

export interface FlowView {
  readonly table: string;
  readonly tableId: number;
  readonly priority: number;
  readonly match: string;
  readonly actions: string;
  /** 0x + 16 hexadecimal digits. */
  readonly cookie: string;
  /** What the flow is for, such as `remote-endpoint`. */
  readonly kind: string;
  readonly idleTimeoutSec: number;
  /** Whether the switch is known to hold it. */
  readonly installed: boolean;
}

export interface GroupView {
  readonly id: number;
  readonly name: string;
  readonly text: string;
}

export interface FlowsView {
  readonly host: string;
  readonly flows: readonly FlowView[];
  readonly groups: readonly GroupView[];
}

export interface VersionView {
  readonly name: "weft";
  readonly version: string;
}

export interface ReloadView {
  /** Keys that have changed and are in force, such as `networks.blue`. */
  readonly applied: readonly string[];
  /** Keys that have changed and wait for the next start. */
  readonly needsRestart: readonly string[];
}

export interface StatusView {
  readonly version: string;
  readonly fabric: string | null;
  readonly uptimeSec: number;
  readonly hosts: { readonly total: number; readonly up: number } & Partial<Readonly<Record<HostState, number>>>;
  readonly tunnels?: { readonly total: number } & Readonly<Record<TunnelState, number>>;
  /** Pairs of hosts whose frames cross a third one now. */
  readonly relays?: number;
  readonly links?: { readonly total: number; readonly up: number };
  readonly networks?: number;
  readonly ports?: { readonly total: number } & Readonly<Record<PortView["state"], number>>;
  readonly endpoints?: { readonly total: number; readonly declared: number; readonly observed: number };
  readonly listeners: readonly string[];
  readonly problems: readonly ProblemView[];
  /** Counted since the start; `flowMods` is what reconciliation has sent to all switches. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What the control socket asks of the controller. The composition root implements it. */
export interface Queries {
  /** What has happened, and happens. */
  readonly events: EventFeed;
  status(): StatusView;
  hosts(): readonly HostView[];
  tunnels(): readonly TunnelView[];
  ports(): readonly PortView[];
  endpoints(): readonly EndpointView[];
  networks(): readonly NetworkView[];
  topology(): TopologyView;
  /** @throws WeftError `host/unknown` naming the known hosts. `host` is an id, a name or an index. */
  flows(host: string): Promise<FlowsView>;
  /** Of all hosts, with what every switch holds now, or is known to hold where it does not answer. */
  picture(): Promise<FabricPicture>;
  /**
   * The path of a frame by what the switches hold now; with `live` a marked frame is sent on it as well.
   * @throws WeftError `trace/unknown`, `trace/ambiguous`, `trace/usage`, `trace/no-probe`, `trace/busy`
   */
  trace(request: TraceRequest & { readonly live?: boolean }): Promise<TraceView>;
  /** Everything that is odd, the worst first. @throws as `flows`. @param host only what concerns it. */
  doctor(host?: string): Promise<readonly FindingView[]>;
  /** What differs from intent now, host by host. @throws as `flows`. @param host only that one. */
  drift(host?: string): Promise<readonly DriftView[]>;
  /**
   * Probes through every tunnel, plain link and network; one check at a time.
   * @throws WeftError `check/running`, `host/unknown`, `host/ambiguous`, `network/unknown`
   */
  check(request: CheckRequest): Promise<CheckView>;
  checkProgress(): CheckProgressView;
  /**
   * Takes over a bridge that was there before, step by step.
   * @returns what is next, for people
   * @throws WeftError `host/unknown`, `host/not-connected`, `host/adopted`, `host/no-bridge`, `host/refused`
   */
  adoptHost(host: string, options: { readonly bridge: string | null; readonly now: boolean }): Promise<string>;
  /**
   * Hands a host back as it was before it joined; resolves when that is done.
   * @throws WeftError `host/unknown`, `host/not-connected`, `host/not-joined`, `host/no-record`, `switch/not-connected`
   */
  releaseHost(host: string): Promise<string>;
  /** What goes by each tunnel and port: asks the switches, at most once a second whoever asks. */
  rates(): Promise<RatesView>;
  /** Forgets a host that is away. @throws WeftError `host/unknown`, `host/connected`. */
  forgetHost(host: string): void;
  /** Admits a host that waits. @throws WeftError `host/not-waiting`, `host/ambiguous`, `host/not-asked`. */
  approveHost(id: string): void;
  /** Reads the TLS keys again. @throws WeftError `tls/...` naming the file that is wrong: the old keys stay. */
  reloadTls(): string;
}
