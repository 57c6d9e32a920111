// Where the MACs and addresses of one fabric are, as its guests were heard to say: bounded, and forgotten in silence.
import { type Mac, macToBigInt } from "../../proto/bytes/mac.ts";
import { addressKey } from "../model/address-owners.ts";
import type { Declaration } from "../model/declarations.ts";
import type { CappedFact, DisputeFact } from "../model/disputes.ts";
import { endpointKey } from "../model/endpoints.ts";
import type { ObservedFact, RivalFact, Vni } from "../model/facts.ts";
import { type Claim, Mobility, type MobilityRules } from "../model/mobility.ts";
import { type Place, placeKey, samePlace } from "../model/place.ts";
import { differences, SharedMap } from "../model/shared-map.ts";
import { addressOwner, arrivalOf, claimAt, type DeclaredBy } from "./declared-places.ts";
import { PortCrowds } from "./port-crowds.ts";
import { RecalledRivals } from "./recalled-rivals.ts";
import { Regulars } from "./regulars.ts";
import { ReservedAddresses } from "./reserved-addresses.ts";
import type { PlainSighting, Sighting } from "./sighting.ts";

/** More addresses than this on one MAC are a router's or a scanner's, not a guest's. */
const MAX_IPS_PER_MAC = 64;

const DEFAULT_PER_SWITCH = 16_384;

/** One answer is enough; IPv4 sorts first. */
const MAX_ASKED_IPS = 2;

/** A station that is said to have an address, and where it is. */
export interface Station {
  readonly vni: Vni;
  readonly ip: string;
  readonly mac: Mac;
  readonly place: Place;
}

interface Heard {
  readonly vni: Vni;
  readonly mac: Mac;
  readonly place: Place;
  /** See `ObservedFact.heard`. */
  readonly heard: number;
  readonly ips: Set<string>;
  /** See `Endpoint.router`. */
  readonly router: { readonly said: boolean; readonly at: number } | null;
}

function splitKey(key: string): readonly [Vni, string] {
  const slash = key.indexOf("/");
  return [Number(key.slice(0, slash)), key.slice(slash + 1)];
}

/** Invariant: a MAC of a network is at one place, an address of a network is one MAC's. */
export class Whereabouts {
  readonly #quietMs: number;
  readonly #macs: Mobility<Place>;
  readonly #ips: Mobility<Mac>;
  /** By `endpointKey`. */
  readonly #heard = new Map<string, Heard>();
  /** By `addressKey`: whose it was when last looked at. */
  readonly #ownerOf = new Map<string, Mac>();
  readonly #crowds: PortCrowds;
  readonly #recalled = new RecalledRivals();
  readonly #regulars = new Regulars();
  readonly #snapshots = new Map<string, readonly ObservedFact[]>();
  #declared: SharedMap<readonly Declaration[]> = SharedMap.of();
  readonly #reserved = new ReservedAddresses();
  /** Declared MACs and addresses that have another holder since `declare`. */
  readonly #unsettled = { macs: new Set<string>(), ips: new Set<string>() };
  /** By datapath id: with what was all retained that was heard there. */
  readonly #retained = new Map<string, { readonly attached: unknown; readonly observed: readonly ObservedFact[] }>();
  #hearings = 0;

  /**
   * @param perPort the most endpoints that one port may have
   * @param perSwitch the most that all ports of a switch together may have
   */
  constructor(rules: MobilityRules, perPort: number, perSwitch = DEFAULT_PER_SWITCH) {
    this.#crowds = new PortCrowds(perPort, perSwitch);
    this.#quietMs = rules.quietMs;
    this.#macs = new Mobility(rules, placeKey);
    this.#ips = new Mobility(rules, (mac) => mac);
  }

