// The public entry of the packet codecs.
export { ARP_REPLY, ARP_REQUEST, type ArpPacket, decodeArp, encodeArp } from "./arp.ts";
export { internetChecksum, ipv6Checksum } from "./checksum.ts";
export { type DhcpMessage, type DhcpMessageType, decodeDhcp } from "./dhcp.ts";
export { decodeEthernet, ETH_TYPE, type EthernetHeader, encodeEthernet, type VlanTag } from "./ethernet.ts";
export { decodeFrame, type EthernetFrame, type Frame, type FramePayload, type RuntFrame } from "./frame.ts";
export {
  decodeIcmpv6,
  encodeNeighborAdvertisement,
  type Icmpv6Message,
  type NdOptions,
  type NeighborAdvertisement,
  type NeighborDiscovery,
  type NeighborSolicitation,
  NO_ND_OPTIONS,
  type OtherIcmpv6,
  type PrefixInformation,
  type RouterAdvertisement,
  type RouterSolicitation,
} from "./icmpv6.ts";
export { decodeIpv4, IP_PROTOCOL, type Ipv4Packet } from "./ipv4.ts";
export { decodeIpv6, encodeIpv6, type Ipv6Packet } from "./ipv6.ts";
export type { Layer, RawPayload } from "./layer.ts";
export {
  decodeLldp,
  encodeLldp,
  LLDP_NEAREST_BRIDGE,
  LLDP_TLV,
  type LldpId,
  type LldpPacket,
  type LldpTlv,
} from "./lldp.ts";
export { decodeUdp, type UdpDatagram } from "./udp.ts";
