// A copied frame to a sighting: this MAC, perhaps with this address, sent from this port of this network.
import { isMulticastMac, type Mac, ZERO_MAC } from "../../proto/bytes/mac.ts";
import type { PacketIn } from "../../proto/openflow13/index.ts";
import { type DhcpMessage, decodeFrame, type EthernetFrame } from "../../proto/packet/index.ts";
import type { Vni } from "../model/facts.ts";

export interface Sighting {
  readonly vni: Vni;
  readonly ofport: number;
  readonly mac: Mac;
  /** The address the frame shows to be the sender's; null where it shows none. */
  readonly ip: string | null;
  /** The sender tells everyone that the address is its own from now on. */
  readonly announces?: boolean;
  /** The sender gives this address up (DHCPRELEASE, DHCPDECLINE). */
  readonly releases?: string;
  /** A DHCP server gives somebody an address. */
  readonly lease?: { readonly mac: Mac; readonly ip: string };
}

const NO_ADDRESS = "0.0.0.0";

function numberOf(packetIn: PacketIn, field: "in_port" | "metadata"): number {
  const tlv = packetIn.match.find((one) => one.field === field);
  return tlv === undefined || tlv.field === "unknown" ? 0 : Number(tlv.value);
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
function claimOf({ ethernet, payload }: EthernetFrame): Pick<Sighting, "ip" | "announces" | "releases" | "lease"> {
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
  if (message.kind === "neighbor_solicitation") return { ip: payload.source === "::" ? null : payload.source };
  if (message.kind !== "neighbor_advertisement") return { ip: null };
  return { ip: message.target, announces: message.override && !message.solicited };
}

/** null where the frame shows no station: no network, a group or zero source. */
export function sightingOf(packetIn: PacketIn): Sighting | null {
  const frame = decodeFrame(packetIn.data);
  if (frame.kind !== "ethernet") return null;
  const vni = numberOf(packetIn, "metadata");
  const ofport = numberOf(packetIn, "in_port");
  const mac = frame.ethernet.source;
  if (vni === 0 || ofport === 0 || isMulticastMac(mac) || mac === ZERO_MAC) return null;
  return { vni, ofport, mac, ...claimOf(frame) };
}
