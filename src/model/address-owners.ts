// Which MAC an IP address belongs to, where more than one claims it: the one place where that is decided.
import type { Mac } from "../../proto/bytes/mac.ts";
import type { Vni } from "./facts.ts";

export interface AddressClaim {
  readonly vni: Vni;
  readonly ip: string;
  readonly mac: Mac;
  /** When the address was last heard with this MAC; 0 for what was only read back. */
  readonly heard: number;
  /** Known out of other hosts' flows alone. */
  readonly remembered: boolean;
  /** By configuration, or by a locked port's rows. */
  readonly declared: boolean;
}

function stronger(a: AddressClaim, b: AddressClaim): boolean {
  if (a.declared !== b.declared) return a.declared;
  if (a.remembered !== b.remembered) return b.remembered;
  if (a.heard !== b.heard) return a.heard > b.heard;
  return a.mac < b.mac;
}

export function addressKey(vni: Vni, ip: string): string {
  return `${vni}/${ip}`;
}

/**
 * By `addressKey`. Declared beats heard; what is heard beats what is remembered; then the latest announcement wins, so that a virtual IP that
 * moves, moves at once; then, for a stable choice, the lower MAC.
 */
export function addressOwners(claims: Iterable<AddressClaim>): ReadonlyMap<string, Mac> {
  const winners = new Map<string, AddressClaim>();
  for (const claim of claims) {
    const key = addressKey(claim.vni, claim.ip);
    const rival = winners.get(key);
    if (rival === undefined || stronger(claim, rival)) winners.set(key, claim);
  }
  return new Map([...winners].map(([key, claim]) => [key, claim.mac]));
}
