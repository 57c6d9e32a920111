// What is concluded from what ports of lone switches hear of each other: their roles, the links, and what is odd.
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { compareEnds, endKey, type LinkEnd, type PlainLink, plainLink } from "../model/plain-links.ts";

/** A port with its link up, of a switch that is a lone one. */
export interface WatchedPort extends LinkEnd {
  readonly name: string;
  readonly mac: string;
  /** Whether frames that tell of links, and come in there, get to the controller. */
  readonly listens: boolean;
}

/** `unknown`: it came up just now, and carries nothing until it is known what is behind it. */
export type PortRole = "unknown" | "guest" | "link";

export type LinkState = "up" | "down";

export interface LinkFact {
  readonly link: PlainLink;
  readonly state: LinkState;
  /** Why it is down. */
  readonly reason: string | null;
}

export interface LinkFacts {
  /** By `endKey`. A port that is not in it is down, or not there. */
  readonly roles: ReadonlyMap<string, PortRole>;
  /** By `endKey`: the far end of each port that is a link's, where it is known. */
  readonly far: ReadonlyMap<string, LinkEnd | null>;
  /** By `endKey`: what ports are called. */
  readonly names: ReadonlyMap<string, string>;
  /** Sorted. */
  readonly links: readonly LinkFact[];
  /** Whether links of before the start are still to be confirmed. */
  readonly settling: boolean;
  /** By dpid. */
  readonly problems: ReadonlyMap<string, readonly Diagnostic[]>;
}

interface Sent {
  readonly sequence: number;
  readonly at: number;
}

/** What is known of a port. */
export interface Watched {
  port: WatchedPort;
  role: PortRole;
  /** Sent since it came up and listens. */
  frames: number;
  dueAt: number;
  /** Latest last. */
  sent: readonly Sent[];
  /** Whose frames come in here, and when the last one did; `at` is null when they have ceased to. */
  hears: { readonly end: LinkEnd; readonly at: number | null } | null;
  /** When the last frame went out that was still to be missed before the far end counts as silent. */
  overdueAt: number | null;
  /** Until when what the switch held is believed without being heard. */
  recalledUntil: number | null;
  oddity: { readonly end: LinkEnd; readonly shut: boolean; readonly until: number } | null;
}

/** What follows from what is known of ports. @param recalling whether some are still to come back. */
export function concludeLinks(ports: ReadonlyMap<string, Watched>, recalling: boolean): LinkFacts {
  const roles = new Map<string, PortRole>();
  const far = new Map<string, LinkEnd | null>();
  const problems = new Map<string, Diagnostic[]>();
  const links = new Map<string, LinkFact>();
  let settling = recalling;
  for (const [key, one] of [...ports].sort(([, a], [, b]) => compareEnds(a.port, b.port))) {
    roles.set(key, one.role);
    if (one.recalledUntil !== null) settling = true;
    if (one.role === "link") far.set(key, one.hears?.end ?? null);
    if (one.oddity !== null) {
      const list = problems.get(one.port.dpid) ?? [];
      problems.set(one.port.dpid, [...list, oddityOf(ports, one, one.oddity)]);
    }
    if (one.hears === null || one.role !== "link") continue;
    const link = plainLink({ dpid: one.port.dpid, ofport: one.port.ofport }, one.hears.end);
    const name = link.ends.map(endKey).join(" ");
    if (!links.has(name)) links.set(name, { link, ...stateOf(ports, link) });
  }
  const names = new Map([...ports].map(([key, { port }]) => [key, port.name]));
  return Object.freeze({ roles, far, names, links: [...links.values()], settling, problems });
}

function stateOf(ports: ReadonlyMap<string, Watched>, { ends: [a, b] }: PlainLink): Pick<LinkFact, "state" | "reason"> {
  if (a.dpid === b.dpid) return { state: "down", reason: "both ends are on one switch: nothing needs it" };
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const watched = ports.get(endKey(one));
    if (watched === undefined) return { state: "down", reason: `port ${one.ofport} of ${one.dpid} is down or away` };
    const { hears } = watched;
    if (hears === null || compareEnds(hears.end, other) !== 0 || hears.at === null) {
      return { state: "down", reason: `${one.dpid} port ${one.ofport} hears nothing from ${other.dpid}` };
    }
  }
  return { state: "up", reason: null };
}

function oddityOf(
  ports: ReadonlyMap<string, Watched>,
  one: Watched,
  { end, shut }: NonNullable<Watched["oddity"]>,
): Diagnostic {
  const place = (at: LinkEnd): string => `port ${ports.get(endKey(at))?.port.name ?? at.ofport} of ${at.dpid}`;
  return diagnostic(
    "link/relayed",
    `${place(one.port)} receives what ${place(end)} sends, and is not the other end of its cable: somebody passes it on, or several switches share a segment${shut ? "; the port carries nothing" : ""}`,
    "cable switches two by two; if this is a new cable, set one of its ports down and up",
  );
}