  /** Sorted; the same array while nothing changes. */
  observedAt(dpid: string): readonly ObservedFact[] {
    const kept = this.#snapshots.get(dpid);
    if (kept !== undefined) return kept;
    const facts: ObservedFact[] = [];
    for (const key of this.#crowds.on(dpid)) {
      const heard = this.#heard.get(key);
      if (heard !== undefined) facts.push(this.#fact(heard));
    }
    const sorted = Object.freeze(facts.sort((a, b) => a.vni - b.vni || (a.mac < b.mac ? -1 : 1)));
    this.#snapshots.set(dpid, sorted);
    return sorted;
  }

  #fact({ vni, mac, place, heard, ips, router }: Heard): ObservedFact {
    const sure = [...ips].filter((ip) => !this.#ips.isDoubted(addressKey(vni, ip)));
    return Object.freeze({
      vni,
      mac,
      ofport: place.ofport,
      ips: sure.sort(),
      heard,
      ...(router === null ? {} : { router: router.said }),
    });
  }

  /** Brings what is kept of a MAC in line with where it is now. */
  #settleMac(key: string): void {
    const place = this.#macs.holder(key);
    const before = this.#heard.get(key);
    if (this.#declared.has(key)) this.#unsettled.macs.add(key);
    if (before !== undefined) {
      this.#snapshots.delete(before.place.dpid);
      if (samePlace(place, before.place)) return;
      this.#crowds.remove(before.place, key);
      this.#regulars.drop(before.place.dpid, Number(macToBigInt(before.mac)), key);
    }
    if (place !== null) {
      this.#snapshots.delete(place.dpid);
      const [vni, mac] = splitKey(key);
      const { ips = new Set<string>(), router = null } = before ?? {};
      this.#heard.set(key, { vni, mac, place, heard: this.#hearings, ips, router });
      return;
    }
    this.#heard.delete(key);
    for (const ip of before?.ips ?? []) this.#releaseIp(before?.vni ?? 0, before?.mac ?? "", ip);
  }

  #releaseIp(vni: Vni, mac: Mac, ip: string): boolean {
    const key = addressKey(vni, ip);
    if (!this.#ips.release(key, mac)) return false;
    this.#settleIp(key);
    return true;
  }

  #settleIp(key: string): void {
    const [vni, ip] = splitKey(key);
    let mac = this.#ips.holder(key);
    // An heir that has gone itself meanwhile.
    while (mac !== null && !this.#heard.has(endpointKey(vni, mac)) && this.#reserved.of(key)?.includes(mac) !== true) {
      this.#ips.release(key, mac);
      mac = this.#ips.holder(key);
    }
    if (this.#reserved.of(key) !== undefined) this.#unsettled.ips.add(key);
    const before = this.#ownerOf.get(key);
    if (mac === null) this.#ownerOf.delete(key);
    else this.#ownerOf.set(key, mac);
    for (const one of [before, mac]) {
      const heard = one == null ? undefined : this.#heard.get(endpointKey(vni, one));
      if (heard === undefined) continue;
      if (one === mac) heard.ips.add(ip);
      else heard.ips.delete(ip);
      this.#snapshots.delete(heard.place.dpid);
    }
  }

  /** The MAC was heard where it is; another may have to make room for it. */
  #touch(key: string, now: number): void {
    const place = this.#macs.holder(key);
    if (place === null) return;
    for (const [gone, where] of this.#crowds.touch(place, key, now)) {
      this.#macs.release(gone, where);
      this.#settleMac(gone);
      this.#touch(gone, now);
    }
  }

