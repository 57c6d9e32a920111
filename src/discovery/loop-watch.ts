// Rounds of probes: which port is due, which probes that come in are to be believed, and which ports therefore meet.
import type { HostId, Vni } from "../model/facts.ts";
import {
  type CrossingFact,
  heldKey,
  type LoopFacts,
  type MeetingEnd,
  type MeetingFact,
  portKey,
} from "../model/loops.ts";
import { type Probe, probeFrame, readProbe, type Seal } from "./loop-probe.ts";

/** One network of a port, and how its frames look there. */
export interface ProbedWay {
  readonly vni: Vni;
  readonly ingressVlans: readonly number[];
  readonly egressVlan: number | null;
}

export interface ProbedPort {
  readonly fabricId: string;
  readonly hostId: HostId;
  readonly dpid: string;
  readonly ofport: number;
  readonly ways: readonly ProbedWay[];
}

export interface ProbeToSend {
  readonly dpid: string;
  readonly ofport: number;
  readonly frame: Uint8Array;
}

/** A meeting is over when this many rounds have gone by without a probe that came through: one may be lost. */
const QUIET_ROUNDS = 2;
/** A round is sent in so many parts, so that its probes do not come at once. */
export const TICKS_PER_ROUND = 10;
/** Of a trunk that is in many networks the first ones count: a probe for each would be a burst. */
const MAX_WAYS = 16;

interface Meeting {
  readonly fact: MeetingFact;
  /** Set where the two are of different fabrics: a loop only where something else joins these too. */
  readonly crossing: CrossingFact | null;
  /** null where nothing has circulated. */
  readonly sinceRound: number | null;
  seenInRound: number;
}

export interface LoopTick {
  readonly probes: readonly ProbeToSend[];
  /** Whether what is known of meetings has changed. */
  readonly changed: boolean;
  /**
   * Ports where anybody may have been heard: while frames circulate every MAC seems to be behind each of the two. Told
   * when a meeting is found, and once more when what was on its way then has come in.
   */
  readonly doubtful: readonly MeetingEnd[];
}

/** Time comes in as ticks. Invariant: what is believed was sealed here, and sent in this round or the last. */
export class LoopWatch {
  readonly #seal: Seal;
  readonly #meetings = new Map<string, Meeting>();
  /** By `heldKey`: the round in which it was read. */
  readonly #held = new Map<string, number>();
  #round = 1;
  #tick = 0;
  #probed = new Set<string>();
  #facts: LoopFacts | null = null;
  #doubtful: MeetingEnd[] = [];

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  /** The same object while nothing changes. */
  get facts(): LoopFacts {
    if (this.#facts !== null) return this.#facts;
    const sorted = [...this.#meetings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, meeting]) => meeting);
    const crossings = sorted.flatMap(({ crossing }) => crossing ?? []);
    this.#facts = {
      meetings: sorted.filter(({ crossing }) => crossing === null).map(({ fact }) => fact),
      ...(crossings.length === 0 ? {} : { crossings }),
      held: new Set(this.#held.keys()),
    };
    return this.#facts;
  }

  /** What a switch has cut off is believed for as long as a meeting would be: a restart lets no storm loose. */
  remember(dpid: string, ofports: Iterable<number>): void {
    for (const ofport of ofports) this.#held.set(heldKey(dpid, ofport), this.#round);
    this.#facts = null;
  }

  /**
   * The next part of a round, @param limit probes at most: with very many ports a round takes longer.
   */
  tick(ports: readonly ProbedPort[], limit: number): LoopTick {
    let changed = false;
    let waiting = ports.filter((port) => !this.#probed.has(portKey(port)));
    if (this.#tick >= TICKS_PER_ROUND && waiting.length === 0) {
      changed = this.#nextRound();
      waiting = [...ports];
    }
    this.#tick++;
    const ticksLeft = Math.max(1, TICKS_PER_ROUND - this.#tick + 1);
    const share = Math.ceil(waiting.length / ticksLeft);
    const probes: ProbeToSend[] = [];
    for (const port of waiting.slice(0, share)) {
      if (probes.length > 0 && probes.length + port.ways.length > limit) break;
      this.#probed.add(portKey(port));
      for (const way of port.ways.slice(0, MAX_WAYS)) {
        const { fabricId, hostId, ofport, dpid } = port;
        const probe: Probe = { fabricId, hostId, ofport, vni: way.vni, sequence: this.#round };
        probes.push({ dpid, ofport, frame: probeFrame(probe, way.egressVlan, this.#seal) });
      }
    }
    const doubtful = this.#doubtful;
    this.#doubtful = [];
    return { probes, changed, doubtful };
  }

  #nextRound(): boolean {
    this.#round++;
    this.#tick = 0;
    this.#probed = new Set();
    let changed = false;
    for (const [key, { fact, sinceRound, seenInRound }] of this.#meetings) {
      if (sinceRound !== null && this.#round - sinceRound === 2) this.#doubtful.push(...fact.ends);
      if (this.#round - seenInRound > QUIET_ROUNDS && this.#meetings.delete(key)) changed = true;
    }
    for (const [key, round] of this.#held) {
      if (this.#round - round > QUIET_ROUNDS && this.#held.delete(key)) changed = true;
    }
    if (changed) this.#facts = null;
    return changed;
  }

  /** @returns whether this was news. */
  received(ports: readonly ProbedPort[], dpid: string, ofport: number, frame: Uint8Array): boolean {
    const probe = readProbe(frame, this.#seal);
    if (probe === null || (probe.sequence !== this.#round && probe.sequence !== this.#round - 1)) return false;
    const receiver = ports.find((port) => port.dpid === dpid && port.ofport === ofport);
    const way = receiver?.ways.find((one) => one.ingressVlans.includes(probe.vlan));
    const sender = ports.find((port) => port.hostId === probe.hostId && port.ofport === probe.ofport);
    if (receiver === undefined || way === undefined || sender === undefined || sender === receiver) return false;
    if (sender.fabricId !== probe.fabricId) return false;
    const one: MeetingEnd = { hostId: receiver.hostId, ofport, vni: way.vni };
    const other: MeetingEnd = { hostId: sender.hostId, ofport: sender.ofport, vni: probe.vni };
    const nameOf = (end: MeetingEnd): string => `${portKey(end)}/${end.vni}`;
    const ends = nameOf(one) < nameOf(other) ? ([one, other] as const) : ([other, one] as const);
    const key = ends.map(nameOf).join(" ");
    const known = this.#meetings.get(key);
    if (known !== undefined) {
      known.seenInRound = this.#round;
      return false;
    }
    // Of two that a controller before this one has parted nothing circulates.
    const parted = [receiver, sender].some((port) => this.#held.has(heldKey(port.dpid, port.ofport)));
    const across = sender.fabricId !== receiver.fabricId;
    const fabrics =
      ends[0] === one
        ? ([receiver.fabricId, sender.fabricId] as const)
        : ([sender.fabricId, receiver.fabricId] as const);
    this.#meetings.set(key, {
      fact: { ends },
      crossing: across ? { ends, fabrics } : null,
      sinceRound: parted || across ? null : this.#round,
      seenInRound: this.#round,
    });
    if (!parted && !across) this.#doubtful.push(...ends);
    this.#facts = null;
    return true;
  }
}
