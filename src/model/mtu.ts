// MTUs: what a guest may send so that it still fits the underlay, on every path there is.
import { isIpv4 } from "../../proto/bytes/ip.ts";
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { HostFact, HostId, PortFact, TunnelType } from "./facts.ts";
import { encapsulationBytes } from "./tunnel-types.ts";
import type { WantedTunnel } from "./wanted-tunnels.ts";

/** As much of a host as paths depend on. */
export interface PathEnd {
  readonly id: HostId;
  readonly index: number | null;
  readonly tunnelIp: string | null;
  readonly fact: HostFact | null;
  readonly wantedTunnels: readonly WantedTunnel[];
}

export interface MtuSettings {
  /** Of the default tunnel type, for a host that has no tunnel yet. */
  readonly tunnelType: TunnelType;
  /** Of the underlay, where a host neither shows nor says its own. */
  readonly underlayMtu: number;
  /** `Interface.options:csum` of tunnels. */
  readonly checksums: boolean;
}

export function underlayMtuOf(host: PathEnd, settings: MtuSettings): number {
  return host.fact?.underlayMtu ?? settings.underlayMtu;
}

export function familyOf(ip: string | null): "ipv4" | "ipv6" {
  return ip === null || isIpv4(ip) ? "ipv4" : "ipv6";
}

/** What a tunnel of the default type to the host takes. */
function ownBytes({ tunnelIp }: PathEnd, { tunnelType, checksums }: MtuSettings): number {
  return encapsulationBytes(tunnelType, familyOf(tunnelIp), checksums);
}

/**
 * Peer index -> the MTU that fits the way there. The smaller underlay of both ends counts, and while two tunnels stand
 * side by side the greedier one. What lies between the ends nobody tells.
 */
export function pathMtus(
  host: PathEnd,
  peerAt: ReadonlyMap<number, PathEnd>,
  settings: MtuSettings,
): ReadonlyMap<number, number> {
  const mtus = new Map<number, number>();
  for (const { peerIndex, type, remoteIp } of host.wantedTunnels) {
    const peer = peerAt.get(peerIndex);
    const far = peer === undefined ? settings.underlayMtu : underlayMtuOf(peer, settings);
    const underlay = Math.min(underlayMtuOf(host, settings), far);
    const mtu = underlay - encapsulationBytes(type, familyOf(remoteIp), settings.checksums);
    mtus.set(peerIndex, Math.min(mtu, mtus.get(peerIndex) ?? mtu));
  }
  // To those without a tunnel from here a relay leads: by the least of the tunnels there are, and one more.
  const least = Math.min(...mtus.values());
  for (const [index, peer] of peerAt) {
    if (index === host.index || mtus.has(index) || mtus.size === 0) continue;
    const last = underlayMtuOf(peer, settings) - ownBytes(peer, settings);
    mtus.set(index, Math.min(least, last));
  }
  return mtus;
}

/** For a network whose members are these; what would fit a tunnel of the host's own where there is none yet. */
export function mtuAmong(
  host: PathEnd,
  members: readonly number[],
  paths: ReadonlyMap<number, number>,
  settings: MtuSettings,
): number | null {
  // A lone switch has no tunnels, and will have none.
  if (host.index === null) return null;
  const known = members.flatMap((index) => paths.get(index) ?? []);
  return known.length > 0 ? Math.min(...known) : underlayMtuOf(host, settings) - ownBytes(host, settings);
}

export function mtuProblems(port: PortFact, fits: number | null): readonly Diagnostic[] {
  const mtu = port.mtu ?? null;
  if (mtu === null || fits === null || mtu <= fits) return [];
  const internal = `ovs-vsctl set interface ${port.name} mtu_request=${fits}, or mtu.request: true in weft.yaml`;
  return [
    diagnostic(
      "port/mtu",
      `port ${port.name} has an MTU of ${mtu}, and only ${fits} fits the tunnels: larger packets may be lost on the way`,
      port.type === "internal" ? internal : `ip link set dev ${port.name} mtu ${fits}, and the same in the guest`,
    ),
  ];
}
