// What there is to be checked: every tunnel and plain link in both directions, and every network between its members.
import { isIpv4 } from "../../proto/bytes/ip.ts";
import type { Mac } from "../../proto/bytes/mac.ts";
import type { Action } from "../../proto/openflow13/index.ts";
import type { CheckPathView, CheckSizeView } from "../api/check-views.ts";
import { loneHostId } from "../discovery/lone-switch.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostId, TunnelRowFact, Vni } from "../model/facts.ts";
import { isShared, kindText, laneOf, type TunnelKind } from "../model/lanes.ts";
import { CHECK_DESTINATION, CHECK_NETWORK_DESTINATION } from "../model/probe-address.ts";
import { bareEncapsulationBytes, encapsulationBytes, TUNNEL_TYPES } from "../model/tunnel-types.ts";
import type { WantedTunnel } from "../model/wanted-tunnels.ts";
import { byLink, byNetwork, byTunnel } from "../pipeline/probe-flows.ts";
import type { Samplable } from "./check-sample.ts";

export interface CheckPath extends Pick<CheckPathView, "kind" | "from" | "to" | "name" | "type"> {
  readonly destination: Mac;
  readonly actions: readonly Action[];
  /** What the far switch is to say of it; null where it says nothing of the kind. */
  readonly vni: Vni | null;
  readonly sizes: readonly Pick<CheckSizeView, "name" | "bytes">[];
  /** How the underlay sees it; null where there is none. */
  readonly underlay: {
    readonly protocol: string;
    readonly from: string;
    readonly to: string;
    readonly overhead: number;
  } | null;
  /** Why it can't be checked; null where it can. */
  readonly unchecked: string | null;
}

/** A path that can be chosen before all is put together that is to be known of it: a large fabric has a million. */
export interface CheckOffer extends Samplable {
  readonly path: () => CheckPath;
}

export interface CheckScope {
  /** Why probes can't be sent to and caught at a host's switch, as in "is not connected by OpenFlow"; null where they can. */
  readonly absence: (host: FabricHost) => string | null;
  /** Where a host neither shows nor says its own. */
  readonly underlayMtu: number;
  readonly checksums: boolean;
  /** null: all; else paths that have one of these at an end. */
  readonly hosts: ReadonlySet<HostId> | null;
  readonly network: Vni | null;
}

export const SMALL_BYTES = 64;
/** More does not go into a message to a switch, with its actions; a host may say that its underlay passes it. */
const MAX_BYTES = 65_000;
const LINK_BYTES = 1500;

export function checkOffers(fabrics: Iterable<Fabric>, scope: CheckScope): readonly CheckOffer[] {
  const offers: CheckOffer[] = [];
  const takes = ({ from, to, vni }: CheckOffer): boolean =>
    (scope.network === null || vni === scope.network) &&
    (scope.hosts === null || scope.hosts.has(from) || scope.hosts.has(to));
  for (const fabric of fabrics) {
    for (const some of [tunnelOffers(fabric, scope), linkOffers(fabric, scope), networkOffers(fabric, scope)])
      for (const offer of some) if (takes(offer)) offers.push(offer);
  }
  return offers;
}

function absenceOf(from: FabricHost, to: FabricHost, { absence }: CheckScope): string | null {
  const said = [from, to].flatMap((host) => {
    const why = absence(host);
    return why === null ? [] : [`${host.name} ${why}`];
  });
  return said.length === 0 ? null : said.join(", and ");
}

function* tunnelOffers(fabric: Fabric, scope: CheckScope): Generator<CheckOffer> {
  for (const host of fabric.hosts.values()) {
    const rows = new Map(
      (host.fact?.tunnels ?? []).map((row) => [tunnelKey(row, { type: row.type, shared: isShared(row) }), row]),
    );
    for (const wanted of host.wantedTunnels) {
      const peer = fabric.hosts.get(wanted.peerId);
      if (peer === undefined) continue;
      const row = rows.get(tunnelKey(wanted, wanted));
      const ends = { kind: "tunnel", from: host.id, to: peer.id, vni: null } as const;
      yield { ...ends, path: () => tunnelPath(host, peer, wanted, row, scope) };
    }
  }
}

type TunnelTo = Pick<WantedTunnel, "peerId" | "peerIndex">;

function tunnelKey({ peerId, peerIndex }: TunnelTo, kind: TunnelKind): string {
  return `${peerIndex} ${kindText(kind)} ${peerId}`;
}

