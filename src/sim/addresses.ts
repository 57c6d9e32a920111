// Addresses of a simulated host: numbers that follow from its place in the fleet, so that a run can be repeated.

/** Underlay addresses of tunnels: 10.128.0.1 on. */
export function tunnelIp(number: number): string {
  return `10.${128 + (number >>> 16)}.${(number >>> 8) & 0xff}.${number & 0xff}`;
}

/** Where its sockets come from, each host from one of its own: 127.16.0.1 on. */
export function socketIp(number: number): string {
  return `127.${16 + (number >>> 16)}.${(number >>> 8) & 0xff}.${number & 0xff}`;
}

export function macOf(prefix: number, number: number): string {
  const bytes = [0x02, prefix, (number >>> 24) & 0xff, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

export function ipv4Number(ip: string): bigint {
  return ip.split(".").reduce((all, part) => (all << 8n) | BigInt(Number(part) & 0xff), 0n);
}

export function ipv4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
}
