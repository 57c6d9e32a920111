// An Ethernet frame as a typed value: what a switch can match and rewrite by name, all the rest as bytes.
import type { Mac } from "../../proto/bytes/mac.ts";
import { type ArpPacket, ETH_TYPE, type RawPayload, type VlanTag } from "../../proto/packet/index.ts";

export interface TcpOrUdp {
  readonly kind: "ports";
  readonly source: number;
  readonly destination: number;
  /** All after the port numbers. */
  readonly rest: Uint8Array;
}

export interface Icmp {
  readonly kind: "icmp";
  readonly type: number;
  readonly code: number;
  /** All after the checksum. */
  readonly rest: Uint8Array;
}

/** A neighbour solicitation (135) or advertisement (136), RFC 4861. */
export interface NeighborMessage {
  readonly kind: "nd";
  readonly type: 135 | 136;
  /** The 32 bits before the target: R, S and O flags, then reserved. */
  readonly flags: number;
  readonly target: string;
  readonly sourceMac: Mac | null;
  readonly targetMac: Mac | null;
  /** Options other than those two link-layer addresses. */
  readonly otherOptions: Uint8Array;
}

export type Transport = TcpOrUdp | Icmp | NeighborMessage | RawPayload;

export interface Ipv4Payload {
  readonly kind: "ipv4";
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** DSCP and ECN. */
  readonly tos: number;
  readonly ttl: number;
  readonly identification: number;
  /** Flags and offset as they are on the wire. */
  readonly fragment: number;
  readonly options: Uint8Array;
  readonly transport: Transport;
}

export interface Ipv6Payload {
  readonly kind: "ipv6";
  readonly source: string;
  readonly destination: string;
  /** The protocol behind the extension headers. */
  readonly protocol: number;
  /** DSCP and ECN. */
  readonly tos: number;
  readonly ttl: number;
  readonly flowLabel: number;
  readonly extensions: Uint8Array;
  /** The next-header field of the IPv6 header itself: `protocol` where there are no extensions. */
  readonly firstHeader: number;
  /** Set by a fragment header among the extensions: its offset and M flag. */
  readonly fragment: number | null;
  readonly transport: Transport;
}

export type Payload = ArpPacket | Ipv4Payload | Ipv6Payload | RawPayload;

export interface Frame {
  readonly source: Mac;
  readonly destination: Mac;
  /** Outermost first, however many there are. */
  readonly vlans: readonly VlanTag[];
  /** The type after all tags. */
  readonly etherType: number;
  readonly payload: Payload;
}

const NOTHING = new Uint8Array(0);

interface Addressed {
  readonly source: Mac;
  readonly destination: Mac;
  readonly vlans?: readonly VlanTag[];
}

export function vlanTag(id: number, fields: Partial<VlanTag> = {}): VlanTag {
  return { tpid: ETH_TYPE.vlan, id, priority: 0, dropEligible: false, ...fields };
}

/** A frame of a type that the model does not look into. */
export function rawFrame(fields: Addressed & { readonly etherType: number; readonly bytes?: Uint8Array }): Frame {
  const { source, destination, vlans = [], etherType, bytes = NOTHING } = fields;
  return { source, destination, vlans, etherType, payload: { kind: "raw", bytes } };
}

export function arpFrame(
  fields: Addressed & Pick<ArpPacket, "operation" | "senderIp" | "targetIp"> & Partial<ArpPacket>,
): Frame {
  const { source, destination, vlans = [] } = fields;
  const { operation, senderMac = source, senderIp, targetMac = "00:00:00:00:00:00", targetIp } = fields;
  const payload: ArpPacket = { kind: "arp", operation, senderMac, senderIp, targetMac, targetIp };
  return { source, destination, vlans, etherType: ETH_TYPE.arp, payload };
}

export function ipv4Frame(
  fields: Addressed & { readonly ip: Pick<Ipv4Payload, "source" | "destination"> & Partial<Ipv4Payload> },
): Frame {
  const { source, destination, vlans = [], ip } = fields;
  const transport: Transport = ip.transport ?? { kind: "raw", bytes: NOTHING };
  const base = { protocol: 253, tos: 0, ttl: 64, identification: 0, fragment: 0, options: NOTHING };
  return { source, destination, vlans, etherType: ETH_TYPE.ipv4, payload: { ...base, ...ip, kind: "ipv4", transport } };
}

export function ipv6Frame(
  fields: Addressed & { readonly ip: Pick<Ipv6Payload, "source" | "destination"> & Partial<Ipv6Payload> },
): Frame {
  const { source, destination, vlans = [], ip } = fields;
  const transport: Transport = ip.transport ?? { kind: "raw", bytes: NOTHING };
  const protocol = ip.protocol ?? (transport.kind === "nd" || transport.kind === "icmp" ? 58 : 253);
  const base = { tos: 0, ttl: 255, flowLabel: 0, extensions: NOTHING, firstHeader: protocol, fragment: null };
  const payload: Ipv6Payload = { ...base, ...ip, kind: "ipv6", protocol, transport };
  return { source, destination, vlans, etherType: ETH_TYPE.ipv6, payload };
}
