// A host's OVSDB rows to facts: who it is, which bridge is Weft's and whether it may be, its ports and tunnels.
import { tryParseIp } from "../../proto/bytes/ip.ts";
import type { BridgeRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { HOST_KEYS, HOST_SETTINGS, OWNER_KEY } from "../model/external-ids.ts";
import type { BridgeStanding, HostFact, PortFact, StoredIdentity, TunnelRowFact, TunnelType } from "../model/facts.ts";
import { MAX_INDEX } from "../model/identity.ts";
import { kept, keptList } from "../model/kept.ts";
import { isTunnelType, TUNNEL_TYPES } from "../model/tunnel-types.ts";
import { adoptedBridge, adoptionFact, carriesUnderlay, foreignTunnels } from "./foreign-tunnels.ts";
import { isPhysical, portFact, tunnelRows } from "./port-rows.ts";
import { findTunnelIp } from "./tunnel-ip.ts";

export interface HostContext {
  /** Where the host's OVSDB connection comes from; null over a unix socket. */
  readonly remoteAddress: string | null;
  readonly defaultBridge: string;
  readonly settings: { readonly name: string | null; readonly tunnelIp: string | null; readonly bridge: string | null };
  /** Datapath ids (16 hexadecimal digits) of the switches that are connected by OpenFlow. */
  readonly connectedSwitches: Pick<ReadonlySet<string>, "has">;
}

/** `system-id`, else the UUID of the root row. null before the root row was read. */
export function hostIdOf(rows: VswitchRows): string | null {
  const root = rows.openVSwitch;
  if (root === null) return null;
  const systemId = root.external_ids.get("system-id");
  return systemId === undefined || systemId === "" ? root.uuid : systemId;
}

function storedIdentity(ids: ReadonlyMap<string, string>): StoredIdentity | null {
  const index = Number(ids.get(HOST_KEYS.index) ?? "");
  const fabricId = ids.get(HOST_KEYS.fabric);
  const hostId = ids.get(HOST_KEYS.host);
  if (fabricId === undefined || hostId === undefined) return null;
  return Number.isInteger(index) && index >= 1 && index <= MAX_INDEX ? { index, fabricId, hostId } : null;
}

export function dpidOf(bridge: BridgeRow): string | null {
  const id = bridge.datapath_id;
  return id === null || !/^[0-9a-f]{16}$/i.test(id) ? null : id.toLowerCase();
}

/** Whether an administrator has pointed the bridge at this controller. */
function pointsHere(bridge: BridgeRow, context: HostContext): boolean {
  const dpid = dpidOf(bridge);
  return dpid !== null && bridge.controller.length > 0 && context.connectedSwitches.has(dpid);
}

/** Named by the host, `weft adopt` or configuration; else the one that is Weft's already; else one that was pointed at Weft; else the default. */
function chooseBridge(
  rows: VswitchRows,
  context: HostContext,
): { name: string; row: BridgeRow | undefined; consent: boolean } {
  const bridges = [...rows.bridges.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const released = rows.openVSwitch?.external_ids.has(HOST_SETTINGS.released) === true;
  const given = rows.openVSwitch?.external_ids.get(HOST_SETTINGS.bridge) ?? context.settings.bridge;
  const named = adoptedBridge(rows) ?? (released ? null : given);
  if (named !== null && named !== "") {
    return { name: named, row: bridges.find((row) => row.name === named), consent: true };
  }
  const owned = bridges.find((row) => row.external_ids.has(OWNER_KEY));
  if (owned !== undefined) return { name: owned.name, row: owned, consent: true };
  const pointed = bridges.find((row) => pointsHere(row, context));
  if (pointed !== undefined) return { name: pointed.name, row: pointed, consent: true };
  const held = bridges.find((row) => row.name === context.defaultBridge);
  // A host with a mesh of its own is not given a second one beside it unasked.
  const row = held ?? bridges.find((one) => foreignTunnels(rows, one).some((tunnel) => tryParseIp(tunnel.remoteIp)));
  return { name: row?.name ?? context.defaultBridge, row, consent: false };
}

function standingOf(
  rows: VswitchRows,
  hostId: string,
  choice: { name: string; row: BridgeRow | undefined; consent: boolean },
): BridgeStanding {
  const { name, row } = choice;
  if (rows.openVSwitch?.external_ids.has("ovn-remote") === true) {
    const problem = diagnostic(
      "host/ovn-owned",
      `host ${hostId} belongs to OVN (external_ids:ovn-remote is set): Weft leaves its bridges alone`,
      `on ${hostId}, if OVN is no longer used there: ovs-vsctl remove open_vswitch . external_ids ovn-remote`,
    );
    return { kind: "refused", problem };
  }
  if (rows.openVSwitch?.external_ids.has(HOST_SETTINGS.released) === true) {
    const problem = diagnostic(
      "host/released",
      `host ${hostId} was released: Weft leaves it alone`,
      `weft adopt ${hostId}; or on ${hostId}: ovs-vsctl remove open_vswitch . external_ids ${HOST_SETTINGS.released}, or ovs-vsctl del-manager`,
    );
    return { kind: "waiting", problem };
  }
  if (row === undefined) return { kind: "absent" };
  if (row.external_ids.has(OWNER_KEY)) return { kind: "owned" };
  if (!choice.consent) return { kind: "waiting", problem: consentProblem(rows, hostId, row, name) };
  const problem = bridgeRefusal(rows, hostId, row);
  return problem === null ? { kind: "consented" } : { kind: "refused", problem };
}

/** Why a bridge may not be taken, whoever consents; null where it may. */
export function bridgeRefusal(rows: VswitchRows, hostId: string, row: BridgeRow): Diagnostic | null {
  const { name } = row;
  const nic = physicalPort(rows, row);
  if (nic !== undefined) {
    return diagnostic(
      "host/bridge-has-nic",
      `bridge ${name} of host ${hostId} holds the network card ${nic}: taking it over could cut the host off`,
      `on ${hostId}: ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.bridge}=br-int, so that Weft makes a bridge of its own`,
    );
  }
  if (carriesUnderlay(rows, row)) {
    return diagnostic(
      "host/bridge-carries-underlay",
      `bridge ${name} of host ${hostId} is the one by which the host's tunnels leave: taking it over could cut the host off`,
      `on ${hostId}: ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.bridge}=br-int, so that Weft makes a bridge of its own`,
    );
  }
  return null;
}

function consentProblem(rows: VswitchRows, hostId: string, row: BridgeRow, name: string): Diagnostic {
  const tunnels = foreignTunnels(rows, row).map((tunnel) => `${tunnel.name} to ${tunnel.remoteIp}`);
  if (tunnels.length === 0) {
    return diagnostic(
      "host/bridge-exists",
      `host ${hostId} had a bridge ${name} before it joined: Weft waits for consent to take it over`,
      `on ${hostId}: ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.bridge}=${name} (its flows are replaced), or name another bridge`,
    );
  }
  return diagnostic(
    "host/foreign-mesh",
    `bridge ${name} of host ${hostId} has hand-made tunnels (${tunnels.join(", ")}): Weft waits for consent to take it over`,
    `weft adopt ${hostId}; or on ${hostId}: ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.bridge}=br-weft, for a bridge of Weft's own beside it`,
  );
}

function physicalPort(rows: VswitchRows, bridge: BridgeRow): string | undefined {
  for (const portUuid of bridge.ports) {
    for (const uuid of rows.ports.get(portUuid)?.interfaces ?? []) {
      const row = rows.interfaces.get(uuid);
      if (row !== undefined && isPhysical(row)) return row.name;
    }
  }
  return undefined;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => byText(a.name, b.name);
const byNameAndPeer = (a: TunnelRowFact, b: TunnelRowFact): number => byName(a, b) || a.peerIndex - b.peerIndex;

function portsOf(rows: VswitchRows, bridge: BridgeRow): { ports: PortFact[]; tunnels: TunnelRowFact[] } {
  const ports: PortFact[] = [];
  const tunnels: TunnelRowFact[] = [];
  for (const uuid of bridge.ports) {
    const port = rows.ports.get(uuid);
    const row = rows.interfaces.get(port?.interfaces[0] ?? "");
    if (port === undefined || row === undefined) continue;
    const made = tunnelRows(row);
    if (made === null) ports.push(portFact(port, row, port.name === bridge.name));
    else tunnels.push(...made);
  }
  return { ports: ports.sort(byName), tunnels: tunnels.sort(byNameAndPeer) };
}

function datapathTypeOf(ids: ReadonlyMap<string, string>): string | null {
  const text = ids.get(HOST_SETTINGS.datapathType) ?? ids.get("ovn-bridge-datapath-type");
  return text === undefined || text === "" ? null : text;
}

const MIN_UNDERLAY_MTU = 576;
const MAX_UNDERLAY_MTU = 65_535;

/**
 * What the administrator says; else the MTU of the interface that the tunnels leave by, where that is one of Open
 * vSwitch's own: of others the database knows nothing.
 */
function underlayMtu(rows: VswitchRows, ids: ReadonlyMap<string, string>, problems: Diagnostic[]): number | null {
  const text = ids.get(HOST_SETTINGS.underlayMtu);
  if (text !== undefined) {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (value >= MIN_UNDERLAY_MTU && value <= MAX_UNDERLAY_MTU) return value;
    problems.push(
      diagnostic(
        "host/underlay-mtu",
        `external_ids:${HOST_SETTINGS.underlayMtu} is "${text.slice(0, 64)}", not an MTU`,
        `ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.underlayMtu}=1500`,
      ),
    );
  }
  const egress = new Set<string>();
  for (const row of rows.interfaces.values()) {
    const name = row.status.get("tunnel_egress_iface");
    if (name !== undefined && tunnelRows(row) !== null) egress.add(name);
  }
  let least: number | null = null;
  if (egress.size === 0) return least;
  for (const { name, mtu } of rows.interfaces.values()) {
    if (mtu !== null && egress.has(name)) least = Math.min(least ?? mtu, mtu);
  }
  return least;
}

/** `weft-tunnel-type`, else OVN's `ovn-encap-type`; what is no tunnel type of Weft's is told and left out. */
function tunnelTypesOf(
  hostId: string,
  ids: ReadonlyMap<string, string>,
  problems: Diagnostic[],
): readonly TunnelType[] | null {
  const text = ids.get(HOST_SETTINGS.tunnelType) ?? ids.get("ovn-encap-type") ?? "";
  const words = text.split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim()]));
  const types = words.filter(isTunnelType);
  if (types.length < words.length) {
    problems.push(
      diagnostic(
        "host/tunnel-type",
        `host ${hostId} asks for tunnels of type "${text.slice(0, 64)}"; Weft makes ${Object.keys(TUNNEL_TYPES).join(", ")}`,
        `on ${hostId}: ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.tunnelType}=geneve`,
      ),
    );
  }
  return types.length === 0 ? null : types;
}

