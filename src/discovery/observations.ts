// What one switch's guests have been heard to say: bounded, and forgotten as the switch reports silence.
import { LRUCache } from "lru-cache";
import type { Mac } from "../../proto/bytes/mac.ts";
import { addressKey } from "../model/address-owners.ts";
import type { ObservedFact, Vni } from "../model/facts.ts";
import type { Sighting } from "./sighting.ts";

/** More addresses than this on one MAC are a router's or a scanner's, not a guest's. */
const MAX_IPS_PER_MAC = 64;

/** Every MAC is at one port of the switch, and every address at one MAC: hearing it elsewhere moves it. */
export class Observations {
  readonly #perPort: number;
  /** Port number -> `vni/mac` -> fact. The least recently heard makes room. */
  readonly #ports = new Map<number, LRUCache<string, ObservedFact>>();
  /** `addressKey` -> the fact that was last given the address. */
  readonly #holders = new Map<string, ObservedFact>();
  #snapshot: readonly ObservedFact[] | null = null;

  /** @param perPort the most endpoints that one port may have. */
  constructor(perPort: number) {
    this.#perPort = perPort;
  }

  /** Sorted; the same array while nothing changes. */
  get all(): readonly ObservedFact[] {
    this.#snapshot ??= Object.freeze(
      [...this.#ports.values()]
        .flatMap((cache) => [...cache.values()])
        .sort((a, b) => a.vni - b.vni || (a.mac < b.mac ? -1 : 1)),
    );
    return this.#snapshot;
  }

  #cache(ofport: number): LRUCache<string, ObservedFact> {
    let cache = this.#ports.get(ofport);
    if (cache === undefined) {
      cache = new LRUCache({ max: this.#perPort, dispose: (fact) => this.#release(fact) });
      this.#ports.set(ofport, cache);
    }
    return cache;
  }

  #put(fact: ObservedFact): void {
    this.#cache(fact.ofport).set(`${fact.vni}/${fact.mac}`, Object.freeze(fact));
    for (const ip of fact.ips) this.#holders.set(addressKey(fact.vni, ip), fact);
    this.#snapshot = null;
  }

  #release(fact: ObservedFact): void {
    for (const ip of fact.ips) {
      const key = addressKey(fact.vni, ip);
      if (this.#holders.get(key) === fact) this.#holders.delete(key);
    }
  }

  /** @returns whether this was news: also where an address was so far only read back, and has now been heard. */
  hear({ vni, ofport, mac, ip, router }: Sighting, heard: number): boolean {
    const known = this.#cache(ofport).get(`${vni}/${mac}`);
    const knownIp = ip === null || (known?.ipsHeard?.has(ip) ?? false);
    const knownRouter = router === null || known?.router === router;
    if (known !== undefined && knownIp && knownRouter) return false;
    if (known === undefined) this.forget(vni, mac);
    const ips = new Set(known?.ips ?? []);
    const ipsHeard = new Map(known?.ipsHeard ?? []);
    if (ip !== null && (ips.has(ip) || ips.size < MAX_IPS_PER_MAC)) {
      if (!ips.has(ip)) this.forgetAddress(vni, ip);
      ips.add(ip);
      ipsHeard.set(ip, heard);
    }
    const said = router ?? known?.router;
    const flag = said === undefined ? {} : { router: said };
    this.#put({ vni, mac, ofport, ips: [...ips].sort(), ipsHeard, heard: known?.heard ?? heard, ...flag });
    return true;
  }

  /** What the switch itself holds. What was heard since stays; what it held from before comes to it. */
  load(facts: Iterable<Omit<ObservedFact, "heard">>): void {
    for (const fact of facts) {
      const known = this.#cache(fact.ofport).get(`${fact.vni}/${fact.mac}`);
      const ips = [...new Set([...(known?.ips ?? []), ...fact.ips])].sort().slice(0, MAX_IPS_PER_MAC);
      this.#put({ ...fact, ...known, ips, heard: known?.heard ?? 0 });
    }
  }

  /** @returns whether the MAC was known at that port (or, without one, at any). */
  forget(vni: Vni, mac: Mac, ofport?: number): boolean {
    let forgot = false;
    for (const [port, cache] of this.#ports) {
      if (ofport !== undefined && ofport !== port) continue;
      if (cache.delete(`${vni}/${mac}`)) forgot = true;
    }
    if (forgot) this.#snapshot = null;
    return forgot;
  }

  /** The address now belongs to another MAC, here or on another switch. @returns whether it was known. */
  forgetAddress(vni: Vni, ip: string): boolean {
    const holder = this.#holders.get(addressKey(vni, ip));
    return holder !== undefined && this.forgetIp(vni, holder.mac, holder.ofport, ip);
  }

  /**
   * Forgets what was heard where nobody can speak any more: a port that is gone, a network that the port has left. Port
   * numbers are given again, and what was heard on one must not be taken for what is behind the next.
   */
  retain(attached: ReadonlyMap<number, ReadonlyMap<Vni, unknown>>): void {
    for (const { vni, mac, ofport } of this.all) {
      if (attached.get(ofport)?.has(vni) !== true) this.forget(vni, mac, ofport);
    }
  }

  /** @returns whether the address was known there. */
  forgetIp(vni: Vni, mac: Mac, ofport: number, ip: string): boolean {
    const known = this.#ports.get(ofport)?.get(`${vni}/${mac}`);
    if (known === undefined || !known.ips.includes(ip)) return false;
    const ipsHeard = new Map([...(known.ipsHeard ?? [])].filter(([one]) => one !== ip));
    this.#put({ ...known, ips: known.ips.filter((one) => one !== ip), ipsHeard });
    return true;
  }
}
