// Which ports of switches without OVSDB lead to another switch, and which to guests: told by frames that only a cable passes on.
import { compareEnds, endKey, type LinkEnd } from "../model/plain-links.ts";
import { concludeLinks, type LinkFacts, type PortRole, type Watched, type WatchedPort } from "./link-facts.ts";
import { linkFrame, readLinkFrame } from "./link-frame.ts";
import type { Seal } from "./loop-probe.ts";

export interface WatchedSwitch {
  readonly dpid: string;
  /** A switch that has just gone keeps its links for a while; nothing is sent to it, and nothing concluded from silence. */
  readonly connected: boolean;
  readonly ports: readonly WatchedPort[];
}

/** What a switch that is read holds of its ports, from before the controller started. */
export interface RecalledPorts {
  readonly guests: Iterable<number>;
  /** The far end where the switch's flow names it. */
  readonly links: ReadonlyMap<number, LinkEnd | null>;
}

export interface FrameToSend extends LinkEnd {
  readonly frame: Uint8Array;
}

/** From port to port: a wire gives it back at once. So many at first, this far apart, before a port is a guest's. */
const QUICK_MS = 60;
const QUICK_FRAMES = 5;
const LINK_MS = 600;
const GUEST_MS = 5000;
/** A link is down when so many frames in a row have not come through, and the last of them had this long. */
const MISSED_FRAMES = 4;
const LAST_CHANCE_MS = 400;
/** Older frames count for nothing; and of each port only the latest are kept. */
const FRESH_MS = 1500;
const KEPT_FRAMES = 8;
/** What was heard wrongly is told, and acted on, this long after it was last heard. */
const ODDITY_MS = 20_000;
/** By all switches together, in one tick. */
const MAX_FRAMES_PER_TICK = 40;
const TICK_MS = 30;
const IDLE_TICK_MS = 150;
/** After a switch was read it takes this long at the most until its ports are watched. */
const TAKEN_IN_MS = 3000;
const MAX_SEQUENCE = 0xffff_ffff;

/**
 * Time comes in. Invariant: what is believed was sealed here, and sent just now by the port that it names; a link is up
 * while each of its ends hears the other, and no third one is heard there.
 */
export class LinkWatch {
  readonly #seal: Seal;
  readonly #recallMs: number;
  readonly #ports = new Map<string, Watched>();
  readonly #recalled = new Map<string, { readonly end: LinkEnd | null; readonly role: PortRole; until: number }>();
  #connected = new Set<string>();
  #sequence = 0;
  #facts: LinkFacts | null = null;

  /** @param recallMs how long links of before the start are believed while the switch at the far end is not back. */
  constructor(seal: Seal, recallMs: number) {
    this.#seal = seal;
    this.#recallMs = recallMs;
  }

  /** The same object while nothing changes. */
  get facts(): LinkFacts {
    this.#facts ??= concludeLinks(this.#ports, this.#isRecalling);
    return this.#facts;
  }

  /** Whether the switches of links of before the start are still to come back. */
  get #isRecalling(): boolean {
    return [...this.#recalled.values()].some((one) => one.end !== null);
  }

  /** What the switch was read to hold: what its ports were they are still, as far as is known. */
  remember(dpid: string, { guests, links }: RecalledPorts, now: number): void {
    const until = now + this.#recallMs;
    const put = (ofport: number, role: PortRole, end: LinkEnd | null): void => {
      const key = endKey({ dpid, ofport });
      if (!this.#ports.has(key)) this.#recalled.set(key, { end, role, until });
    };
    for (const ofport of guests) put(ofport, "guest", null);
    for (const [ofport, end] of links) put(ofport, "link", end);
  }

  /** The switch has lost its flows, or the port has gone down meanwhile: nothing that was known of it holds. */
  reset(dpid: string, ofport?: number): void {
    if (ofport === undefined) this.#forgetRecalled((key) => key.startsWith(`${dpid}/`));
    for (const [key, { port }] of this.#ports) {
      if (port.dpid === dpid && (ofport === undefined || port.ofport === ofport)) this.#drop(key);
    }
  }

  #drop(key: string): void {
    this.#ports.delete(key);
    this.#facts = null;
  }

