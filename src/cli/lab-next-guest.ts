// What a guest that is added to a real host is called, and its address, as far as nobody says.
import { WeftError } from "../api/index.ts";
import { guestNameOf } from "../lab/index.ts";

interface Known {
  readonly name: string;
  readonly ip: string;
}

/** As the lab's own guests have it: all of them reach each other without a router. */
const PREFIX_LENGTH = 16;
const ROOM = 254;

/**
 * The first of the host's usual names and addresses that nobody has. An address that is given may have a prefix length.
 * @throws WeftError `lab/guests` where the host's addresses are all in use
 */
export function nextGuest(
  guests: readonly Known[],
  host: number,
  { name, ip }: { readonly name?: string | undefined; readonly ip?: string | undefined },
): Known {
  const [names, ips] = [new Set(guests.map((guest) => guest.name)), new Set(guests.map((guest) => guest.ip))];
  for (let at = 0; at < ROOM; at++) {
    const usual = { name: guestNameOf(host, at), ip: `10.0.${host}.${at + 1}` };
    // A name and an address of the same place, where neither is given.
    if ((name === undefined && names.has(usual.name)) || (ip === undefined && ips.has(usual.ip))) continue;
    return { name: name ?? usual.name, ip: withPrefix(ip ?? usual.ip) };
  }
  throw new WeftError("lab/guests", `h${host} has no room for another guest`);
}

const withPrefix = (ip: string): string => (ip.includes("/") ? ip : `${ip}/${PREFIX_LENGTH}`);
