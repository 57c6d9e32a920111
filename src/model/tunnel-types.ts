// What each tunnel type can do and costs: the one table; no special cases elsewhere.
import type { TunnelType } from "./facts.ts";

export interface TunnelTypeTraits {
  /** Port numbers are this plus the peer's index: a range for each type, so that two types can stand side by side. */
  readonly portBase: number;
  /** Bytes of outer headers within the underlay MTU, over IPv4, inner Ethernet header included. */
  readonly overheadIpv4: number;
  /** UDP destination port; null for GRE, which is an IP protocol (47). */
  readonly udpPort: number | null;
}

export const TUNNEL_TYPES: Readonly<Record<TunnelType, TunnelTypeTraits>> = Object.freeze({
  gre: { portBase: 0x8000, overheadIpv4: 20 + 8 + 14, udpPort: null },
  vxlan: { portBase: 0x9000, overheadIpv4: 20 + 8 + 8 + 14, udpPort: 4789 },
  geneve: { portBase: 0xa000, overheadIpv4: 20 + 8 + 8 + 14, udpPort: 6081 },
});

/** Port numbers from here on are tunnels'; a lone switch's port among them is never taken for a guest's. */
export const FIRST_TUNNEL_PORT = 0x8000;

export function isTunnelType(text: string): text is TunnelType {
  return Object.hasOwn(TUNNEL_TYPES, text);
}

/** `gre3`: the same name for a peer on every host. */
export function tunnelName(type: TunnelType, peerIndex: number): string {
  return `${type}${peerIndex}`;
}

export function tunnelPort(type: TunnelType, peerIndex: number): number {
  return TUNNEL_TYPES[type].portBase + peerIndex;
}
