// Whose declared addresses may be, kept up with what is declared: a declaration costs what it says.
import type { Mac } from "../../proto/bytes/mac.ts";
import { addressKey } from "../model/address-owners.ts";
import { type Declaration, reservedAddresses } from "../model/declarations.ts";
import type { Difference } from "../model/shared-map.ts";

function addressesOf(declarations: readonly Declaration[] | undefined): readonly string[] {
  const [first] = declarations ?? [];
  if (first === undefined) return [];
  return (first.reserved ?? first.ips).map((ip) => addressKey(first.vni, ip));
}

export class ReservedAddresses {
  /** By `addressKey`: by `endpointKey` what is declared of those for whom it is. */
  readonly #declarers = new Map<string, Map<string, readonly Declaration[]>>();
  readonly #owners = new Map<string, readonly Mac[]>();

  /** By `addressKey`; undefined for one that is not declared. */
  of(address: string): readonly Mac[] | undefined {
    return this.#owners.get(address);
  }

  /** @returns the addresses that are somebody else's now, or may be. */
  follow(changes: Iterable<Difference<readonly Declaration[]>>): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const { key, before, after } of changes) {
      for (const address of addressesOf(before)) {
        this.#declarers.get(address)?.delete(key);
        touched.add(address);
      }
      for (const address of addressesOf(after)) {
        const declarers = this.#declarers.get(address) ?? new Map<string, readonly Declaration[]>();
        this.#declarers.set(address, declarers.set(key, after ?? []));
        touched.add(address);
      }
    }
    for (const address of touched) {
      const declarers = [...(this.#declarers.get(address) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      const owners = reservedAddresses(declarers.map(([, declarations]) => declarations)).get(address);
      if (owners === undefined) {
        this.#declarers.delete(address);
        this.#owners.delete(address);
      } else this.#owners.set(address, owners);
    }
    return touched;
  }
}
