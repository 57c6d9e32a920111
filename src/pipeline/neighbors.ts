// What LEARN and ANSWER match and write of ARP and of neighbour discovery.
import type { Match, OxmTlv } from "../../proto/openflow13/index.ts";

export const ARP: OxmTlv = { field: "eth_type", value: 0x0806 };
const IPV6: OxmTlv = { field: "eth_type", value: 0x86dd };
const PROTO_ICMPV6: OxmTlv = { field: "ip_proto", value: 58 };

/** RFC 4861, section 4. */
export const ICMPV6_TYPE = {
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
} as const;

/** Of a neighbour advertisement: the upper bits of the word that is reserved in a solicitation. */
export const ND_FLAGS = { router: 0x8000_0000, solicited: 0x4000_0000, override: 0x2000_0000 } as const;

export function icmpv6(type: number): Match {
  return [IPV6, PROTO_ICMPV6, { field: "icmpv6_type", value: type }];
}
