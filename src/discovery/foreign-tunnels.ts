// Tunnels that Weft did not make, and how far the bridge that holds them is being adopted.
import { tryParseIp } from "../../proto/bytes/ip.ts";
import type { BridgeRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { BRIDGE_KEYS, HOST_SETTINGS } from "../model/external-ids.ts";
import type { AdoptionFact, AdoptionStage, ForeignTunnelFact } from "../model/facts.ts";
import { isTunnel, openFlowPort, tunnelRows, vlanColumns } from "./port-rows.ts";

/** Of one bridge, sorted by name. Those to many ends (`remote_ip=flow`) lead to no host in particular. */
export function foreignTunnels(rows: VswitchRows, bridge: BridgeRow): readonly ForeignTunnelFact[] {
  const found: ForeignTunnelFact[] = [];
  for (const uuid of bridge.ports) {
    const port = rows.ports.get(uuid);
    const row = rows.interfaces.get(port?.interfaces[0] ?? "");
    if (port === undefined || row === undefined || !isTunnel(row) || tunnelRows(row) !== null) continue;
    const remote = row.options.get("remote_ip") ?? "";
    found.push(
      Object.freeze({
        name: port.name,
        type: row.type,
        ofport: openFlowPort(row),
        remoteIp: tryParseIp(remote) ?? remote,
        vlan: vlanColumns(port),
      }),
    );
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const STAGES: readonly AdoptionStage[] = ["prepare", "take", "done"];

/** The bridge that `weft adopt` has named; null where none is. */
export function adoptedBridge(rows: VswitchRows): string | null {
  const name = rows.openVSwitch?.external_ids.get(HOST_SETTINGS.adopt) ?? "";
  return name === "" ? null : name;
}

/** null for a bridge that is not being adopted. */
export function adoptionFact(rows: VswitchRows, bridge: BridgeRow | undefined): AdoptionFact | null {
  if (bridge === undefined || adoptedBridge(rows) !== bridge.name) return null;
  const text = bridge.external_ids.get(BRIDGE_KEYS.stage);
  return Object.freeze({
    stage: STAGES.find((stage) => stage === text) ?? "prepare",
    now: rows.openVSwitch?.external_ids.get(HOST_SETTINGS.adoptNow) === "true",
    rootDistance: rootDistance(bridge),
  });
}

function rootDistance(bridge: BridgeRow): number | null {
  const status = bridge.stp_enable ? bridge.status.get("stp_root_path_cost") : null;
  const cost = bridge.rstp_enable ? bridge.rstp_status.get("rstp_root_path_cost") : status;
  return cost === null || cost === undefined || !/^\d{1,9}$/.test(cost) ? null : Number(cost);
}

/** The bridge that tunnels leave the host by, as Open vSwitch has found it. */
export function carriesUnderlay(rows: VswitchRows, bridge: BridgeRow): boolean {
  const own = new Set(
    bridge.ports
      .flatMap((uuid) => rows.ports.get(uuid)?.interfaces ?? [])
      .map((uuid) => rows.interfaces.get(uuid)?.name),
  );
  return [...rows.interfaces.values()].some((row) => {
    const egress = isTunnel(row) ? row.status.get("tunnel_egress_iface") : undefined;
    return egress !== undefined && own.has(egress);
  });
}
