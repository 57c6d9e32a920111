// A copied frame to a sighting: this MAC, perhaps with this address, sent from this port of this network.
import { isMulticastMac, type Mac, ZERO_MAC } from "../../proto/bytes/mac.ts";
import type { PacketIn } from "../../proto/openflow13/index.ts";
import {
  type DhcpMessage,
  decodeFrame,
  ETH_TYPE,
  type EthernetFrame,
  type NeighborAdvertisement,
} from "../../proto/packet/index.ts";
import type { Vni } from "../model/facts.ts";

export interface Sighting {
  readonly vni: Vni;
  readonly ofport: number;
  readonly mac: Mac;
  /** The address the frame shows to be the sender's; null where it shows none. */
  readonly ip: string | null;
  /** Whether the frame says that its sender routes (RFC 4861); null where it does not say. */
  readonly router: boolean | null;
  /** The sender tells everyone that the address is its own from now on. */
  readonly announces?: boolean;
  /** The sender gives this address up (DHCPRELEASE, DHCPDECLINE). */
  readonly releases?: string;
  /** A DHCP server gives somebody an address. */
  readonly lease?: { readonly mac: Mac; readonly ip: string };
}

/** What a frame shows beside its source. */
type Shown = Pick<Sighting, "ip" | "announces" | "releases" | "lease"> & Partial<Pick<Sighting, "router">>;

const NO_ADDRESS = "0.0.0.0";

function numberOf(packetIn: PacketIn, field: "in_port" | "metadata"): number {
  for (const tlv of packetIn.match) if (tlv.field === field) return Number(tlv.value);
  return 0;
}

/** A frame that shows its source, and nothing else: of one who is known where it comes from it is no news. */
export interface PlainSighting {
  readonly vni: Vni;
  readonly ofport: number;
  /** 48 bits. */
  readonly source: number;
}

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const IPV4_WITHOUT_OPTIONS = 0x45;
const UDP = 17;
const DHCP_PORTS: ReadonlySet<number> = new Set([67, 68]);

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Whether an IPv4 packet, by its first bytes, is none of DHCP. */
function isNoDhcp(data: Uint8Array): boolean {
  const at = ETHERNET_BYTES;
  if (data.length < at + IPV4_BYTES || data[at] !== IPV4_WITHOUT_OPTIONS) return false;
  if (data[at + 9] !== UDP) return true;
  const isFragment = (u16(data, at + 6) & 0x3fff) !== 0;
  const ports = at + IPV4_BYTES;
  if (isFragment || data.length < ports + 4) return false;
  return !DHCP_PORTS.has(u16(data, ports)) && !DHCP_PORTS.has(u16(data, ports + 2));
}

/** null where the frame has to be read to know what it shows: `sightingOf` does. */
export function plainSightingOf(packetIn: PacketIn): PlainSighting | null {
  const { data } = packetIn;
  if (data.length < ETHERNET_BYTES || u16(data, 12) !== ETH_TYPE.ipv4 || !isNoDhcp(data)) return null;
  const [vni, ofport] = [numberOf(packetIn, "metadata"), numberOf(packetIn, "in_port")];
  const isGroup = ((data[6] as number) & 1) !== 0;
  const source = u16(data, 6) * 2 ** 32 + u16(data, 8) * 2 ** 16 + u16(data, 10);
  return vni === 0 || ofport === 0 || isGroup || source === 0 ? null : { vni, ofport, source };
}

/** What a DHCP message of a client or server shows; a client's message counts only where it speaks of itself. */
function fromDhcp(message: DhcpMessage, source: Mac): Pick<Sighting, "ip" | "releases" | "lease"> {
  const { messageType, clientMac, clientIp, yourIp } = message;
  if (message.operation === "reply") {
    const given = messageType === "ack" && yourIp !== NO_ADDRESS && !isMulticastMac(clientMac);
    return { ip: null, ...(given ? { lease: { mac: clientMac, ip: yourIp } } : {}) };
  }
  if (clientMac !== source) return { ip: null };
  if (messageType === "decline" && message.requestedIp !== null) return { ip: null, releases: message.requestedIp };
  if (clientIp === NO_ADDRESS) return { ip: null };
  if (messageType === "release") return { ip: null, releases: clientIp };
  return { ip: messageType === "request" ? clientIp : null };
}

/**
 * Addresses come from ARP, neighbour discovery and DHCP alone: an IP header's source may be a routed stranger's. A probe
 * (RFC 5227: sender address 0; RFC 4862: source ::) claims nothing yet. An announcement names itself as its target
 * (RFC 5227, section 2.3), or is an advertisement that nobody asked for and that overrides (RFC 4861, section 7.2.6).
 */
function claimOf({ ethernet, payload }: EthernetFrame): Shown {
  if (payload.kind === "arp") {
    const claims = payload.senderMac === ethernet.source && payload.senderIp !== NO_ADDRESS;
    return claims ? { ip: payload.senderIp, announces: payload.senderIp === payload.targetIp } : { ip: null };
  }
  if (payload.kind === "ipv4") {
    const datagram = payload.payload;
    const message = datagram.kind === "udp" ? datagram.payload : datagram;
    return message.kind === "dhcpv4" ? fromDhcp(message, ethernet.source) : { ip: null };
  }
  if (payload.kind !== "ipv6" || payload.hopLimit !== 255 || payload.fragment) return { ip: null };
  const message = payload.payload;
  switch (message.kind) {
    case "neighbor_solicitation":
      return { ip: payload.source === "::" ? null : payload.source };
    case "router_advertisement":
      return { ip: payload.source === "::" ? null : payload.source, router: true };
    case "neighbor_advertisement":
      if (!isOwn(message, ethernet.source)) return { ip: null };
      return { ip: message.target, announces: !message.solicited, router: message.router };
    default:
      return { ip: null };
  }
}

/** One that names another MAC, or is not to replace what is known (anycast, a proxy), claims nothing for its sender. */
function isOwn({ override, options }: NeighborAdvertisement, source: Mac): boolean {
  return override && (options.targetMac === null || options.targetMac === source);
}

/** null where the frame shows no station: no network, a group or zero source. */
export function sightingOf(packetIn: PacketIn): Sighting | null {
  const frame = decodeFrame(packetIn.data);
  if (frame.kind !== "ethernet") return null;
  const vni = numberOf(packetIn, "metadata");
  const ofport = numberOf(packetIn, "in_port");
  const mac = frame.ethernet.source;
  if (vni === 0 || ofport === 0 || isMulticastMac(mac) || mac === ZERO_MAC) return null;
  return { vni, ofport, mac, router: null, ...claimOf(frame) };
}
