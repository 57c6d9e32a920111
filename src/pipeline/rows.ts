// Facts to desired OVSDB rows of one host: its identity, the integration bridge, the tunnels. Pure.
import type { Mac } from "../../proto/bytes/mac.ts";
import { bfdColumn } from "../model/bfd.ts";
import { HOST_KEYS, OWNER_KEY, PORT_KEYS, peerEntry, SHARED_TUNNEL_KEYS, TUNNEL_KEYS } from "../model/external-ids.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { AdoptionStage, HostFact, HostId, TunnelType } from "../model/facts.ts";
import { takesPart } from "../model/identity.ts";
import { DEFAULT_NETWORK, FIRST_NAMED_VNI } from "../model/networks.ts";
import { sharedTunnelName, sharedTunnelPort, TUNNEL_TYPES, tunnelName, tunnelPort } from "../model/tunnel-types.ts";
import type { WantedTunnel } from "../model/wanted-tunnels.ts";
import { madeOnce } from "./made-once.ts";

export interface DesiredTunnel {
  readonly name: string;
  readonly type: TunnelType;
  /** Whom it leads to: one peer, or on a flow-based one all that its external_ids are to name. Sorted by index. */
  readonly peers: readonly WantedTunnel[];
  readonly shared: boolean;
  readonly ofportRequest: number;
  readonly options: ReadonlyMap<string, string>;
  readonly externalIds: ReadonlyMap<string, string>;
  /** `Interface.bfd`. */
  readonly bfd: ReadonlyMap<string, string>;
}

export interface DesiredAdoption {
  readonly stage: AdoptionStage;
  /** Names of hand-made tunnels that go. */
  readonly drops: readonly string[];
}

export interface DesiredRows {
  readonly hostId: HostId;
  readonly hostExternalIds: ReadonlyMap<string, string>;
  readonly bridge: {
    readonly name: string;
    readonly ownerKey: string;
    readonly fabricId: string;
    /** For a bridge that is yet to be made; null leaves it to Open vSwitch. */
    readonly datapathType: string | null;
    /** For a bridge without `other_config:hwaddr` that is yet to be made. */
    readonly hwaddr: Mac;
    /** Where the bridge finds Weft by OpenFlow. */
    readonly controllerTarget: string;
    /** null for a bridge that Weft made, or took at once. */
    readonly adoption?: DesiredAdoption | null;
  };
  /** Flow-based ones first, then by peer index and type. */
  readonly tunnels: readonly DesiredTunnel[];
  /** Interface name -> what is to stand in its external_ids. */
  readonly portExternalIds: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Interface name -> the largest `mtu_request` it may have. Internal ports alone. */
  readonly mtuRequests?: ReadonlyMap<string, number>;
}

export interface RowSettings {
  readonly datapathType: string | null;
  readonly controllerTarget: string;
  /** The code by which the host shows again that it was approved; null for one that needs none. */
  readonly approval?: string | null;
  /** Whether internal ports get the MTU that fits. */
  readonly requestMtu?: boolean;
  readonly tunnelOptions: TunnelOptions;
}

/** `Interface.options` of tunnels beyond key and remote_ip; null leaves one to Open vSwitch. */
export interface TunnelOptions {
  readonly csum: boolean | null;
  /** For the types that are UDP. */
  readonly dstPort: number | null;
  readonly dfDefault: boolean | null;
  readonly tos: number | "inherit" | null;
  readonly ttl: number | "inherit" | null;
  /** Whether a tunnel leaves from the host's tunnel IP, whatever its routes say. */
  readonly localIp: boolean;
}

function tunnelOptions(
  type: TunnelType,
  remoteIp: string,
  ownIp: string | null,
  options: TunnelOptions,
): ReadonlyMap<string, string> {
  const entries: readonly (readonly [string, string | number | boolean | null])[] = [
    ["csum", options.csum],
    ["df_default", options.dfDefault],
    ["dst_port", TUNNEL_TYPES[type].udpPort === null ? null : options.dstPort],
    ["key", "flow"],
    ["local_ip", options.localIp ? ownIp : null],
    ["remote_ip", remoteIp],
    ["tos", options.tos],
    ["ttl", options.ttl],
  ];
  return new Map(entries.flatMap(([key, value]) => (value === null ? [] : [[key, String(value)] as const])));
}

