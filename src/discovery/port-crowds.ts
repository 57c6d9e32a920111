// How many MACs each port, and each switch, may have: the least recently heard makes room, and that is told.
import { LRUCache } from "lru-cache";
import type { CappedFact } from "../model/disputes.ts";
import { type Place, placeKey } from "../model/place.ts";

/** Bounded by what is in it: a cache with `max` takes all its room at once, and ports are many. */
function crowd(limit: number): LRUCache<string, Place> {
  return new LRUCache<string, Place>({ maxSize: limit, sizeCalculation: () => 1 });
}

/** Invariant: a key is in its port's crowd exactly when it is in its switch's. */
export class PortCrowds {
  readonly #perPort: number;
  readonly #perSwitch: number;
  /** By `placeKey`: the keys there, by when they were heard. */
  readonly #ports = new Map<string, LRUCache<string, Place>>();
  /** By datapath id, likewise. */
  readonly #switches = new Map<string, LRUCache<string, Place>>();
  /** Ports and switches that had to let a key go, and when last. */
  readonly #capped = new Map<string, { readonly fact: CappedFact; readonly at: number }>();

  constructor(perPort: number, perSwitch: number) {
    this.#perPort = perPort;
    this.#perSwitch = perSwitch;
  }

  /** Heard just now. @returns those that have to go for it, with their places. */
  touch(place: Place, key: string, now: number): readonly (readonly [key: string, place: Place])[] {
    const at = placeKey(place);
    const here = this.#ports.get(at) ?? crowd(this.#perPort);
    const all = this.#switches.get(place.dpid) ?? crowd(this.#perSwitch);
    this.#ports.set(at, here);
    this.#switches.set(place.dpid, all);
    if (here.get(key) !== undefined) {
      all.get(key);
      return [];
    }
    const gone: (readonly [string, Place])[] = [];
    const makeRoom = (of: LRUCache<string, Place>, name: string, fact: CappedFact): void => {
      const [oldest] = of.rkeys();
      const where = oldest === undefined ? undefined : of.peek(oldest);
      if (oldest === undefined || where === undefined || of.size < fact.limit) return;
      this.remove(where, oldest);
      this.#capped.set(name, { fact, at: now });
      gone.push([oldest, where]);
    };
    makeRoom(here, at, { place, limit: this.#perPort });
    makeRoom(all, place.dpid, { place, limit: this.#perSwitch, ofSwitch: true });
    here.set(key, place);
    all.set(key, place);
    this.#ports.set(at, here);
    this.#switches.set(place.dpid, all);
    return gone;
  }

  /** The same of one that is here already. @param at its `placeKey`. @returns false where it is not. */
  touchAgain(at: string, dpid: string, key: string): boolean {
    if (this.#ports.get(at)?.get(key) === undefined) return false;
    this.#switches.get(dpid)?.get(key);
    return true;
  }

  remove(place: Place, key: string): void {
    const at = placeKey(place);
    const here = this.#ports.get(at);
    if (here?.delete(key) !== true) return;
    if (here.size === 0) this.#ports.delete(at);
    const all = this.#switches.get(place.dpid);
    all?.delete(key);
    if (all?.size === 0) this.#switches.delete(place.dpid);
  }

  /** All keys of a switch's ports. */
  on(dpid: string): Iterable<string> {
    return this.#switches.get(dpid)?.keys() ?? [];
  }

  /** @returns whether a port has had room for this long. */
  relieve(now: number, quietMs: number): boolean {
    const relieved = [...this.#capped].filter(([, capped]) => now - capped.at >= quietMs);
    for (const [at] of relieved) this.#capped.delete(at);
    return relieved.length > 0;
  }

  get areCapped(): boolean {
    return this.#capped.size > 0;
  }

  capped(): readonly CappedFact[] {
    return [...this.#capped.values()].map(({ fact }) => fact);
  }
}
