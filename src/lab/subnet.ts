// IPv4 arithmetic for the underlay: which subnet a lab takes, and which address each host has in it.
import { LabError } from "./lab-error.ts";

export interface Subnet {
  /** The network address as a number. */
  readonly base: number;
  readonly prefixLength: number;
}

const subnetError = (text: string): LabError =>
  new LabError("lab/subnet", `"${text}" is no IPv4 subnet such as 172.31.7.0/24`, { context: { text } });

function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

const formatIpv4 = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");

/** Takes an address or a subnet; bits beyond the prefix are cleared. */
export function parseSubnet(text: string): Subnet {
  const [address = "", length = "32", ...rest] = text.split("/");
  const base = parseIpv4(address);
  const prefixLength = Number(length);
  if (base === undefined || rest.length > 0 || !/^[0-9]{1,2}$/.test(length) || prefixLength > 32)
    throw subnetError(text);
  const size = 2 ** (32 - prefixLength);
  return { base: base - (base % size), prefixLength };
}

export const formatSubnet = (subnet: Subnet): string => `${formatIpv4(subnet.base)}/${subnet.prefixLength}`;

const sizeOf = (subnet: Subnet): number => 2 ** (32 - subnet.prefixLength);

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

/** How many hosts the subnet has room for beside the controller. */
export const capacityOf = (subnet: Subnet): number => Math.max(0, sizeOf(subnet) - 3);

/** Host 1 has the first address. */
export function hostIpOf(subnet: Subnet, index: number): string {
  if (!Number.isInteger(index) || index < 1 || index > capacityOf(subnet))
    throw new LabError("lab/subnet", `${formatSubnet(subnet)} has no room for host ${index}`, {
      context: { subnet: formatSubnet(subnet), index },
    });
  return formatIpv4(subnet.base + index);
}

/** The controller has the last address that is not the broadcast address. */
export const controllerIpOf = (subnet: Subnet): string => formatIpv4(subnet.base + sizeOf(subnet) - 2);

/** In an underlay of IPv6 the numbers are the same, in a /64 that is named after the lab's own IPv4 subnet. */
export function ipv6Of({ base }: Subnet, ipv4: string): string {
  const hex = (number: number): string => number.toString(16);
  const host = parseSubnet(ipv4).base - base;
  return `fd57:${hex(Math.floor(base / 65_536))}:${hex(base % 65_536)}::${hex(host)}`;
}

export const IPV6_PREFIX_LENGTH = 64;

/** As it stands in a connection method: an IPv6 address in brackets. */
export const inMethod = (ip: string): string => (ip.includes(":") ? `[${ip}]` : ip);

/** The candidates for a lab's subnet, the one its name hashes to first: a lab keeps its subnet when it can. */
export function subnetCandidates(labName: string): Subnet[] {
  let hash = 0;
  for (const char of labName) hash = (hash * 31 + char.charCodeAt(0)) % 65_536;
  return Array.from({ length: 254 }, (_, step) => parseSubnet(`172.31.${((hash + step) % 254) + 1}.0/24`));
}

/** Splits "10.0.0.1/24"; without a prefix length it is 24, as guests share one subnet. */
export function splitCidr(text: string): { readonly ip: string; readonly prefixLength: number } {
  const [ip = "", length = "24"] = text.split("/");
  const prefixLength = Number(length);
  if (parseIpv4(ip) === undefined || !/^[0-9]{1,2}$/.test(length) || prefixLength > 32)
    throw new LabError("lab/address", `"${text}" is no IPv4 address such as 10.0.0.1/24`, { context: { text } });
  return { ip, prefixLength };
}