const entryOf = madeOnce<WantedTunnel, ReturnType<typeof peerEntry>>();

function entryFor({ peerIndex, remoteIp, peerId }: WantedTunnel): ReturnType<typeof peerEntry> {
  return peerEntry({ index: peerIndex, remoteIp, id: peerId });
}

/** One Interface of each type for all peers. It names them: who is away is known by that after a restart. */
function sharedTunnels(host: FabricHost, fabricId: string, options: TunnelOptions): readonly DesiredTunnel[] {
  const byType = new Map<TunnelType, WantedTunnel[]>();
  for (const tunnel of host.wantedTunnels) {
    if (!tunnel.shared) continue;
    const list = byType.get(tunnel.type);
    if (list === undefined) byType.set(tunnel.type, [tunnel]);
    else list.push(tunnel);
  }
  return [...byType].map(([type, peers]) => ({
    name: sharedTunnelName(type),
    type,
    peers,
    shared: true,
    ofportRequest: sharedTunnelPort(type),
    options: tunnelOptions(type, "flow", host.tunnelIp, options),
    externalIds: new Map([
      [OWNER_KEY, fabricId],
      [SHARED_TUNNEL_KEYS.shared, "true"],
      ...peers.map((peer) => entryOf(peer, "", () => entryFor(peer))),
    ]),
    // BFD is between two ends, and this has many.
    bfd: new Map(),
  }));
}

/** FNV-1a, 64 bits, over UTF-16 code units. */
function hash64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  return hash;
}

/**
 * A locally administered MAC out of the host's id: pinned, because a new port could otherwise change the bridge's
 * MAC and with it the datapath id; derived, so that a host with an empty database comes back as the same switch.
 */
export function bridgeMac(hostId: HostId): Mac {
  const known = bridgeMacs.get(hostId);
  if (known !== undefined) return known;
  const mac = hashedMac(hostId);
  if (bridgeMacs.size >= MAX_BRIDGE_MACS) bridgeMacs.clear();
  bridgeMacs.set(hostId, mac);
  return mac;
}

const bridgeMacs = new Map<HostId, Mac>();
/** As many as there are hosts, and more. */
const MAX_BRIDGE_MACS = 131_072;

function hashedMac(hostId: HostId): Mac {
  const bytes = (hash64(hostId) & 0xffff_ffff_ffn).toString(16).padStart(10, "0");
  return `06:${bytes.match(/../g)?.join(":") ?? ""}`;
}

/** The datapath id of a bridge with that MAC: 16 hexadecimal digits. */
export function datapathIdOf(mac: Mac): string {
  return `0000${mac.replaceAll(":", "")}`;
}

interface TunnelTerms {
  readonly fabricId: string;
  /** null where tunnels leave by whatever address the routes say. */
  readonly ownIp: string | null;
  readonly options: TunnelOptions;
  readonly bfd: ReadonlyMap<string, string>;
}

/** Most hosts want the same tunnel to a peer: it is made for the first, and for others while their terms are the same. */
const madeTunnels = new WeakMap<WantedTunnel, { readonly terms: TunnelTerms; readonly tunnel: DesiredTunnel }>();

function singleTunnel(wanted: WantedTunnel, terms: TunnelTerms): DesiredTunnel {
  const known = madeTunnels.get(wanted);
  const { fabricId, ownIp, options, bfd } = terms;
  const was = known?.terms;
  if (
    known !== undefined &&
    was?.fabricId === fabricId &&
    was.ownIp === ownIp &&
    was.options === options &&
    was.bfd === bfd
  )
    return known.tunnel;
  const tunnel: DesiredTunnel = Object.freeze({
    name: tunnelName(wanted.type, wanted.peerIndex),
    type: wanted.type,
    peers: [wanted],
    shared: false,
    ofportRequest: tunnelPort(wanted.type, wanted.peerIndex),
    options: tunnelOptions(wanted.type, wanted.remoteIp, ownIp, options),
    externalIds: new Map([
      [OWNER_KEY, fabricId],
      [TUNNEL_KEYS.peer, wanted.peerId],
      [TUNNEL_KEYS.peerIndex, String(wanted.peerIndex)],
    ]),
    bfd,
  });
  madeTunnels.set(wanted, { terms, tunnel });
  return tunnel;
}