function tunnelPath(
  host: FabricHost,
  peer: FabricHost,
  { type, remoteIp }: WantedTunnel,
  row: TunnelRowFact | undefined,
  scope: CheckScope,
): CheckPath {
  const lane = row === undefined ? null : laneOf(row, peer.tunnelIp);
  const family = isIpv4(remoteIp) ? "ipv4" : "ipv6";
  const mtu = Math.min(mtuOf(host, scope), mtuOf(peer, scope));
  const overhead = bareEncapsulationBytes(type, family, scope.checksums);
  const { udpPort } = TUNNEL_TYPES[type];
  const missing = lane === null ? `${host.name} has no such tunnel yet` : (row?.error ?? null);
  return {
    ...{ kind: "tunnel", from: host.id, to: peer.id, name: row?.name ?? type, type, vni: null },
    destination: CHECK_DESTINATION,
    actions: lane === null ? [] : byTunnel(lane),
    sizes: [
      { name: "small", bytes: SMALL_BYTES },
      { name: "mtu", bytes: sendable(mtu - encapsulationBytes(type, family, scope.checksums)) },
      { name: "full", bytes: sendable(mtu - overhead) },
    ],
    underlay: {
      ...{ protocol: udpPort === null ? "GRE (IP protocol 47)" : `UDP ${udpPort}`, overhead },
      ...{ from: host.tunnelIp ?? "", to: remoteIp },
    },
    unchecked: absenceOf(host, peer, scope) ?? missing,
  };
}

function sendable(bytes: number): number {
  return Math.min(bytes, MAX_BYTES);
}

function mtuOf({ fact }: FabricHost, { underlayMtu }: CheckScope): number {
  return fact?.underlayMtu ?? underlayMtu;
}

function* linkOffers(fabric: Fabric, scope: CheckScope): Generator<CheckOffer> {
  for (const host of fabric.hosts.values()) {
    for (const [ofport, far] of host.plain?.links ?? []) {
      const peer = far === null ? undefined : fabric.hosts.get(loneHostId(far.dpid));
      if (peer === undefined) continue;
      const ends = { kind: "link", from: host.id, to: peer.id, vni: null } as const;
      yield { ...ends, path: () => linkPath(host, peer, ofport, scope) };
    }
  }
}

function linkPath(host: FabricHost, peer: FabricHost, ofport: number, scope: CheckScope): CheckPath {
  const port = host.ports.find(({ fact }) => fact.ofport === ofport);
  return {
    ...{ kind: "link", from: host.id, to: peer.id, name: port?.fact.name ?? String(ofport), type: null, vni: null },
    destination: CHECK_DESTINATION,
    actions: byLink(ofport),
    sizes: [
      { name: "small", bytes: SMALL_BYTES },
      { name: "full", bytes: LINK_BYTES },
    ],
    underlay: null,
    unchecked: absenceOf(host, peer, scope),
  };
}

/** Between hosts that have ports in it; by whatever way the groups lead, relays as well. */
function* networkOffers(fabric: Fabric, scope: CheckScope): Generator<CheckOffer> {
  const at = new Map([...fabric.hosts.values()].flatMap((host) => (host.index === null ? [] : [[host.index, host]])));
  for (const { vni, name } of fabric.networks.all()) {
    const members = (fabric.members.get(vni) ?? []).flatMap((index) => at.get(index) ?? []);
    for (const host of members) {
      // Frames in an island bear labels, and go by the links that are checked.
      if (host.plain !== null) continue;
      for (const peer of members) {
        const { index } = peer;
        if (index === null || peer === host) continue;
        const ends = { kind: "network", from: host.id, to: peer.id, vni } as const;
        yield { ...ends, path: () => networkPath(host, { peer, index }, { vni, name }, scope) };
      }
    }
  }
}

function networkPath(
  host: FabricHost,
  { peer, index }: { readonly peer: FabricHost; readonly index: number },
  { vni, name }: { readonly vni: Vni; readonly name: string },
  scope: CheckScope,
): CheckPath {
  return {
    ...{ kind: "network", from: host.id, to: peer.id, name, type: null, vni },
    destination: CHECK_NETWORK_DESTINATION,
    actions: byNetwork(vni, index),
    sizes: [
      { name: "small", bytes: SMALL_BYTES },
      { name: "mtu", bytes: sendable(host.mtus.get(vni) ?? SMALL_BYTES) },
    ],
    underlay: null,
    unchecked:
      absenceOf(host, peer, scope) ??
      ownFlows(host) ??
      (host.ways.has(index) ? null : `${host.name} knows no way there`),
  };
}

/** A bridge that is about to be adopted has no groups for other hosts yet. */
function ownFlows({ name, fact }: FabricHost): string | null {
  return fact?.adoption?.stage === "prepare" ? `${name} is about to be adopted, and still forwards by itself` : null;
}
