// What there is to be checked: every tunnel and plain link in both directions, and every network between its members.
import { isIpv4 } from "../../proto/bytes/ip.ts";
import type { Mac } from "../../proto/bytes/mac.ts";
import type { Action } from "../../proto/openflow13/index.ts";
import type { CheckPathView, CheckSizeView } from "../api/check-views.ts";
import { loneHostId } from "../discovery/lone-switch.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostId, Vni } from "../model/facts.ts";
import { isOfKind, laneOf } from "../model/lanes.ts";
import { CHECK_DESTINATION, CHECK_NETWORK_DESTINATION } from "../model/probe-address.ts";
import { bareEncapsulationBytes, encapsulationBytes, TUNNEL_TYPES } from "../model/tunnel-types.ts";
import { byLink, byNetwork, byTunnel } from "../pipeline/probe-flows.ts";

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

export interface CheckScope {
  /** Whether the host's switch is connected. */
  readonly isConnected: (host: FabricHost) => boolean;
  /** Whether it catches probes: one that does not is sent none, and sends none. */
  readonly catchesProbes: (host: FabricHost) => boolean;
  /** Where a host neither shows nor says its own. */
  readonly underlayMtu: number;
  readonly checksums: boolean;
  /** null: all. */
  readonly hosts: ReadonlySet<HostId> | null;
  readonly network: Vni | null;
}

export const SMALL_BYTES = 64;
const LINK_BYTES = 1500;

export function checkPaths(fabrics: Iterable<Fabric>, scope: CheckScope): readonly CheckPath[] {
  const paths: CheckPath[] = [];
  const takes = (from: HostId, to: HostId): boolean =>
    scope.hosts === null || scope.hosts.has(from) || scope.hosts.has(to);
  for (const fabric of fabrics) {
    const all = [...tunnelPaths(fabric, scope), ...linkPaths(fabric, scope), ...networkPaths(fabric, scope)];
    for (const path of all) {
      if (scope.network !== null && path.vni !== scope.network) continue;
      if (takes(path.from, path.to)) paths.push(path);
    }
  }
  return paths;
}

function absence(from: FabricHost, to: FabricHost, { isConnected, catchesProbes }: CheckScope): string | null {
  const away = [from, to].filter((host) => !isConnected(host)).map(({ name }) => name);
  if (away.length > 0) return `${away.join(" and ")} ${away.length === 1 ? "is" : "are"} not connected by OpenFlow`;
  const deaf = [from, to].filter((host) => !catchesProbes(host)).map(({ name }) => name);
  if (deaf.length === 0) return null;
  return `${deaf.join(" and ")} ${deaf.length === 1 ? "does" : "do"} not take the flows that catch probes, or not in time`;
}

function* tunnelPaths(fabric: Fabric, scope: CheckScope): Generator<CheckPath> {
  for (const host of fabric.hosts.values()) {
    for (const wanted of host.wantedTunnels) {
      const peer = fabric.hosts.get(wanted.peerId);
      if (peer === undefined) continue;
      const { type, peerIndex, remoteIp } = wanted;
      const row = host.fact?.tunnels.find(
        (one) => one.peerId === wanted.peerId && one.peerIndex === peerIndex && isOfKind(one, wanted),
      );
      const lane = row === undefined ? null : laneOf(row, peer.tunnelIp);
      const family = isIpv4(remoteIp) ? "ipv4" : "ipv6";
      const mtu = Math.min(mtuOf(host, scope), mtuOf(peer, scope));
      const overhead = bareEncapsulationBytes(type, family, scope.checksums);
      const { udpPort } = TUNNEL_TYPES[type];
      const missing = lane === null ? `${host.name} has no such tunnel yet` : (row?.error ?? null);
      yield {
        ...{ kind: "tunnel", from: host.id, to: peer.id, name: row?.name ?? type, type, vni: null },
        destination: CHECK_DESTINATION,
        actions: lane === null ? [] : byTunnel(lane),
        sizes: [
          { name: "small", bytes: SMALL_BYTES },
          { name: "mtu", bytes: mtu - encapsulationBytes(type, family, scope.checksums) },
          { name: "full", bytes: mtu - overhead },
        ],
        underlay: {
          ...{ protocol: udpPort === null ? "GRE (IP protocol 47)" : `UDP ${udpPort}`, overhead },
          ...{ from: host.tunnelIp ?? "", to: remoteIp },
        },
        unchecked: absence(host, peer, scope) ?? missing,
      };
    }
  }
}

function mtuOf({ fact }: FabricHost, { underlayMtu }: CheckScope): number {
  return fact?.underlayMtu ?? underlayMtu;
}

function* linkPaths(fabric: Fabric, scope: CheckScope): Generator<CheckPath> {
  for (const host of fabric.hosts.values()) {
    for (const [ofport, far] of host.plain?.links ?? []) {
      const peer = far === null ? undefined : fabric.hosts.get(loneHostId(far.dpid));
      if (peer === undefined) continue;
      const port = host.ports.find(({ fact }) => fact.ofport === ofport);
      yield {
        ...{ kind: "link", from: host.id, to: peer.id, name: port?.fact.name ?? String(ofport), type: null, vni: null },
        destination: CHECK_DESTINATION,
        actions: byLink(ofport),
        sizes: [
          { name: "small", bytes: SMALL_BYTES },
          { name: "full", bytes: LINK_BYTES },
        ],
        underlay: null,
        unchecked: absence(host, peer, scope),
      };
    }
  }
}

/** Between hosts that have ports in it; by whatever way the groups lead, relays as well. */
function* networkPaths(fabric: Fabric, scope: CheckScope): Generator<CheckPath> {
  const at = new Map([...fabric.hosts.values()].flatMap((host) => (host.index === null ? [] : [[host.index, host]])));
  for (const network of fabric.networks.all()) {
    const members = (fabric.members.get(network.vni) ?? []).flatMap((index) => at.get(index) ?? []);
    for (const host of members) {
      // Frames in an island bear labels, and go by the links that are checked.
      if (host.plain !== null) continue;
      for (const peer of members) {
        if (peer.index === null || peer === host) continue;
        const mtu = host.mtus.get(network.vni) ?? SMALL_BYTES;
        yield {
          ...{ kind: "network", from: host.id, to: peer.id, name: network.name, type: null, vni: network.vni },
          destination: CHECK_NETWORK_DESTINATION,
          actions: byNetwork(network.vni, peer.index),
          sizes: [
            { name: "small", bytes: SMALL_BYTES },
            { name: "mtu", bytes: mtu },
          ],
          underlay: null,
          unchecked:
            absence(host, peer, scope) ?? (host.ways.has(peer.index) ? null : `${host.name} knows no way there`),
        };
      }
    }
  }
}
