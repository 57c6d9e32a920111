// Socket addresses as Weft shows and compares them.

/** Gives an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) as IPv4, any other unchanged. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** `10.0.0.1:6640`, `[::1]:6640`. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
