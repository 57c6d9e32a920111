// What the doctor looks at: facts, rows and flows as they are at one moment, and nothing that it could change.
import type { FlowStats } from "../../proto/openflow13/index.ts";
import type { BridgeRow, InterfaceRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import type { FindingView } from "../api/doctor-views.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";

export interface ExaminedHost {
  readonly fabric: Fabric;
  readonly host: FabricHost;
  readonly ovsdb: boolean;
  readonly openflow: boolean;
  /** null for a host whose database is not connected, and for a lone switch. */
  readonly rows: VswitchRows | null;
  /** OpenFlow's numbers of its ports, by name, as the switch tells them; not there while it is not connected. */
  readonly switchPorts?: ReadonlyMap<string, number>;
  /** Open vSwitch's, by its database or else its switch. */
  readonly ovsVersion: string | null;
  /** Flows on its bridge that Weft did not write, as the switch holds them now. */
  readonly foreignFlows: readonly FlowStats[];
  /** How many more there were when it was last read, of which it did not say in time what they are. */
  readonly foreignUntold: number;
  /** When the certificate ends that it has shown, in ms since 1970; null without TLS. */
  readonly certificateEndsMs: number | null;
  /** What `weft hosts` tells of it. */
  readonly problems: readonly Diagnostic[];
}

export interface Examined {
  readonly hosts: readonly ExaminedHost[];
  /** What is wrong with the controller itself, with its configuration, or with those before its door. */
  readonly problems: readonly Diagnostic[];
  /** The wall clock: for certificates alone. */
  readonly nowMs: number;
  /** When the journal told first that something, such as `MAC 02:00:00:00:00:01`, is used in two places; null where it did not. */
  readonly disputedSince?: (what: string) => string | null;
}

export type Finding = FindingView;

/** The bridge that Weft uses on the host. */
export function bridgeOf({ host, rows }: ExaminedHost): BridgeRow | null {
  const name = host.fact?.bridgeName ?? "";
  return [...(rows?.bridges.values() ?? [])].find((row) => row.name === name) ?? null;
}

export function interfaceOf({ rows }: ExaminedHost, name: string): InterfaceRow | null {
  return [...(rows?.interfaces.values() ?? [])].find((row) => row.name === name) ?? null;
}

/** A lone switch has no index that counts, and no database. */
export function hasTunnels({ host }: ExaminedHost): boolean {
  return host.plain === null;
}
