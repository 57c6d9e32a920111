// What follows for a host from one peer: the tunnels and lanes of the pair, by what both ends hold and say.
import type { HostId, Lane } from "./facts.ts";
import { isSame } from "./kept.ts";
import { type Entrance, entrancesOf, type WantedTunnel, wantedTunnels } from "./wanted-tunnels.ts";
import {
  concerns,
  directLane,
  type End,
  type EndAt,
  pairKind,
  passingLane,
  relayIsReady,
  standingLane,
  type Way,
  type WaySettings,
} from "./ways.ts";

/** Of an ordered pair. */
export interface Pair {
  /** The way without relays; null where there is no direct tunnel. */
  readonly way: Way | null;
  /** The tunnel by which the peer is a relay for others. */
  readonly leg: Lane | null;
  /** Where others' frames for the peer go that the host has no direct way to. */
  readonly passing: Lane | null;
  readonly wanted: readonly WantedTunnel[];
  /** As long as there is a way. */
  readonly entrances: readonly Entrance[];
  /** Whether it follows from the two alone: else it may be another one the next time, though neither has changed. */
  readonly isSettled: boolean;
}

/** What counts beside the two. */
export interface PairContext {
  readonly settings: WaySettings;
  /** Indexes of the relays that are planned for a host and the peer of an index. */
  readonly planned: (host: End, index: number) => readonly number[];
  readonly endAt: (host: End) => EndAt;
  readonly legsInUse: () => ReadonlySet<string> | null;
}

const NO_RELAYS: readonly Lane[] = Object.freeze([]);
/** Of the results for one peer so many are compared with: hosts that are equally far have the same. */
const COMPARED = 4;

function isSamePair(a: Pair, b: Pair): boolean {
  return (
    a.isSettled === b.isSettled &&
    isSameLane(a.way?.direct ?? null, b.way?.direct ?? null) &&
    isSameLane(a.leg, b.leg) &&
    isSameLane(a.passing, b.passing) &&
    a.wanted.length === b.wanted.length &&
    a.wanted.every((one, at) => isSame(one, b.wanted[at])) &&
    a.entrances.length === b.entrances.length &&
    a.entrances.every(({ lane, index }, at) => {
      const other = b.entrances[at];
      return other !== undefined && index === other.index && isSameLane(lane, other.lane);
    })
  );
}

function isSameLane(a: Lane | null, b: Lane | null): boolean {
  return a === b || (a !== null && b !== null && a.port === b.port && a.toward === b.toward);
}

/** Pairs that come to the same are one object: in a mesh most hosts have the same towards a peer. */
export class PairPool {
  readonly #known = new Map<HostId, readonly Pair[]>();

  /** @param before what it was */
  one(peer: HostId, pair: Pair, before: Pair | null | undefined): Pair {
    if (before != null && isSamePair(before, pair)) return before;
    const known = this.#known.get(peer) ?? [];
    const same = known.find((other) => isSamePair(other, pair));
    if (same !== undefined) return same;
    this.#known.set(peer, [pair, ...known.slice(0, COMPARED - 1)]);
    return pair;
  }

  keepOnly(peers: ReadonlySet<HostId>): void {
    for (const id of this.#known.keys()) if (!peers.has(id)) this.#known.delete(id);
  }
}

/** Works out pairs, and sees whether anything but the two counted. */
export class Pairing {
  readonly #context: PairContext;
  readonly #settings: WaySettings;
  #isSettled = true;

  constructor(context: PairContext) {
    this.#context = context;
    const { settings } = context;
    this.#settings = { ...settings, keepTunnel: (...tunnel) => this.#unsettled(settings.keepTunnel(...tunnel)) };
  }

  #unsettled<T>(value: T): T {
    this.#isSettled = false;
    return value;
  }

  /** null where the host has nothing to do with the peer, or the peer has no index. */
  of(host: End, peer: End): Pair | null {
    const { index } = peer;
    if (host.id === peer.id || index === null || !concerns(host, peer)) return null;
    this.#isSettled = true;
    const settings = this.#settings;
    const kind = pairKind(settings, host, peer);
    const direct = directLane(settings, host, peer, kind, () => this.#unsettled(this.#hasRelay(host, peer, index)));
    const standing = direct ?? standingLane(settings, host, peer);
    return {
      way: direct === null ? null : Object.freeze({ direct, relays: NO_RELAYS }),
      leg: standing,
      passing: direct ?? (standing === null ? null : passingLane(settings, host, peer)),
      wanted: wantedTunnels(settings, host, peer, kind, () => this.#unsettled(this.#context.legsInUse())),
      entrances: entrancesOf(settings, host, peer, index, kind, direct),
      isSettled: this.#isSettled,
    };
  }

  #hasRelay(host: End, peer: End, index: number): boolean {
    const endAt = this.#context.endAt(host);
    return this.#context.planned(host, index).some((relay) => {
      const end = endAt(relay);
      return end !== undefined && relayIsReady(this.#settings, host, end, peer);
    });
  }
}
