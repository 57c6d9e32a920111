// Loops outside of the fabric: ports that meet in a segment which the fabric knows nothing of, and which of them is cut off.
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { HostId, Vni } from "./facts.ts";

/** A port, in one of its networks. */
export interface MeetingEnd {
  readonly hostId: HostId;
  readonly ofport: number;
  readonly vni: Vni;
}

/** What one of these sent came in at the other, by a way that is not the fabric's. Neither comes first. */
export interface MeetingFact {
  readonly ends: readonly [MeetingEnd, MeetingEnd];
}

/** A port of one fabric met one of another: an island and the tunnel fabric, cabled to each other. */
export interface CrossingFact extends MeetingFact {
  /** Of the ends, in their order. */
  readonly fabrics: readonly [string, string];
}

export interface LoopFacts {
  readonly meetings: readonly MeetingFact[];
  /** Absent where no fabric meets another. */
  readonly crossings?: readonly CrossingFact[];
  /** By `heldKey`: what a switch had cut off when it was read, until it is known whether that is still right. */
  readonly held: ReadonlySet<string>;
}

export const NO_LOOPS: LoopFacts = Object.freeze({ meetings: [], held: new Set<string>() });

export function heldKey(dpid: string, ofport: number): string {
  return `${dpid}/${ofport}`;
}

/** A port that could be cut off. */
export interface LoopPort {
  readonly hostId: HostId;
  readonly hostIndex: number | null;
  /** null while its switch is not known. */
  readonly dpid: string | null;
  readonly ofport: number;
  readonly name: string;
}

export function portKey(port: Pick<LoopPort, "hostId" | "ofport">): string {
  return `${port.hostId}/${port.ofport}`;
}

export interface LoopVerdict {
  readonly blocked: boolean;
  readonly problem: Diagnostic;
}

function placeOf({ name, hostId }: LoopPort): string {
  return `port ${name} of host ${hostId}`;
}

function compare(a: LoopPort, b: LoopPort): number {
  return (a.hostIndex ?? 0) - (b.hostIndex ?? 0) || a.ofport - b.ofport || (a.hostId < b.hostId ? -1 : 1);
}

/** Networks that segments outside join to one: a set for each, by its first member. */
class Joined<Key> {
  readonly #parent = new Map<Key, Key>();

  #root(key: Key): Key {
    let at = key;
    for (let up = this.#parent.get(at); up !== undefined; up = this.#parent.get(at)) at = up;
    return at;
  }

  /** @returns false where they were one already: the new way between them closes a loop. */
  join(a: Key, b: Key): boolean {
    const [x, y] = [this.#root(a), this.#root(b)];
    if (x === y) return false;
    this.#parent.set(y, x);
    return true;
  }
}

/**
 * Fabrics that are cabled to each other are one segment, and each further cable between them is a loop. Cut off is the
 * port at its later end, by the order of names; or the one that is cut off already. By `portKey`, with the end that stays.
 */
function surplusCrossings({ crossings = [], held }: LoopFacts): ReadonlyMap<string, MeetingEnd> {
  const surplus = new Map<string, MeetingEnd>();
  const joined = new Joined<string>();
  const isHeld = ({ hostId, ofport }: MeetingEnd): boolean => held.has(heldKey(hostId.replace(/^dpid:/, ""), ofport));
  const held1st = (one: CrossingFact): number => Number(one.ends.some(isHeld));
  const nameOf = (one: CrossingFact): string => one.ends.map(portKey).join(" ");
  const sorted = [...crossings].sort((a, b) => held1st(a) - held1st(b) || (nameOf(a) < nameOf(b) ? -1 : 1));
  for (const { ends, fabrics } of sorted) {
    const [a, b] = [ends[0], ends[1]];
    if (joined.join(`${fabrics[0]}/${a.vni}`, `${fabrics[1]}/${b.vni}`)) continue;
    // The switch of an island is named by its datapath id, and can be held to it before anything else is known.
    const cut = [a, b].find((end) => end.hostId.startsWith("dpid:")) ?? b;
    surplus.set(portKey(cut), cut === a ? b : a);
  }
  return surplus;
}

function surplusProblem(port: LoopPort, open: MeetingEnd): Diagnostic {
  return diagnostic(
    "port/outside-loop",
    `${placeOf(port)} leads to ${open.hostId}, and another cable does already, which is a loop: it is blocked`,
    "take one of the cables out; what is blocked is unblocked by itself then",
  );
}

/**
 * Of two ports that meet the one with the higher host index, then port number, is cut off. Two of one network always
 * make a loop; two of different networks (a firewall that is a bridge between them) only where these are joined
 * already. Each port that has to do with it says so, by name.
 */
export function judgeLoops(facts: LoopFacts, ports: readonly LoopPort[]): ReadonlyMap<string, LoopVerdict> {
  const byKey = new Map(ports.map((port) => [portKey(port), port]));
  const verdicts = new Map<string, LoopVerdict>();
  for (const port of ports) {
    if (port.dpid === null || !facts.held.has(heldKey(port.dpid, port.ofport))) continue;
    const message = `${placeOf(port)} was blocked before the controller started: it stays so until probes have been out for it`;
    verdicts.set(portKey(port), {
      blocked: true,
      problem: diagnostic("port/outside-loop", message, "wait some seconds"),
    });
  }
  const meetings = facts.meetings.flatMap(({ ends: [one, other] }) => {
    const [a, b] = [byKey.get(portKey(one)), byKey.get(portKey(other))];
    if (a === undefined || b === undefined || a === b) return [];
    const [low, high] = compare(a, b) < 0 ? [a, b] : [b, a];
    return [{ low, high, vnis: [one.vni, other.vni] as const }];
  });
  meetings.sort((x, y) => compare(x.low, y.low) || compare(x.high, y.high) || x.vnis[0] - y.vnis[0]);
  for (const [key, open] of surplusCrossings(facts)) {
    const port = byKey.get(key);
    if (port !== undefined) verdicts.set(key, { blocked: true, problem: surplusProblem(port, open) });
  }
  const joined = new Joined<Vni>();
  for (const { low, high, vnis } of meetings) {
    const cut = [low, high].find((port) => verdicts.get(portKey(port))?.blocked === true);
    if (cut === undefined && joined.join(...vnis)) continue;
    const blocked = cut ?? high;
    const open = blocked === low ? high : low;
    const says = (end: LoopPort, far: LoopPort, end2: string): LoopVerdict => ({
      blocked: end === blocked,
      problem: diagnostic(
        "port/outside-loop",
        `${placeOf(end)} meets ${placeOf(far)} outside of the fabric, which is a loop: ${end2}`,
        `take one of the two out of the segment they share; what is blocked is unblocked by itself then`,
      ),
    });
    verdicts.set(portKey(blocked), says(blocked, open, "it is blocked"));
    if (!verdicts.has(portKey(open))) verdicts.set(portKey(open), says(open, blocked, "the other one is blocked"));
  }
  return verdicts;
}
