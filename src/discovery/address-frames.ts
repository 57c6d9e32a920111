// Frames about an address of a station: one asks the station whether it has it, one tells everyone that it has.
import { isIpv4 } from "../../proto/bytes/ip.ts";
import { BROADCAST_MAC, type Mac, ZERO_MAC } from "../../proto/bytes/mac.ts";
import { ARP_REQUEST, ETH_TYPE, encodeArp, encodeEthernet } from "../../proto/packet/index.ts";

/**
 * An ARP probe (RFC 5227, section 2.1.1), out of one port alone: it claims nothing, and whoever has the address there
 * answers. A broadcast, since a bridge behind the port may have been led to think that the station is elsewhere. null
 * for IPv6, where a probe is answered to all nodes (RFC 4862, section 5.4.3).
 */
export function questionFrame(ip: string, from: Mac): Uint8Array | null {
  if (!isIpv4(ip)) return null;
  const probe = { kind: "arp", operation: ARP_REQUEST, senderMac: from, senderIp: "0.0.0.0" } as const;
  const header = { destination: BROADCAST_MAC, source: from, vlans: [], etherType: ETH_TYPE.arp };
  return encodeEthernet(header, encodeArp({ ...probe, targetMac: ZERO_MAC, targetIp: ip }));
}

/**
 * The ARP announcement by which a station defends its address (RFC 5227, section 2.4), as it would send it itself.
 *
 * @param vlan the tag that its port's network asks for; 0 for none.
 */
export function defenceFrame(ip: string, station: Mac, vlan: number): Uint8Array | null {
  if (!isIpv4(ip)) return null;
  const vlans = vlan === 0 ? [] : [{ tpid: 0x8100, priority: 0, dropEligible: false, id: vlan }];
  const announcement = { kind: "arp", operation: ARP_REQUEST, senderMac: station, senderIp: ip } as const;
  const header = { destination: BROADCAST_MAC, source: station, vlans, etherType: ETH_TYPE.arp };
  return encodeEthernet(header, encodeArp({ ...announcement, targetMac: ZERO_MAC, targetIp: ip }));
}
