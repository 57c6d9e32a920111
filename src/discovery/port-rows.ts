// Port and Interface rows of the integration bridge to port and tunnel facts.
import { tryParseIp } from "../../proto/bytes/ip.ts";
import { isMulticastMac, type Mac, tryParseMac } from "../../proto/bytes/mac.ts";
import type { InterfaceRow, PortRow } from "../../proto/ovsdb/vswitch-rows.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import {
  GUEST_KEYS,
  namedPeers,
  OWNER_KEY,
  PORT_KEYS,
  SHARED_TUNNEL_KEYS,
  TUNNEL_KEYS,
} from "../model/external-ids.ts";
import type { BfdHealth, PortFact, TunnelRowFact } from "../model/facts.ts";
import { MAX_INDEX } from "../model/identity.ts";
import { MAX_VNI } from "../model/networks.ts";
import { isTunnelType } from "../model/tunnel-types.ts";
import type { PriorityTags, VlanColumns } from "../model/vlan.ts";

/** OVSDB gives the LOCAL port OpenFlow 1.0's number for it; in OpenFlow 1.3 it has another. */
const OVSDB_LOCAL_PORT = 65_534;
export const LOCAL_PORT = 0xffff_fffe;

/** Every tunnel type of ovs-vswitchd.conf.db(5), whoever made it. */
const ALL_TUNNEL_TYPES: ReadonlySet<string> = new Set([
  "bareudp",
  "erspan",
  "geneve",
  "gre",
  "gtpu",
  "ip6erspan",
  "ip6gre",
  "lisp",
  "srv6",
  "stt",
  "vxlan",
]);
/** Drivers of devices that only lead to something on the same host. */
const VIRTUAL_DRIVERS: ReadonlySet<string> = new Set(["bridge", "dummy", "openvswitch", "tap", "tun", "veth", "vhost"]);
const MAX_NETWORK_NAME = 63;
const NETWORK_NAME = /^[a-z0-9][a-z0-9._-]*$/i;

export function openFlowPort(row: InterfaceRow): number | null {
  if (row.ofport === null || row.ofport <= 0) return null;
  return row.ofport === OVSDB_LOCAL_PORT ? LOCAL_PORT : row.ofport;
}

function wholeNumber(text: string | undefined, min: number, max: number): number | null {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return null;
  const value = Number(text);
  return value >= min && value <= max ? value : null;
}

/** Rows are never changed: what one says is read off it once. */
const tunnelsOf = new WeakMap<InterfaceRow, readonly TunnelRowFact[] | null>();

/** The tunnels of an Interface that Weft made, more than one where it is flow-based; null for any other Interface. */
export function tunnelRows(row: InterfaceRow): readonly TunnelRowFact[] | null {
  const known = tunnelsOf.get(row);
  if (known !== undefined) return known;
  const tunnels = readTunnels(row);
  tunnelsOf.set(row, tunnels);
  return tunnels;
}

function readTunnels(row: InterfaceRow): readonly TunnelRowFact[] | null {
  if (row.external_ids.has(SHARED_TUNNEL_KEYS.shared)) return sharedRows(row);
  const peerId = row.external_ids.get(TUNNEL_KEYS.peer);
  const peerIndex = wholeNumber(row.external_ids.get(TUNNEL_KEYS.peerIndex), 1, MAX_INDEX);
  const fabricId = row.external_ids.get(OWNER_KEY);
  if (!isTunnelType(row.type) || peerId === undefined || peerIndex === null || fabricId === undefined) return null;
  const remoteIp = row.options.get("remote_ip") ?? "";
  return [Object.freeze({ ...endOf(row), type: row.type, remoteIp, peerId, peerIndex, fabricId, bfd: bfdHealth(row) })];
}

function endOf(row: InterfaceRow): Pick<TunnelRowFact, "name" | "ofport" | "linkUp" | "error"> {
  return { name: row.name, ofport: openFlowPort(row), linkUp: row.link_state === "up", error: row.error };
}

/** One for each peer that the Interface names. */
function sharedRows(row: InterfaceRow): readonly TunnelRowFact[] | null {
  const { type } = row;
  const fabricId = row.external_ids.get(OWNER_KEY);
  if (!isTunnelType(type) || fabricId === undefined) return null;
  const common = { ...endOf(row), type, shared: true, fabricId, bfd: { kind: "off" } as const };
  return namedPeers(row.external_ids).flatMap(({ index, remoteIp, id }) => {
    const ip = tryParseIp(remoteIp);
    if (ip === undefined || index > MAX_INDEX) return [];
    return [Object.freeze({ ...common, remoteIp: ip, peerId: id, peerIndex: index })];
  });
}

