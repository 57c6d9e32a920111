// A copied frame to a sighting: this MAC, perhaps with this address, sent from this port of this network.
import { isMulticastMac, type Mac, ZERO_MAC } from "../../proto/bytes/mac.ts";
import type { PacketIn } from "../../proto/openflow13/index.ts";
import { decodeFrame, type EthernetFrame, type NeighborAdvertisement } from "../../proto/packet/index.ts";
import type { Vni } from "../model/facts.ts";

export interface Sighting {
  readonly vni: Vni;
  readonly ofport: number;
  readonly mac: Mac;
  /** The address the frame shows to be the sender's; null where it shows none. */
  readonly ip: string | null;
  /** Whether the frame says that its sender routes (RFC 4861); null where it does not say. */
  readonly router: boolean | null;
}

function numberOf(packetIn: PacketIn, field: "in_port" | "metadata"): number {
  const tlv = packetIn.match.find((one) => one.field === field);
  return tlv === undefined || tlv.field === "unknown" ? 0 : Number(tlv.value);
}

/**
 * Addresses come from ARP and neighbour discovery alone: an IP header's source may be a routed stranger's. A probe
 * (RFC 5227: sender address 0; RFC 4862: source ::) claims nothing yet.
 */
function senderIp({ ethernet, payload }: EthernetFrame): string | null {
  if (payload.kind === "arp") {
    const claims = payload.senderMac === ethernet.source && payload.senderIp !== "0.0.0.0";
    return claims ? payload.senderIp : null;
  }
  if (payload.kind !== "ipv6" || payload.hopLimit !== 255 || payload.fragment) return null;
  const message = payload.payload;
  switch (message.kind) {
    case "neighbor_solicitation":
    case "router_advertisement":
      return payload.source === "::" ? null : payload.source;
    case "neighbor_advertisement":
      return isOwn(message, ethernet.source) ? message.target : null;
    default:
      return null;
  }
}

/** One that names another MAC, or is not to replace what is known (anycast, a proxy), claims nothing for its sender. */
function isOwn({ override, options }: NeighborAdvertisement, source: Mac): boolean {
  return override && (options.targetMac === null || options.targetMac === source);
}

/** Only what a router advertises of itself, and what a node advertises of its own address, tells. */
function routerFlag({ ethernet, payload }: EthernetFrame): boolean | null {
  if (payload.kind !== "ipv6" || payload.hopLimit !== 255 || payload.fragment) return null;
  const message = payload.payload;
  if (message.kind === "router_advertisement") return true;
  return message.kind === "neighbor_advertisement" && isOwn(message, ethernet.source) ? message.router : null;
}

/** null where the frame shows no station: no network, a group or zero source. */
export function sightingOf(packetIn: PacketIn): Sighting | null {
  const frame = decodeFrame(packetIn.data);
  if (frame.kind !== "ethernet") return null;
  const vni = numberOf(packetIn, "metadata");
  const ofport = numberOf(packetIn, "in_port");
  const mac = frame.ethernet.source;
  if (vni === 0 || ofport === 0 || isMulticastMac(mac) || mac === ZERO_MAC) return null;
  return { vni, ofport, mac, ip: senderIp(frame), router: routerFlag(frame) };
}