  /** @returns whether that changes anything that is concluded. */
  sync(switches: readonly WatchedSwitch[], now: number): boolean {
    const there = new Set<string>();
    this.#connected = new Set(switches.filter((one) => one.connected).map((one) => one.dpid));
    for (const port of switches.flatMap((one) => one.ports)) {
      const key = endKey(port);
      there.add(key);
      const known = this.#ports.get(key);
      if (known === undefined) this.#add(key, port, now);
      else {
        // What was sent before nobody may have heard of.
        if (port.listens && !known.port.listens) Object.assign(known, { frames: 0, dueAt: now });
        known.port = port;
      }
    }
    for (const key of [...this.#ports.keys()]) if (!there.has(key)) this.#drop(key);
    // A port that was not there when its switch was read comes up anew later.
    this.#forgetRecalled((key) => this.#connected.has(key.slice(0, key.indexOf("/"))));
    this.#expireRecalled(now);
    return this.#facts === null;
  }

  /** A switch that was read may have gone at once, or turn out to be a host's: nobody waits for its links for ever. */
  #expireRecalled(now: number): void {
    this.#forgetRecalled((_, { until }) => until + TAKEN_IN_MS <= now);
  }

  #forgetRecalled(isOver: (key: string, one: { readonly until: number }) => boolean): void {
    for (const [key, one] of [...this.#recalled]) {
      if (!isOver(key, one)) continue;
      this.#recalled.delete(key);
      this.#facts = null;
    }
  }

  #add(key: string, port: WatchedPort, now: number): void {
    const before = this.#recalled.get(key);
    this.#ports.set(key, {
      port,
      role: before?.role ?? "unknown",
      frames: 0,
      dueAt: now,
      sent: [],
      hears: before?.end == null ? null : { end: before.end, at: now },
      overdueAt: null,
      recalledUntil: before?.end == null ? null : before.until,
      oddity: null,
    });
    this.#recalled.delete(key);
    this.#facts = null;
  }

  /** How long to wait for the next tick. */
  get tickMs(): number {
    const hurry = [...this.#ports.values()].some((one) => one.role === "unknown" || one.recalledUntil !== null);
    return hurry ? TICK_MS : IDLE_TICK_MS;
  }

  tick(now: number): { readonly frames: readonly FrameToSend[]; readonly changed: boolean } {
    for (const one of this.#ports.values()) this.#age(one, now);
    this.#expireRecalled(now);
    const frames: FrameToSend[] = [];
    // Ports that are not known come first.
    const due = [...this.#ports.values()].filter((one) => one.dueAt <= now && this.#connected.has(one.port.dpid));
    due.sort((a, b) => Number(b.role === "unknown") - Number(a.role === "unknown") || a.dueAt - b.dueAt);
    for (const one of due.slice(0, MAX_FRAMES_PER_TICK)) frames.push(this.#send(one, now));
    return { frames, changed: this.#facts === null };
  }

  #send(one: Watched, now: number): FrameToSend {
    const { dpid, ofport, mac, listens } = one.port;
    this.#sequence = this.#sequence >= MAX_SEQUENCE ? 1 : this.#sequence + 1;
    const sequence = this.#sequence;
    one.sent = [...one.sent.slice(1 - KEPT_FRAMES), { sequence, at: now }];
    if (listens) one.frames++;
    const quick = one.role === "unknown" || one.recalledUntil !== null || one.frames < QUICK_FRAMES;
    one.dueAt = now + (quick ? QUICK_MS : one.role === "link" ? LINK_MS : GUEST_MS);
    const ttlSec = Math.ceil((GUEST_MS * 2) / 1000);
    return { dpid, ofport, frame: linkFrame({ dpid, ofport, sequence }, mac, ttlSec, this.#seal) };
  }

  #age(one: Watched, now: number): void {
    if (one.oddity !== null && one.oddity.until <= now) {
      const { shut } = one.oddity;
      one.oddity = null;
      if (shut && one.hears === null) Object.assign(one, { role: "unknown", frames: 0, dueAt: now });
      this.#facts = null;
    }
    const last = one.sent.at(-1)?.at ?? now;
    if (one.role === "unknown" && one.frames >= QUICK_FRAMES && now - last >= QUICK_MS) {
      one.role = "guest";
      one.dueAt = now + GUEST_MS;
      this.#facts = null;
    }
    if (one.hears === null || one.hears.at === null) return;
    const far = this.#ports.get(endKey(one.hears.end));
    if (one.recalledUntil !== null && now >= one.recalledUntil) {
      one.recalledUntil = null;
      this.#silence(one);
    } else if (far === undefined) {
      // While its switch is not back its port may be what it was.
      if (one.recalledUntil !== null && !this.#connected.has(one.hears.end.dpid)) return;
      one.recalledUntil = null;
      this.#silence(one);
    } else if (!this.#connected.has(one.port.dpid) || !this.#connected.has(far.port.dpid)) {
      Object.assign(one, { hears: { end: one.hears.end, at: now }, overdueAt: null });
    } else if (one.port.listens) {
      const heardAt = one.hears.at;
      const missed = far.sent.filter((frame) => frame.at > heardAt);
      one.overdueAt ??= missed[MISSED_FRAMES - 1]?.at ?? null;
      if (one.overdueAt !== null && now - one.overdueAt >= LAST_CHANCE_MS) {
        one.recalledUntil = null;
        this.#silence(one);
      }
    }
  }

  #silence(one: Watched): void {
    if (one.hears !== null) one.hears = { end: one.hears.end, at: null };
    this.#facts = null;
  }

  /** @returns whether that changes anything that is concluded. */
  received(dpid: string, ofport: number, bytes: Uint8Array, now: number): boolean {
    const here = this.#ports.get(endKey({ dpid, ofport }));
    const frame = readLinkFrame(bytes, this.#seal);
    if (here === undefined || frame === null) return false;
    const sender = this.#ports.get(endKey(frame));
    const sent = sender?.sent.find((one) => one.sequence === frame.sequence);
    if (sender === undefined || sent === undefined || now - sent.at > FRESH_MS || sender === here) return false;
    // One that has just come up is to know soon whom it meets.
    if (sender.role === "unknown") here.dueAt = now;
    const end: LinkEnd = Object.freeze({ dpid: sender.port.dpid, ofport: sender.port.ofport });
    if (here.hears !== null && compareEnds(here.hears.end, end) === 0) this.#heard(here, end, now);
    else if (this.#mayPair(here, sender)) this.#heard(here, end, now);
    else this.#odd(here, sender, end, now);
    return this.#facts === null;
  }

  /** One that listens to nobody else, and whose frames nobody else hears; and one of the two has just come up. */
  #mayPair(here: Watched, sender: Watched): boolean {
    const free = (one: Watched, other: Watched): boolean =>
      one.hears === null || one.hears.at === null || compareEnds(one.hears.end, other.port) === 0;
    if (!free(here, sender) || !free(sender, here)) return false;
    return !(here.role === "guest" && sender.role === "guest");
  }

  #heard(here: Watched, end: LinkEnd, now: number): void {
    if (here.role !== "link" || here.hears?.at == null || compareEnds(here.hears.end, end) !== 0) this.#facts = null;
    if (here.recalledUntil !== null) this.#facts = null;
    // The far end is to know soon, too.
    if (here.role !== "link") here.dueAt = now;
    here.role = "link";
    here.hears = { end, at: now };
    here.overdueAt = null;
    here.recalledUntil = null;
  }

  /**
   * Somebody passes frames on from port to port, or more than two share a segment. A port that hears what is said between
   * two others would hear all that passes there: it is shut. What two guests' ports pass to each other is left to the
   * probes for loops, which cut one of the two off.
   */
  #odd(here: Watched, sender: Watched, end: LinkEnd, now: number): void {
    const shut = here.role !== "link" && sender.role === "link";
    if (here.oddity === null || here.oddity.shut !== shut || compareEnds(here.oddity.end, end) !== 0)
      this.#facts = null;
    here.oddity = { end, shut, until: now + ODDITY_MS };
    if (shut) here.role = "link";
  }
}