/** Open vSwitch keeps two tags of those it parses: to push a third, the relay label, costs the innermost. */
function vlanLimitProblem(hostId: string, limit: string): Diagnostic {
  return diagnostic(
    "host/vlan-limit",
    `host ${hostId} has other_config:vlan-limit=${limit.slice(0, 16)}: frames with two VLAN tags lose one when they go by a relay`,
    `on ${hostId}: ovs-vsctl remove open_vswitch . other_config vlan-limit`,
  );
}

/**
 * null before the root row was read.
 * @param before what the host's rows said last: what they still say are the same objects, and so is a fact that is as before
 */
export function hostFact(rows: VswitchRows, context: HostContext, before?: HostFact): HostFact | null {
  const root = rows.openVSwitch;
  const id = hostIdOf(rows);
  if (root === null || id === null) return null;
  const choice = chooseBridge(rows, context);
  const standing = standingOf(rows, id, choice);
  const tunnelIp = findTunnelIp({
    hostId: id,
    configured: context.settings.tunnelIp,
    externalIds: root.external_ids,
    otherConfig: root.other_config,
    remoteAddress: context.remoteAddress,
  });
  const problems: Diagnostic[] = [];
  if (standing.kind === "waiting" || standing.kind === "refused") problems.push(standing.problem);
  else if (tunnelIp.problem !== null) problems.push(tunnelIp.problem);
  const vlanLimit = root.other_config.get("vlan-limit");
  if (vlanLimit !== undefined && vlanLimit !== "1") problems.push(vlanLimitProblem(id, vlanLimit));
  const members = choice.row === undefined ? { ports: [], tunnels: [] } : portsOf(rows, choice.row);
  const fact: HostFact = Object.freeze({
    id,
    name: context.settings.name ?? root.external_ids.get("hostname") ?? id,
    ovsVersion: root.ovs_version,
    bridgeName: choice.name,
    datapathType: datapathTypeOf(root.external_ids),
    forwardBpdu: choice.row?.other_config.get("forward-bpdu") === "true",
    userspaceDatapath: choice.row?.datapath_type === "netdev",
    standing,
    dpid: choice.row === undefined ? null : dpidOf(choice.row),
    stored: storedIdentity(root.external_ids),
    tunnelIp: tunnelIp.ip,
    underlayMtu: underlayMtu(rows, root.external_ids, problems),
    tunnelTypes: tunnelTypesOf(id, root.external_ids, problems),
    ports: keptList(before?.ports ?? [], members.ports, byName),
    tunnels: keptList(before?.tunnels ?? [], members.tunnels, byNameAndPeer),
    foreignTunnels: kept(
      before?.foreignTunnels,
      Object.freeze(choice.row === undefined ? [] : foreignTunnels(rows, choice.row)),
    ),
    adoption: adoptionFact(rows, choice.row),
    problems: Object.freeze(problems),
  });
  return kept(before, fact);
}
