// How many MACs each port may have: the least recently heard makes room, and that is told.
import { LRUCache } from "lru-cache";
import type { CappedFact } from "../model/disputes.ts";
import { type Place, placeKey } from "../model/place.ts";

export class PortCrowds {
  readonly #limit: number;
  /** By `placeKey`: the keys there, by when they were heard. */
  readonly #ports = new Map<string, LRUCache<string, string>>();
  /** Ports that had to let a key go, and when last. */
  readonly #capped = new Map<string, { readonly place: Place; readonly at: number }>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Heard just now. @returns those that have to go for it. */
  touch(place: Place, key: string, now: number): readonly string[] {
    const at = placeKey(place);
    const cache = this.#ports.get(at) ?? new LRUCache<string, string>({ max: this.#limit });
    this.#ports.set(at, cache);
    if (cache.get(key) !== undefined) return [];
    const gone = cache.size >= this.#limit ? cache.pop() : undefined;
    cache.set(key, key);
    if (gone === undefined) return [];
    this.#capped.set(at, { place, at: now });
    return [gone];
  }

  remove(place: Place, key: string): void {
    const at = placeKey(place);
    const cache = this.#ports.get(at);
    cache?.delete(key);
    if (cache?.size === 0) this.#ports.delete(at);
  }

  /** All keys of a switch's ports. */
  *on(dpid: string): Generator<string> {
    for (const [at, cache] of this.#ports) if (at.startsWith(`${dpid}/`)) yield* cache.values();
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
    return [...this.#capped.values()].map(({ place }) => ({ place, limit: this.#limit }));
  }
}