/** `flap_count` counts changes of `forwarding`: 0 while a session has never been up. */
function bfdHealth(row: InterfaceRow): BfdHealth {
  if (row.bfd.get("enable") !== "true") return { kind: "off" };
  if (row.bfd_status.get("forwarding") === "true") return { kind: "up" };
  if ((row.bfd_status.get("flap_count") ?? "0") === "0") return { kind: "starting" };
  return { kind: "down", why: row.bfd_status.get("diagnostic") ?? "no diagnostic" };
}

/** A device that leads out of the host. */
export function isPhysical(row: InterfaceRow): boolean {
  const driver = row.status.get("driver_name");
  return row.type === "" && driver !== undefined && driver !== "" && !VIRTUAL_DRIVERS.has(driver);
}

/** Whoever made it. */
export function isTunnel(row: InterfaceRow): boolean {
  return ALL_TUNNEL_TYPES.has(row.type);
}

export function vlanColumns(port: PortRow): VlanColumns {
  return Object.freeze({
    tag: port.tag,
    trunks: port.trunks,
    vlanMode: port.vlan_mode,
    priorityTags: priorityTags(port),
    protected: port.protected,
  });
}

/** What a person needs to find it: the far end is in the row. */
function foreignTunnel(port: PortRow, row: InterfaceRow): Diagnostic {
  const to = row.options.get("remote_ip")?.slice(0, 64) ?? "nowhere in particular";
  return diagnostic(
    "port/foreign-tunnel",
    `port ${port.name} is a ${row.type} tunnel to ${to} that Weft did not make: nothing is forwarded to it`,
    `where that is a host of the fabric: ovs-vsctl del-port ${port.name}; a host with a mesh of such tunnels is taken over by weft adopt HOST`,
  );
}

function exclusion(port: PortRow, row: InterfaceRow): Diagnostic | null {
  if (port.interfaces.length > 1) {
    return diagnostic("port/bond", `port ${port.name} is a bond: it stays out of the fabric`, "add its members singly");
  }
  if (row.type === "patch") {
    return diagnostic(
      "port/patch",
      `port ${port.name} is a patch port: it stays out of the fabric`,
      `ovs-vsctl del-port ${port.name}, if nothing needs it`,
    );
  }
  if (isTunnel(row)) return foreignTunnel(port, row);
  if (port.vlan_mode === "dot1q-tunnel") {
    return diagnostic(
      "port/dot1q-tunnel",
      `port ${port.name} has vlan_mode=dot1q-tunnel, which Weft does not serve`,
      `ovs-vsctl clear port ${port.name} vlan_mode`,
    );
  }
  return null;
}

function declaredMac(row: InterfaceRow, problems: Diagnostic[]): readonly Mac[] {
  const text = row.external_ids.get(PORT_KEYS.attachedMac);
  if (text !== undefined) {
    const mac = tryParseMac(text);
    if (mac !== undefined && !isMulticastMac(mac)) return [mac];
    problems.push(
      diagnostic(
        "port/attached-mac",
        `port ${row.name}: external_ids:attached-mac is "${text.slice(0, 64)}", not the MAC of a station`,
        `ovs-vsctl set interface ${row.name} external_ids:attached-mac=aa:bb:cc:dd:ee:ff`,
      ),
    );
    return [];
  }
  // Of a tap or veth `mac_in_use` is the near end's, not the guest's.
  const own = row.type === "internal" && row.mac_in_use !== null ? tryParseMac(row.mac_in_use) : undefined;
  return own === undefined ? [] : [own];
}

function networkName(port: PortRow, row: InterfaceRow, problems: Diagnostic[]): string | null {
  const text = row.external_ids.get(PORT_KEYS.network) ?? port.external_ids.get(PORT_KEYS.network);
  if (text === undefined) return null;
  if (text.length <= MAX_NETWORK_NAME && NETWORK_NAME.test(text)) return text;
  problems.push(
    diagnostic(
      "port/network-name",
      `port ${port.name}: external_ids:${PORT_KEYS.network} is "${text.slice(0, 64)}", not a network's name`,
      `use up to ${MAX_NETWORK_NAME} letters, digits, dots, dashes and underscores`,
    ),
  );
  return null;
}

const MAX_OWNER = 128;

