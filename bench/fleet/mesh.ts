// Whether a simulated host has all of a full mesh: its tunnels, their liveness, and a group for each other host.

import { GROUPS } from "../../src/pipeline/registry.ts";
import { isTunnelType } from "../../src/sim/bridge.ts";
import type { SimulatedHost } from "../../src/sim/host.ts";
import { map, text } from "../../src/sim/ovs-rows.ts";

export interface HostMesh {
  /** Tunnels that lead to one host each. */
  readonly tunnels: number;
  /** Of those the ones that forward as far as BFD knows; without BFD all of them. */
  readonly live: number;
  /** Ports by which all hosts are reached. */
  readonly shared: number;
  /** Groups that lead to a host. */
  readonly groups: number;
}

export const BRIDGE = "br-int";
const GROUP_INDEXES = 0x1_0000;

export function meshOf(host: SimulatedHost): HostMesh {
  const bridge = host.vswitchd.bridgeNamed(BRIDGE);
  let [tunnels, live, shared, groups] = [0, 0, 0, 0];
  for (const port of bridge?.ports ?? []) {
    if (!isTunnelType(port.interface.type)) continue;
    if (port.interface.options.get("remote_ip") === "flow") shared++;
    else tunnels++;
    if (port.bfdForwards !== false) live++;
  }
  for (const { groupId } of bridge?.datapath.groups.all() ?? [])
    if (groupId >= GROUPS.hostBase && groupId < GROUPS.hostBase + GROUP_INDEXES) groups++;
  return { tunnels, live, shared, groups };
}

export const isWritten = ({ tunnels, shared, groups }: HostMesh, peers: number): boolean =>
  groups >= peers && (shared > 0 || tunnels >= peers);

/** A flow-based tunnel counts as live once it is there. */
export const isLive = (mesh: HostMesh, peers: number): boolean =>
  isWritten(mesh, peers) && (mesh.shared > 0 || mesh.live >= peers);

/** As Weft has stored it on the host. */
export function storedIndex(host: SimulatedHost): string | undefined {
  for (const row of host.database.rowsOf("Open_vSwitch").values())
    return map("Open_vSwitch", row, "external_ids").get("weft-index");
  return undefined;
}

/** Of all its tunnels and ports. */
export function portNames(host: SimulatedHost): string[] {
  return [...host.database.rowsOf("Port").values()].map((row) => text("Port", row, "name"));
}
