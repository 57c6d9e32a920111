// Rivals that a switch's flows tell of, while nobody is known who holds what they use: his host may still be unread.
import type { Mac } from "../../proto/bytes/mac.ts";
import type { DisputeFact } from "../model/disputes.ts";
import type { RivalFact, Vni } from "../model/facts.ts";
import { type Place, samePlace } from "../model/place.ts";

interface Recalled {
  readonly vni: Vni;
  readonly mac: Mac;
  readonly ip: string | null;
  readonly place: Place;
  readonly untilMs: number;
}

/** Each is looked at when a guest is heard. */
const MAX_RECALLED = 1024;

export class RecalledRivals {
  /** Bounded by `MAX_RECALLED`: a switch that tells of more is not believed further. */
  #list: readonly Recalled[] = [];

  add(dpid: string, rivals: Iterable<RivalFact>, untilMs: number): void {
    for (const { vni, mac, ofport, ip } of rivals) {
      if (this.#list.length >= MAX_RECALLED) return;
      const place = Object.freeze({ dpid, ofport });
      this.#list = [...this.#without(vni, mac, ip, place), { vni, mac, ip, place, untilMs }];
    }
  }

  #without(vni: Vni, mac: Mac, ip: string | null, place: Place): readonly Recalled[] {
    return this.#list.filter(
      (one) => one.vni !== vni || one.mac !== mac || one.ip !== ip || !samePlace(one.place, place),
    );
  }

  has(vni: Vni, mac: Mac, ip: string | null, place: Place): boolean {
    return this.#list.length > 0 && this.#without(vni, mac, ip, place).length < this.#list.length;
  }

  remove(vni: Vni, mac: Mac, ip: string | null, place: Place): void {
    if (this.#list.length > 0) this.#list = this.#without(vni, mac, ip, place);
  }

  /** Leaves those that `taken` does not take. @returns whether it took any. */
  settle(taken: (one: Recalled) => boolean): boolean {
    const before = this.#list.length;
    if (before > 0) this.#list = this.#list.filter((one) => !taken(one));
    return this.#list.length < before;
  }

  expire(now: number): boolean {
    return this.settle((one) => one.untilMs <= now);
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  disputes(): readonly DisputeFact[] {
    return this.#list.map(({ vni, mac, ip, place }) => ({
      vni,
      mac: ip === null ? mac : null,
      ip,
      reason: "recalled",
      holder: { mac, place: null },
      rivals: [{ mac, place }],
    }));
  }
}
