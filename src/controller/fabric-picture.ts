// The fabric as plain JSON, for traces: facts of every host, and of switches what they hold.
import { type FlowStats, formatFlow, formatGroup, type GroupDesc, OFPPS } from "../../proto/openflow13/index.ts";
import type { Rest } from "../api/in-slices.ts";
import { loneHostId } from "../discovery/lone-switch.ts";
import { endpointKey } from "../model/endpoints.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import { sortedEndpoints } from "../model/fabric-endpoints.ts";
import type { HostId } from "../model/facts.ts";
import { OTHER_VLANS_VNI } from "../model/networks.ts";
import type { DesiredFlow, DesiredGroup } from "../pipeline/desired.ts";
import { decodeCookie, groupName, TABLES } from "../pipeline/registry.ts";
import type {
  FabricPicture,
  PictureEndpoint,
  PictureHost,
  PictureLink,
  PictureNetwork,
  PicturePort,
  PictureSwitch,
  PictureTunnel,
} from "../trace/index.ts";
import type { SwitchEntry } from "./switch-entry.ts";

const TABLE_NAMES: Readonly<Record<string, string>> = Object.freeze(
  Object.fromEntries(Object.values(TABLES).map(({ id, name }) => [String(id), name])),
);

/** Without switches. @param rest awaited between one host and the next */
export async function pictureOf(fabrics: readonly Fabric[], rest: Rest): Promise<FabricPicture> {
  const hosts: PictureHost[] = [];
  for (const fabric of fabrics) {
    for (const host of fabric.hosts.values()) {
      await rest();
      hosts.push(hostPicture(fabric, host));
    }
  }
  return {
    version: 1,
    hosts: hosts.sort((a, b) => (a.id < b.id ? -1 : 1)),
    networks: networkPictures(fabrics),
    endpoints: fabrics.flatMap(endpointPictures),
    tables: TABLE_NAMES,
  };
}

/** @param switches by host; the switch of any other is not part of the picture. */
export function withSwitches(picture: FabricPicture, switches: ReadonlyMap<HostId, PictureSwitch>): FabricPicture {
  return { ...picture, hosts: picture.hosts.map((host) => ({ ...host, switch: switches.get(host.id) ?? null })) };
}

function hostPicture(fabric: Fabric, host: FabricHost): PictureHost {
  const [first = ""] = fabric.hosts.keys();
  return {
    id: host.id,
    name: host.name,
    index: host.index,
    bridge: host.fact?.bridgeName ?? "",
    tunnelIp: host.tunnelIp,
    fabric: host.plain === null ? (fabric.id ?? "") : first,
    caveat: caveatOf(host),
    ports: host.ports.map(portPicture),
    tunnels: tunnelPictures(fabric, host),
    links: linkPictures(host),
    switch: null,
  };
}

function caveatOf({ fact }: FabricHost): string | null {
  if (fact?.adoption?.stage === "prepare") return "it is about to be adopted, and still forwards by flows of its own";
  const kind = fact?.standing.kind;
  return kind === "waiting" || kind === "refused" ? "its bridge is not Weft's" : null;
}

function portPicture({ fact, attachments, locks, blocked }: FabricHost["ports"][number]): PicturePort {
  return {
    name: fact.name,
    ofport: fact.ofport,
    up: fact.up,
    networks: attachments
      .filter((at) => at.network.vni !== OTHER_VLANS_VNI)
      .map(({ network, ingressVlans }) => ({ vni: network.vni, vlans: ingressVlans })),
    owner: fact.owner ?? null,
    declaredMacs: fact.declaredMacs,
    locked: locks.size > 0,
    blocked,
    excluded: fact.excluded?.message ?? null,
  };
}

function tunnelPictures(fabric: Fabric, { fact }: FabricHost): readonly PictureTunnel[] {
  const rows = (fact?.tunnels ?? []).filter((row) => row.fabricId === fabric.id);
  return rows.map(({ name, type, ofport, shared, remoteIp, peerId, bfd, error }) => ({
    ...{ name, type, ofport, shared: shared === true, remoteIp, peer: peerId },
    ...{ bfd: bfd.kind, why: bfd.kind === "down" ? bfd.why : null, error },
  }));
}

function linkPictures({ plain }: FabricHost): readonly PictureLink[] {
  return [...(plain?.links ?? [])].map(([ofport, far]) => ({
    ofport,
    peer: far === null ? null : loneHostId(far.dpid),
    peerOfport: far?.ofport ?? null,
  }));
}

function networkPictures(fabrics: readonly Fabric[]): readonly PictureNetwork[] {
  const found = new Map<number, PictureNetwork>();
  for (const fabric of fabrics) {
    for (const { vni, name } of fabric.networks.all()) {
      const mtus = [...fabric.hosts.values()].flatMap((host) => host.mtus.get(vni) ?? []);
      const before = found.get(vni)?.mtu ?? null;
      const known = before === null ? mtus : [before, ...mtus];
      found.set(vni, { vni, name, mtu: known.length === 0 ? null : Math.min(...known) });
    }
  }
  return [...found.values()].sort((a, b) => a.vni - b.vni);
}

function endpointPictures(fabric: Fabric): readonly PictureEndpoint[] {
  return sortedEndpoints(fabric).map(({ mac, ips, vni, hostId, portName, ofport, origin, owner }) => ({
    ...{ mac, ips, vni, host: hostId, port: portName, ofport, origin },
    declaredBy: origin === "declared" ? declarer(fabric, endpointKey(vni, mac), hostId, portName) : null,
    owner: owner ?? null,
  }));
}

/** In the words of whoever has to change it. */
export function declarer(fabric: Fabric, key: string, hostId: HostId, name: string | null): string {
  const counts = fabric.declared.get(key)?.find((one) => one.hostId === hostId && one.portName === name);
  if (counts?.configured === true) return "endpoints.static";
  const port = fabric.hosts.get(hostId)?.ports.find(({ fact }) => fact.name === name);
  return port?.fact.type === "internal" ? "its Interface row" : "attached-mac";
}

type HeldFlow = FlowStats | DesiredFlow;
type HeldGroup = GroupDesc | DesiredGroup;

/** @param reason why the switch was not asked; null where it was. */
export function switchPicture(
  entry: SwitchEntry,
  flows: Iterable<HeldFlow>,
  groups: Iterable<HeldGroup>,
  reason: string | null,
): PictureSwitch {
  const ports = (entry.session ?? entry.left)?.ports ?? new Map();
  return {
    source: reason === null ? "read" : "known",
    reason,
    connected: entry.session !== null,
    flows: [...flows].map((flow) => ({
      text: formatFlow({ ...flowOnly(flow), hardTimeoutSec: 0 }),
      fact: decodeCookie(flow.cookie) ?? null,
    })),
    groups: [...groups].map((group) => ({ text: formatGroup(group), name: groupName(group.groupId) })),
    ports: [...ports.values()]
      .map(({ portNo, name, state }) => ({ ofport: portNo, name, live: (state & OFPPS.LIVE) !== 0 }))
      .sort((a, b) => a.ofport - b.ofport),
  };
}

/** Counters change from one reading to the next, and say nothing of where a frame goes. */
function flowOnly({ tableId, priority, cookie, idleTimeoutSec, flags, match, instructions }: HeldFlow) {
  return { tableId, priority, cookie, idleTimeoutSec, flags, match, instructions };
}
