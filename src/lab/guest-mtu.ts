// The largest MTU a guest can have so that its frames still fit the underlay after encapsulation.

export type TunnelType = "gre" | "vxlan" | "geneve";

export type UnderlayFamily = "ipv4" | "ipv6";

const outerIp: Readonly<Record<UnderlayFamily, number>> = Object.freeze({ ipv4: 20, ipv6: 40 });
const innerEthernet = 14;
/** A relayed frame carries one VLAN tag more inside its tunnel, and one with a priority another. */
const tags = 4 + 4;

const headerBytes: Readonly<Record<TunnelType, number>> = Object.freeze({
  gre: 4 + 4, // base header and key, RFC 2890
  vxlan: 8 + 8, // UDP and VXLAN, RFC 7348
  geneve: 8 + 8, // UDP and Geneve without options, RFC 8926
});

/** Without a type: what fits every type, so that guests keep their MTU when the fabric changes its type. */
export function guestMtu(underlayMtu: number, type?: TunnelType, family: UnderlayFamily = "ipv4"): number {
  const header = type === undefined ? Math.max(...Object.values(headerBytes)) : headerBytes[type];
  return underlayMtu - outerIp[family] - header - innerEthernet - tags;
}