/** All that the rows of a host follow from. */
function inputsOf(fabric: Fabric, host: FabricHost, settings: RowSettings): readonly unknown[] {
  const { datapathType, controllerTarget, approval, requestMtu, tunnelOptions } = settings;
  const { fact, index, tunnelIp, wantedTunnels, ports, adoption } = host;
  const told = [fabric.id, fabric.bfd, datapathType, controllerTarget, approval, requestMtu, tunnelOptions];
  return [...told, fact?.bridgeName, fact?.datapathType, index, tunnelIp, wantedTunnels, ports, adoption];
}

const rowsFrom = new WeakMap<DesiredRows, readonly unknown[]>();

/**
 * null while the host has no place in the fabric: nothing is written to it then.
 * @param previous what was wanted of the host the last time; the same object where nothing is different
 */
export function compileRows(
  fabric: Fabric,
  host: FabricHost,
  settings: RowSettings,
  previous?: DesiredRows,
): DesiredRows | null {
  const { fact, index } = host;
  if (fact === null || index === null || fabric.id === null || !takesPart(fact)) return null;
  const inputs = inputsOf(fabric, host, settings);
  const before = previous?.hostId === host.id ? rowsFrom.get(previous) : undefined;
  if (previous !== undefined && before !== undefined && inputs.every((one, at) => one === before[at])) return previous;
  const rows = rowsOf(fabric, fabric.id, host, { fact, index }, settings);
  rowsFrom.set(rows, inputs);
  return rows;
}

function rowsOf(
  fabric: Fabric,
  fabricId: string,
  host: FabricHost,
  { fact, index }: { readonly fact: HostFact; readonly index: number },
  settings: RowSettings,
): DesiredRows {
  const singles = host.wantedTunnels.filter(({ shared }) => !shared);
  // While tunnels of pairs come or go beside a flow-based one they are not told another interval with each of them.
  const counted = Math.max(singles.length, host.wantedTunnels.length - singles.length);
  const terms: TunnelTerms = {
    fabricId,
    ownIp: settings.tunnelOptions.localIp ? host.tunnelIp : null,
    options: settings.tunnelOptions,
    bfd: bfdColumn(fabric.bfd, counted),
  };
  const portExternalIds = new Map<string, ReadonlyMap<string, string>>();
  for (const port of host.ports) {
    const own = port.attachments[0]?.network;
    // A network that has only a name keeps its VNI in its ports: there is no other place to keep it.
    const kept = own !== undefined && port.fact.networkName === own.name && own.vni >= FIRST_NAMED_VNI;
    if (kept && own.name !== DEFAULT_NETWORK) {
      portExternalIds.set(port.fact.name, new Map([[PORT_KEYS.vni, String(own.vni)]]));
    }
  }
  return {
    hostId: host.id,
    hostExternalIds: new Map([
      [HOST_KEYS.index, String(index)],
      [HOST_KEYS.fabric, fabricId],
      [HOST_KEYS.host, host.id],
      ...(settings.approval == null ? [] : [[HOST_KEYS.approval, settings.approval] as const]),
    ]),
    bridge: {
      name: fact.bridgeName,
      ownerKey: OWNER_KEY,
      fabricId,
      datapathType: fact.datapathType ?? settings.datapathType,
      hwaddr: bridgeMac(host.id),
      controllerTarget: settings.controllerTarget,
      adoption: host.adoption === undefined ? null : { stage: host.adoption.stage, drops: host.adoption.drops },
    },
    tunnels: [
      ...sharedTunnels(host, fabricId, settings.tunnelOptions),
      ...singles.map((tunnel) => singleTunnel(tunnel, terms)),
    ],
    portExternalIds,
    mtuRequests: new Map(
      host.ports.flatMap(({ fact: { name, type }, mtu }) =>
        settings.requestMtu === true && type === "internal" && mtu !== null ? [[name, mtu] as const] : [],
      ),
    ),
  };
}