  /**
   * A frame that shows its source alone. @returns whether that one is known to be there, and nobody says otherwise: it is
   * heard then. Else `hear` has to judge.
   */
  hearAgain(dpid: string, plain: PlainSighting): boolean {
    const regular = this.#regulars.find(dpid, plain);
    if (regular === null || !this.#recalled.isEmpty) return false;
    const { key, place, at } = regular;
    if (this.#declared.has(key) || !this.#macs.isSettledOn(key, place)) return false;
    return this.#crowds.touchAgain(at, dpid, key);
  }

  /** It was heard where it is: the next time it need not be judged. */
  #remember(dpid: string, { vni, mac }: Sighting, key: string): void {
    const place = this.#macs.holder(key);
    if (place === null || place.dpid !== dpid) return;
    this.#regulars.add(dpid, Number(macToBigInt(mac)), { key, vni, place, at: placeKey(place) });
  }

  /**
   * @param stale the switch still holds its flow of this MAC at that port: the frame may be from before a move.
   * @returns whether this was news.
   */
  hear(dpid: string, sighting: Sighting, now: number, stale = false): boolean {
    const { vni, mac, ofport, ip } = sighting;
    const key = endpointKey(vni, mac);
    const place: Place = Object.freeze({ dpid, ofport });
    const holder = this.#macs.holder(key);
    if (stale && holder !== null && !samePlace(holder, place)) return false;
    if (this.#recalled.has(vni, mac, null, place)) {
      // Whose it is will be known when his host is read.
      if (holder === null && !this.#declared.has(key)) return false;
      this.#recalled.remove(vni, mac, null, place);
    }
    this.#hearings++;
    const verdict = this.#macs.claim(key, place, now, claimAt(this.#declared.get(key) ?? [], holder, place));
    let changed = verdict.changed;
    if (changed) this.#settleMac(key);
    if (verdict.kind === "restored") {
      // What came of the move that is undone was said by another.
      for (const one of [...(this.#heard.get(key)?.ips ?? [])]) {
        const since = this.#ips.since(addressKey(vni, one));
        if (since !== null && since >= verdict.undoneSince) this.#releaseIp(vni, mac, one);
      }
      const { router } = this.#heard.get(key) ?? {};
      if (router != null && router.at >= verdict.undoneSince) this.#setRouter(key, null);
    }
    const isHere = samePlace(this.#macs.holder(key), place);
    if (changed || isHere) this.#touch(key, now);
    if (verdict.kind === "same") this.#remember(dpid, sighting, key);
    if (!isHere) return changed;
    if (sighting.router !== null && this.#heard.get(key)?.router?.said !== sighting.router) {
      this.#setRouter(key, { said: sighting.router, at: now });
      changed = true;
    }
    if (sighting.releases !== undefined && this.#releaseIp(vni, mac, sighting.releases)) changed = true;
    if (ip !== null && this.#hearIp(vni, mac, ip, now, sighting.announces !== true)) changed = true;
    const { lease } = sighting;
    // A lease takes nothing from anybody: the client itself will speak.
    if (lease !== undefined && this.#heard.has(endpointKey(vni, lease.mac))) {
      const free = this.#ips.holder(addressKey(vni, lease.ip)) === null;
      if (free && this.#hearIp(vni, lease.mac, lease.ip, now, true)) changed = true;
    }
    return changed;
  }

  #setRouter(key: string, router: Heard["router"]): void {
    const heard = this.#heard.get(key);
    if (heard === undefined) return;
    this.#heard.set(key, { ...heard, router });
    this.#snapshots.delete(heard.place.dpid);
  }

  #hearIp(vni: Vni, mac: Mac, ip: string, now: number, unannounced: boolean): boolean {
    const key = addressKey(vni, ip);
    const heard = this.#heard.get(endpointKey(vni, mac));
    if (heard === undefined) return false;
    if (!heard.ips.has(ip) && heard.ips.size >= MAX_IPS_PER_MAC) return false;
    const owner = addressOwner(this.#reserved.of(key), mac, this.#ips.holder(key));
    if (this.#recalled.has(vni, mac, ip, heard.place)) {
      if (owner === null && this.#ips.holder(key) === null) return false;
      this.#recalled.remove(vni, mac, ip, heard.place);
    }
    const { changed } = this.#ips.claim(key, mac, now, { owner, unannounced });
    if (changed) this.#settleIp(key);
    return changed;
  }

  /** What a switch itself holds. What was heard since, here or elsewhere, stays. */
  load(dpid: string, facts: Iterable<Omit<ObservedFact, "heard">>, now: number): void {
    for (const { vni, mac, ofport, ips, router } of facts) {
      const key = endpointKey(vni, mac);
      const place: Place = Object.freeze({ dpid, ofport });
      const holder = this.#macs.holder(key);
      if (holder !== null && !samePlace(holder, place)) continue;
      if (holder === null) {
        this.#macs.claim(key, place, now);
        this.#settleMac(key);
        this.#touch(key, now);
      }
      const known = this.#heard.get(key)?.router ?? null;
      if (known === null && router !== undefined) this.#setRouter(key, { said: router, at: now });
      for (const ip of ips) if (this.#ips.holder(addressKey(vni, ip)) === null) this.#hearIp(vni, mac, ip, now, true);
    }
    this.#settleRecalled(now);
  }

  /** Rivals of before a restart, as a switch's flows tell of them: they stay rivals. */
  recall(dpid: string, rivals: Iterable<RivalFact>, now: number): void {
    this.#recalled.add(dpid, rivals, now + this.#quietMs);
    this.#settleRecalled(now);
  }

  #settleRecalled(now: number): boolean {
    return this.#recalled.settle(({ vni, mac, ip, place }) =>
      ip === null
        ? this.#macs.recall(endpointKey(vni, mac), place, now)
        : this.#ips.recall(addressKey(vni, ip), mac, now),
    );
  }

  /** All that was heard on a switch, which is no part of this any more. */
  take(dpid: string): readonly ObservedFact[] {
    const facts = this.observedAt(dpid);
    for (const { vni, mac, ofport } of facts) this.forget(dpid, vni, mac, ofport);
    this.#snapshots.delete(dpid);
    this.#regulars.forget(dpid);
    this.#retained.delete(dpid);
    return facts;
  }

  /** It is not there any more: its flow idled out, its port is gone. @returns whether that changes anything. */
  forget(dpid: string, vni: Vni, mac: Mac, ofport: number): boolean {
    const key = endpointKey(vni, mac);
    if (!this.#macs.release(key, { dpid, ofport })) return false;
    this.#settleMac(key);
    this.#touch(key, this.#macs.since(key) ?? 0);
    return true;
  }

  /** @returns whether the address was known there. */
  forgetIp(dpid: string, vni: Vni, mac: Mac, ofport: number, ip: string): boolean {
    const at = this.#heard.get(endpointKey(vni, mac))?.place ?? null;
    return samePlace(at, { dpid, ofport }) && this.#releaseIp(vni, mac, ip);
  }

  /**
   * Forgets what was heard where nobody can speak any more: a port that is gone, a network that the port has left. Port
   * numbers are given again, and what was heard on one must not be taken for what is behind the next.
   */
  retain(dpid: string, attached: ReadonlyMap<number, ReadonlyMap<Vni, unknown>>): boolean {
    const disputes = this.#macs.isRestless ? this.#macs.disputes() : [];
    const observed = this.observedAt(dpid);
    const before = this.#retained.get(dpid);
    if (disputes.length === 0 && before?.attached === attached && before.observed === observed) return false;
    let changed = false;
    const gone = (vni: Vni, place: Place | null): boolean =>
      place !== null && place.dpid === dpid && attached.get(place.ofport)?.has(vni) !== true;
    for (const { key, holder, rivals } of disputes) {
      const [vni, mac] = splitKey(key);
      for (const rival of rivals) if (gone(vni, rival)) changed = this.forget(dpid, vni, mac, rival.ofport) || changed;
      if (gone(vni, holder)) changed = this.forget(dpid, vni, mac, holder.ofport) || changed;
    }
    for (const { vni, mac, ofport } of this.observedAt(dpid)) {
      if (gone(vni, { dpid, ofport })) changed = this.forget(dpid, vni, mac, ofport) || changed;
    }
    this.#retained.set(dpid, { attached, observed: this.observedAt(dpid) });
    return changed;
  }

  /**
   * What the fabric now says is declared. A guest that becomes active at one of its places has arrived there; a MAC that
   * is declared is where it is declared, whatever was heard before. @returns whether that changes anything.
   */
  declare(declared: DeclaredBy, now: number): boolean {
    const before = this.#declared;
    this.#declared = declared instanceof SharedMap ? declared : SharedMap.of(declared);
    const changes = differences(before, this.#declared);
    const { macs, ips } = this.#unsettled;
    for (const address of this.#reserved.follow(changes)) ips.add(address);
    for (const { key } of changes) macs.add(key);
    let changed = this.#giveBack([...ips].sort(), now);
    ips.clear();
    const keys = [...macs].sort();
    macs.clear();
    for (const key of keys) if (this.#settleDeclared(key, before.get(key) ?? [], now)) changed = true;
    return changed;
  }

  #settleDeclared(key: string, before: readonly Declaration[], now: number): boolean {
    const declarations = this.#declared.get(key) ?? [];
    const [first] = declarations;
    if (first?.place == null) return false;
    const holder = this.#macs.holder(key);
    const arrived = arrivalOf(declarations, before);
    if (arrived !== null && !samePlace(holder, arrived)) this.#put(key, arrived, { migrating: true }, now);
    else if (holder !== null && !declarations.some((one) => samePlace(one.place, holder)))
      this.#put(key, first.place, { owner: first.place }, now);
    else return false;
    return true;
  }

  /** An address that is declared now, and that somebody has who may not, is the one's for whom it is declared. */
  #giveBack(addresses: readonly string[], now: number): boolean {
    let changed = false;
    for (const key of addresses) {
      const [first, ...others] = this.#reserved.of(key) ?? [];
      const holder = this.#ips.holder(key);
      if (first === undefined || holder === null || holder === first || others.includes(holder)) continue;
      this.#ips.claim(key, holder, now, { owner: first });
      this.#settleIp(key);
      changed = true;
    }
    return changed;
  }

  #put(key: string, place: Place, claim: Claim<Place>, now: number): void {
    this.#hearings++;
    this.#macs.claim(key, place, now, claim);
    this.#settleMac(key);
    this.#touch(key, now);
  }

  /** @returns whether time alone has changed anything. */
  tick(now: number): boolean {
    const macs = this.#macs.tick(now);
    const ips = this.#ips.tick(now);
    for (const key of macs) this.#settleMac(key);
    for (const key of ips) this.#settleIp(key);
    const settled = this.#settleRecalled(now);
    const expired = this.#recalled.expire(now);
    const relieved = this.#crowds.relieve(now, this.#quietMs);
    return macs.length > 0 || ips.length > 0 || settled || expired || relieved;
  }

  /** Whether `tick` may have something to do some time. */
  get isRestless(): boolean {
    return this.#macs.isRestless || this.#ips.isRestless || this.#crowds.areCapped || !this.#recalled.isEmpty;
  }

  disputes(): readonly DisputeFact[] {
    const macs = this.#macs.disputes().map(({ key, reason, holder, rivals }): DisputeFact => {
      const [vni, mac] = splitKey(key);
      return {
        vni,
        mac,
        ip: null,
        reason,
        holder: { mac, place: holder },
        rivals: rivals.map((place) => ({ mac, place })),
      };
    });
    const ips = this.#ips.disputes().map(({ key, reason, holder, rivals }): DisputeFact => {
      const [vni, ip] = splitKey(key);
      const party = (mac: Mac) => ({ mac, place: this.#placeOf(endpointKey(vni, mac)) });
      return { vni, mac: null, ip, reason, holder: party(holder), rivals: rivals.map(party) };
    });
    return [...macs, ...ips, ...this.#recalled.disputes()];
  }

  #placeOf(key: string): Place | null {
    return this.#macs.holder(key) ?? this.#declared.get(key)?.[0]?.place ?? null;
  }

  capped(): readonly CappedFact[] {
    return this.#crowds.capped();
  }

  /**
   * Who should be asked whether an address is still theirs: holders of an address that another has claimed; and whoever
   * may still be at the place from where a MAC has moved, since one that only answers would not be heard there.
   */
  questions(now: number): readonly Station[] {
    const parted = this.#macs.asked(now).flatMap(({ key, of: place }): readonly Station[] => {
      const { vni = 0, mac = "", ips = [] } = this.#heard.get(key) ?? {};
      return [...ips]
        .sort()
        .slice(0, MAX_ASKED_IPS)
        .map((ip) => ({ vni, ip, mac, place }));
    });
    return [...parted, ...this.#stations(this.#ips.asked(now))];
  }

  /** Whose address everyone should be told of, since another has just claimed it. */
  defended(now: number): readonly Station[] {
    return this.#stations(this.#ips.defended(now));
  }

  #stations(list: readonly { readonly key: string; readonly of: Mac }[]): readonly Station[] {
    return list.flatMap(({ key, of: mac }) => {
      const [vni, ip] = splitKey(key);
      const place = this.#placeOf(endpointKey(vni, mac));
      return place === null ? [] : [{ vni, ip, mac, place }];
    });
  }
}
