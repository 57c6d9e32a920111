// The frame that asks somebody whether an address is still theirs.
import { isIpv4 } from "../../proto/bytes/ip.ts";
import { type Mac, ZERO_MAC } from "../../proto/bytes/mac.ts";
import { ARP_REQUEST, ETH_TYPE, encodeArp, encodeEthernet } from "../../proto/packet/index.ts";

/**
 * An ARP probe (RFC 5227, section 2.1.1) to one station alone: it claims nothing, and is answered by that station only
 * if it has the address. null for IPv6, where a probe is answered to all nodes (RFC 4862, section 5.4.3).
 */
export function questionFrame(ip: string, to: Mac, from: Mac): Uint8Array | null {
  if (!isIpv4(ip)) return null;
  const probe = { kind: "arp", operation: ARP_REQUEST, senderMac: from, senderIp: "0.0.0.0" } as const;
  const header = { destination: to, source: from, vlans: [], etherType: ETH_TYPE.arp };
  return encodeEthernet(header, encodeArp({ ...probe, targetMac: ZERO_MAC, targetIp: ip }));
}
