// Those who are heard again and again at one place: found by numbers, without a text being made of their address.
import type { Place } from "../model/place.ts";
import type { PlainSighting } from "./sighting.ts";

/** Where one was heard. Whether it still holds is for others to say: it is looked up, not believed. */
export interface Regular {
  /** Its `endpointKey`. */
  readonly key: string;
  readonly vni: number;
  readonly place: Place;
  /** Its `placeKey`. */
  readonly at: string;
}

/** Of one switch. With more, all are forgotten, and found again as they speak. */
const MAX_REGULARS = 65_536;

export class Regulars {
  /** By datapath id and source. */
  readonly #known = new Map<string, Map<number, Regular>>();

  find(dpid: string, { vni, ofport, source }: PlainSighting): Regular | null {
    const regular = this.#known.get(dpid)?.get(source);
    return regular !== undefined && regular.vni === vni && regular.place.ofport === ofport ? regular : null;
  }

  add(dpid: string, source: number, regular: Regular): void {
    const known = this.#known.get(dpid) ?? new Map<number, Regular>();
    if (known.size >= MAX_REGULARS) known.clear();
    this.#known.set(dpid, known.set(source, regular));
  }

  /** Of one that is not there any more. */
  drop(dpid: string, source: number, key: string): void {
    const known = this.#known.get(dpid);
    if (known?.get(source)?.key !== key) return;
    known.delete(source);
    if (known.size === 0) this.#known.delete(dpid);
  }

  forget(dpid: string): void {
    this.#known.delete(dpid);
  }

  get size(): number {
    let size = 0;
    for (const known of this.#known.values()) size += known.size;
    return size;
  }
}
