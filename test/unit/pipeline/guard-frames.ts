// What a guest behind a locked port sends: in its own name, and in others'. Tried on the model and on real switches.
import { arpFrame, type Frame, ipv4Frame, ipv6Frame, type Transport } from "../../../src/trace/index.ts";

export const OWN = { mac: "52:54:00:00:0a:01", ip: "10.9.0.1", ip6: "fd09::1", linkLocal: "fe80::5054:ff:fe00:a01" };
export const OTHER = { mac: "52:54:00:00:0a:02", ip: "10.9.0.2", ip6: "fd09::2", linkLocal: "fe80::5054:ff:fe00:a02" };

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const ALL_NODES = "33:33:00:00:00:01";
const NONE = new Uint8Array();
/** A second source link-layer address option. */
const TWICE = Uint8Array.from([1, 1, 0x52, 0x54, 0, 0, 0x0a, 2]);

type Arp = Parameters<typeof arpFrame>[0];

function arp(fields: Partial<Arp>): Frame {
  const base = { source: OWN.mac, destination: BROADCAST, operation: 1, senderIp: OWN.ip, targetIp: "10.9.0.99" };
  return arpFrame({ ...base, ...fields });
}

function udp(source: number, destination: number): Transport {
  return { kind: "ports", source, destination, rest: Uint8Array.from([0, 8, 0, 0]) };
}

function ipv4(source: string, fields: { mac?: string; to?: string; transport?: Transport } = {}): Frame {
  const { mac = OWN.mac, to = "10.9.0.255", transport = udp(9, 9) } = fields;
  return ipv4Frame({ source: mac, destination: BROADCAST, ip: { source, destination: to, protocol: 17, transport } });
}

interface Nd {
  readonly type: 135 | 136;
  readonly from: string;
  readonly target: string;
  readonly option?: string | null;
  readonly more?: Uint8Array;
  readonly mac?: string;
}

function nd({ type, from, target, option = OWN.mac, more = NONE, mac = OWN.mac }: Nd): Frame {
  const [sourceMac, targetMac] = type === 135 ? [option, null] : [null, option];
  const transport: Transport = { kind: "nd", type, flags: 0, target, sourceMac, targetMac, otherOptions: more };
  return ipv6Frame({ source: mac, destination: ALL_NODES, ip: { source: from, destination: "ff02::1", transport } });
}

function ipv6(source: string, mac = OWN.mac): Frame {
  const ip = { source, destination: "ff02::1", protocol: 17, transport: udp(9, 9) };
  return ipv6Frame({ source: mac, destination: ALL_NODES, ip });
}

export interface GuardCase {
  readonly what: string;
  readonly frame: Frame;
  /** Whether it passes where the MAC alone is locked, and where the addresses are too. */
  readonly passes: { readonly mac: boolean; readonly ips: boolean };
}

const both = (passes: boolean) => ({ mac: passes, ips: passes });
const macOnly = { mac: true, ips: false };

export const GUARD_CASES: readonly GuardCase[] = [
  { what: "IPv4 from its own address", frame: ipv4(OWN.ip), passes: both(true) },
  { what: "IPv4 from another's address", frame: ipv4(OTHER.ip), passes: macOnly },
  { what: "IPv4 from another's MAC", frame: ipv4(OWN.ip, { mac: OTHER.mac }), passes: both(false) },
  {
    what: "a DHCP client without an address",
    frame: ipv4("0.0.0.0", { to: "255.255.255.255", transport: udp(68, 67) }),
    passes: both(true),
  },
  {
    what: "a DHCP server's answer without an address",
    frame: ipv4("0.0.0.0", { to: "255.255.255.255", transport: udp(67, 68) }),
    passes: macOnly,
  },
  { what: "ARP in its own name", frame: arp({}), passes: both(true) },
  { what: "ARP for another's address", frame: arp({ senderIp: OTHER.ip }), passes: macOnly },
  {
    what: "an ARP reply with another's MAC inside",
    frame: arp({ operation: 2, senderMac: OTHER.mac }),
    passes: both(false),
  },
  { what: "ARP from another's MAC", frame: arp({ source: OTHER.mac }), passes: both(false) },
  {
    what: "an ARP probe for its own address",
    frame: arp({ senderIp: "0.0.0.0", targetIp: OWN.ip }),
    passes: both(true),
  },
  { what: "an ARP probe for another's", frame: arp({ senderIp: "0.0.0.0", targetIp: OTHER.ip }), passes: macOnly },
  { what: "IPv6 from its own address", frame: ipv6(OWN.ip6), passes: both(true) },
  { what: "IPv6 from the link-local address of its MAC", frame: ipv6(OWN.linkLocal), passes: both(true) },
  { what: "IPv6 from another's address", frame: ipv6(OTHER.ip6), passes: macOnly },
  { what: "IPv6 from another's link-local address", frame: ipv6(OTHER.linkLocal), passes: macOnly },
  { what: "IPv6 from another's MAC", frame: ipv6(OWN.ip6, OTHER.mac), passes: both(false) },
  { what: "a solicitation", frame: nd({ type: 135, from: OWN.ip6, target: OTHER.ip6 }), passes: both(true) },
  {
    what: "a solicitation without option",
    frame: nd({ type: 135, from: OWN.linkLocal, target: OTHER.ip6, option: null }),
    passes: both(true),
  },
  {
    what: "a solicitation with another's MAC inside",
    frame: nd({ type: 135, from: OWN.ip6, target: OTHER.ip6, option: OTHER.mac }),
    passes: both(false),
  },
  {
    what: "a solicitation with two MACs inside",
    frame: nd({ type: 135, from: OWN.ip6, target: OTHER.ip6, option: OTHER.mac, more: TWICE }),
    passes: both(false),
  },
  {
    what: "a solicitation from another's address",
    frame: nd({ type: 135, from: OTHER.ip6, target: OWN.ip6 }),
    passes: macOnly,
  },
  {
    what: "duplicate address detection for its own address",
    frame: nd({ type: 135, from: "::", target: OWN.ip6, option: null }),
    passes: both(true),
  },
  {
    what: "duplicate address detection for another's",
    frame: nd({ type: 135, from: "::", target: OTHER.ip6, option: null }),
    passes: macOnly,
  },
  { what: "an advertisement", frame: nd({ type: 136, from: OWN.linkLocal, target: OWN.ip6 }), passes: both(true) },
  {
    what: "an advertisement of another's address",
    frame: nd({ type: 136, from: OWN.ip6, target: OTHER.ip6 }),
    passes: macOnly,
  },
  {
    what: "an advertisement with another's MAC inside",
    frame: nd({ type: 136, from: OWN.ip6, target: OWN.ip6, option: OTHER.mac }),
    passes: both(false),
  },
  {
    what: "an advertisement from another's address",
    frame: nd({ type: 136, from: OTHER.ip6, target: OWN.ip6 }),
    passes: macOnly,
  },
];
