// The order in which addresses are shown: IPv4 before IPv6, each by value.
import { ipv4ToNumber, ipv6ToBigInt, isIpv4 } from "../../proto/bytes/ip.ts";

export function compareIps(a: string, b: string): number {
  const [fourA, fourB] = [isIpv4(a), isIpv4(b)];
  if (fourA !== fourB) return fourA ? -1 : 1;
  if (fourA) return ipv4ToNumber(a) - ipv4ToNumber(b);
  const [valueA, valueB] = [ipv6ToBigInt(a), ipv6ToBigInt(b)];
  return valueA < valueB ? -1 : valueA > valueB ? 1 : 0;
}
