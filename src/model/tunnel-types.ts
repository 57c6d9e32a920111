// What each tunnel type can do and costs: the one table; no special cases elsewhere.
import type { TunnelType } from "./facts.ts";

export interface TunnelTypeTraits {
  /** Port numbers are this plus the peer's index: a range for each type, so that two types can stand side by side. */
  readonly portBase: number;
  /** Bytes between the outer IP header and the inner Ethernet header, the key included. */
  readonly headerBytes: number;
  /** UDP destination port; null for GRE, which is an IP protocol (47). */
  readonly udpPort: number | null;
}

export const TUNNEL_TYPES: Readonly<Record<TunnelType, TunnelTypeTraits>> = Object.freeze({
  // RFC 2784 with the key of RFC 2890.
  gre: { portBase: 0x8000, headerBytes: 4 + 4, udpPort: null },
  // UDP, and RFC 7348.
  vxlan: { portBase: 0x9000, headerBytes: 8 + 8, udpPort: 4789 },
  // UDP, and RFC 8926 without options.
  geneve: { portBase: 0xa000, headerBytes: 8 + 8, udpPort: 6081 },
});

const OUTER_IP_BYTES = { ipv4: 20, ipv6: 40 } as const;
const INNER_ETHERNET_BYTES = 14;
/** A frame that a relay passes on carries one tag more, and one with a priority and no VLAN another. */
const RELAY_LABEL_BYTES = 4;
const PRIORITY_TAG_BYTES = 4;

/** In GRE a checksum has a field of its own; UDP's is there with or without one. */
const GRE_CHECKSUM_BYTES = 4;

/** What a tunnel takes of a packet whose frame has no tag. */
export function bareEncapsulationBytes(type: TunnelType, family: "ipv4" | "ipv6", checksum = false): number {
  const { headerBytes, udpPort } = TUNNEL_TYPES[type];
  const outer = OUTER_IP_BYTES[family] + headerBytes + (checksum && udpPort === null ? GRE_CHECKSUM_BYTES : 0);
  return outer + INNER_ETHERNET_BYTES;
}

/** What of the underlay's MTU a tunnel takes: a guest's packet may be so much smaller. */
export function encapsulationBytes(type: TunnelType, family: "ipv4" | "ipv6", checksum = false): number {
  return bareEncapsulationBytes(type, family, checksum) + RELAY_LABEL_BYTES + PRIORITY_TAG_BYTES;
}

/** Reserved by IEEE 802.1Q: tunnels are in it where a bridge that forwards by itself shall not forward to them. */
export const CLOSED_VLAN = 4095;

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

/** `gre-flow`: the one Interface for all peers. */
export function sharedTunnelName(type: TunnelType): string {
  return `${type}-flow`;
}

/** No host has the index 0. */
export function sharedTunnelPort(type: TunnelType): number {
  return TUNNEL_TYPES[type].portBase;
}