/** What orchestrators write about the guest. All of it is shown or compared, none of it trusted. */
function guestOf(row: InterfaceRow): Pick<PortFact, "guest" | "owner"> {
  const id = row.external_ids.get(GUEST_KEYS.id);
  const active = row.external_ids.get(GUEST_KEYS.status) !== "inactive";
  const owner = GUEST_KEYS.owners.map((key) => row.external_ids.get(key)).find((text) => text !== undefined);
  const inner = row.external_ids.get(GUEST_KEYS.containerInterface);
  const name = `${owner ?? ""}${owner !== undefined && inner !== undefined ? ` ${inner}` : ""}`.slice(0, MAX_OWNER);
  return {
    ...(id === undefined || id === "" ? {} : { guest: Object.freeze({ id, active }) }),
    ...(name === "" ? {} : { owner: name }),
  };
}

/** What a port's rows say of a key; the Interface's word comes before the Port's. */
function keyOf(port: PortRow, row: InterfaceRow, key: string): string | undefined {
  return row.external_ids.get(key) ?? port.external_ids.get(key);
}

function isLocked(port: PortRow, row: InterfaceRow, problems: Diagnostic[]): boolean {
  const text = keyOf(port, row, PORT_KEYS.locked);
  if (text !== undefined && text !== "true" && text !== "false") {
    problems.push(
      diagnostic(
        "port/weft-locked",
        `port ${port.name}: external_ids:${PORT_KEYS.locked} is "${text.slice(0, 64)}", which is neither true nor false: the port counts as locked`,
        `ovs-vsctl set interface ${row.name} external_ids:${PORT_KEYS.locked}=true`,
      ),
    );
  }
  return text !== undefined && text !== "false";
}

const MAX_DECLARED_IPS = 256;

/** What is not an address is left out, and the port is locked all the same: a typing error must not open it. */
function declaredIps(port: PortRow, row: InterfaceRow, problems: Diagnostic[]): readonly string[] | null {
  const words = (keyOf(port, row, PORT_KEYS.ips) ?? "").split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0) return null;
  const ips = words.map((word) => tryParseIp(word));
  const wrong = words.filter((_, at) => ips[at] === undefined);
  if (wrong.length > 0 || words.length > MAX_DECLARED_IPS) {
    const what = wrong.length > 0 ? `names "${wrong[0]?.slice(0, 64)}", not an address` : "names too many addresses";
    problems.push(
      diagnostic(
        "port/weft-ips",
        `port ${port.name}: external_ids:${PORT_KEYS.ips} ${what}`,
        `ovs-vsctl set interface ${row.name} 'external_ids:${PORT_KEYS.ips}="192.0.2.10,2001:db8::10"' (${MAX_DECLARED_IPS} at most)`,
      ),
    );
  }
  return [...new Set(ips.filter((ip) => ip !== undefined))].sort().slice(0, MAX_DECLARED_IPS);
}

/** As ovs-vswitchd reads it: "true" is an older way to say if-nonzero, and what it does not know is never. */
function priorityTags(port: PortRow): PriorityTags {
  const text = port.other_config.get("priority-tags");
  if (text === "true") return "if-nonzero";
  return text === "if-nonzero" || text === "always" ? text : "never";
}

const portOf = new WeakMap<
  InterfaceRow,
  { readonly port: PortRow; readonly isLocal: boolean; readonly fact: PortFact }
>();

/** A local port of the bridge. What a row says wrongly becomes a problem of the port, never an error. */
export function portFact(port: PortRow, row: InterfaceRow, isLocal: boolean): PortFact {
  const known = portOf.get(row);
  if (known?.port === port && known.isLocal === isLocal) return known.fact;
  const fact = readPort(port, row, isLocal);
  portOf.set(row, { port, isLocal, fact });
  return fact;
}

function readPort(port: PortRow, row: InterfaceRow, isLocal: boolean): PortFact {
  const problems: Diagnostic[] = [];
  if (row.error !== null) {
    problems.push(
      diagnostic(
        "port/error",
        `port ${port.name}: Open vSwitch says "${row.error}"`,
        `ovs-vsctl del-port ${port.name}`,
      ),
    );
  }
  const excluded = exclusion(port, row);
  const inUse = !isLocal || row.admin_state === "up";
  const storedVni = row.external_ids.get(PORT_KEYS.vni) ?? port.external_ids.get(PORT_KEYS.vni);
  return Object.freeze({
    name: port.name,
    ofport: openFlowPort(row),
    type: row.type,
    vlan: vlanColumns(port),
    networkName: networkName(port, row, problems),
    storedVni: wholeNumber(storedVni, 1, MAX_VNI),
    declaredMacs: excluded === null && inUse ? declaredMac(row, problems) : [],
    ...guestOf(row),
    locked: isLocked(port, row, problems),
    declaredIps: declaredIps(port, row, problems),
    mtu: row.mtu,
    up: row.link_state === "up",
    inUse,
    excluded,
    problems: Object.freeze(problems),
  });
}
