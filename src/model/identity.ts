// Who is who: each host's index and tunnel IP, and the fabric's id, from what hosts and their peers have stored.
import type { Diagnostic } from "./diagnostic.ts";
import { diagnostic } from "./diagnostic.ts";
import type { HostFact, HostId } from "./facts.ts";
import { keptMap } from "./kept.ts";
import { collectMentions, knownIp, MANY_NAMES, type Mention, type MentionTally } from "./mentions.ts";
import { shellWord } from "./shell-word.ts";

/** Port numbers of tunnels for each pair and relay labels hold an index; a VLAN id, which carries the label, ends at 4094. */
export const MAX_LABEL = 4094;
/** Cookies and group ids hold 16 bits of an index: with flow-based tunnels nothing else does. */
export const MAX_INDEX = 65_535;

/** A host as the fabric knows it, present or away. */
export interface Identity {
  readonly id: HostId;
  readonly name: string;
  readonly index: number | null;
  readonly tunnelIp: string | null;
  /** Whether enough say that it is there: it was read, or more than one host names it, or the one that does names no other so. */
  readonly vouched: boolean;
  readonly problems: readonly Diagnostic[];
}

/** What the controller itself has decided since it started. */
export interface Decisions {
  readonly fabricId: string | null;
  /** Whether the id was made up in this run, and so yields to one that hosts have had before. */
  readonly fabricIdIsNew: boolean;
  readonly indexes: ReadonlyMap<HostId, number>;
  /** Hosts that got their index in this run. */
  readonly newlyIndexed: ReadonlySet<HostId>;
  readonly tunnelIps: ReadonlyMap<HostId, string>;
  /** Tunnel IPs that somebody has confirmed in this run, against what is pinned. */
  readonly confirmedIps: ReadonlyMap<HostId, string>;
}

export const NO_DECISIONS: Decisions = Object.freeze({
  fabricId: null,
  fabricIdIsNew: false,
  indexes: new Map<HostId, number>(),
  newlyIndexed: new Set<HostId>(),
  tunnelIps: new Map<HostId, string>(),
  confirmedIps: new Map<HostId, string>(),
});

export interface IdentityInput {
  /** Hosts that were read, in the order in which they came. */
  readonly hosts: readonly HostFact[];
  readonly settings: ReadonlyMap<HostId, { readonly index: number | null; readonly name: string | null }>;
  readonly configuredFabricId: string | null;
  readonly decisions: Decisions;
  /** Shortly after a start: hosts may not have come back yet. */
  readonly holding: boolean;
  /** Indexes that appear in flows of switches: not to be given to anyone. Costs a look at all of them, where it is asked for. */
  readonly indexesInFlows: ReadonlySet<number>;
  readonly forgotten: ReadonlySet<HostId>;
  /** Hosts that were read, and whose facts are left out: they keep what they were given. */
  readonly withheld?: ReadonlySet<HostId>;
  /** Hosts of which nothing is heard: an address that a host has now is not theirs any more. */
  readonly away?: ReadonlySet<HostId>;
  /** The largest index there can be; `MAX_LABEL` unless given. */
  readonly maxIndex?: number;
  /** How many hosts that were not read may be believed in; as many as there are indexes unless given. */
  readonly maxAbsent?: number;
  /** Whether a host keeps the tunnel IP by which its peers know it, whatever it says. */
  readonly pinTunnelIps?: boolean;
  readonly newFabricId: () => string;
}

/** What was concluded the last time: what is still so stays the same object, and is not worked out again. */
export type PreviousIdentities = Pick<IdentityOutcome, "identities" | "tally">;

export interface IdentityOutcome {
  readonly fabricId: string | null;
  /** Sorted by index, then id. */
  readonly identities: ReadonlyMap<HostId, Identity>;
  readonly decisions: Decisions;
  readonly tally: MentionTally;
}

/** Whether Weft may give the host a place in the fabric. */
export function takesPart(host: HostFact): boolean {
  return host.standing.kind !== "refused" && host.standing.kind !== "waiting";
}

/** Of hosts that have a place of their own in it: fabric id -> how many, in the order in which they came. */
function storedFabrics(hosts: readonly HostFact[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const host of hosts) {
    if (host.stored === null || host.stored.hostId !== host.id || !takesPart(host)) continue;
    counts.set(host.stored.fabricId, (counts.get(host.stored.fabricId) ?? 0) + 1);
  }
  return counts;
}

/** While hosts come back one by one, the id that most of them have: the first one's word is not that of all. */
function mostStored(counts: ReadonlyMap<string, number>, decided: string | null): string | null {
  let best = decided;
  for (const [id, count] of counts) if (count > (counts.get(best ?? "") ?? 0)) best = id;
  return best;
}

function chooseFabricId(input: IdentityInput): { id: string | null; isNew: boolean } {
  const { decisions, hosts } = input;
  if (input.configuredFabricId !== null) return { id: input.configuredFabricId, isNew: false };
  if (input.holding || decisions.fabricId === null) {
    // One that was made up in this run yields to any that hosts have had before.
    const made = decisions.fabricIdIsNew ? decisions.fabricId : null;
    const counts = storedFabrics(hosts);
    if (made !== null) counts.delete(made);
    const id = mostStored(counts, made === null ? decisions.fabricId : null);
    if (id !== null) return { id, isNew: false };
  } else if (decisions.fabricIdIsNew) {
    for (const { id, stored, tunnels } of hosts.filter(takesPart)) {
      if (stored === null || stored.hostId !== id || stored.fabricId === decisions.fabricId) continue;
      // Some time after the start, one host's word is not enough: it must have been in a fabric with others.
      if (tunnels.some((tunnel) => tunnel.fabricId === stored.fabricId)) return { id: stored.fabricId, isNew: false };
    }
  }
  if (decisions.fabricId !== null) return { id: decisions.fabricId, isNew: decisions.fabricIdIsNew };
  return hosts.some(takesPart) ? { id: input.newFabricId(), isNew: true } : { id: null, isNew: false };
}

/**
 * Decides identities from full state. An index whose stored fabric or host does not match (a clone, another fabric)
 * counts as none. Of two hosts with one index the one keeps it that had it before this run began (while holding), then
 * the one that more hosts name, itself among them, then again the one that had it before, then the one that has it
 * stored; the other gets a new one.
 * Nothing is given out while a host that is known to exist has not been read, for as long as `holding` lasts.
 */
export function resolveIdentities(input: IdentityInput, previous?: PreviousIdentities): IdentityOutcome {
  const fabric = chooseFabricId(input);
  const maxIndex = input.maxIndex ?? MAX_LABEL;
  const most = input.maxAbsent ?? MAX_INDEX;
  const { hosts, forgotten } = input;
  const { mentions, tally } = collectMentions({ hosts, forgotten, fabricId: fabric.id, most }, previous?.tally);
  const present = new Map(input.hosts.map((host) => [host.id, host]));
  const claims: { id: HostId; index: number; rank: readonly number[] }[] = [];
  const newlyIndexed = new Set(input.decisions.newlyIndexed);
  for (const host of input.hosts) {
    if (!takesPart(host)) continue;
    const stored =
      host.stored !== null && host.stored.fabricId === fabric.id && host.stored.hostId === host.id
        ? host.stored.index
        : null;
    const configured = input.settings.get(host.id)?.index ?? null;
    const decided = input.decisions.indexes.get(host.id) ?? null;
    const mention = mentions.get(host.id);
    const index = configured ?? decided ?? stored ?? mention?.index ?? null;
    if (index === null || index < 1 || index > maxIndex) continue;
    const before = input.holding && newlyIndexed.has(host.id) ? 0 : 1;
    const named = mention?.index === index ? mention.voices : 0;
    const older = newlyIndexed.has(host.id) ? 0 : 1;
    // A host has a voice on itself: one that is there is not displaced by what one other says of one that is not.
    const own = stored === index ? 1 : 0;
    claims.push({ id: host.id, index, rank: [configured === null ? 0 : 1, before, named + own, older, own] });
  }
  for (const [id, mention] of mentions) {
    if (!present.has(id) && mention.index <= maxIndex)
      claims.push({ id, index: mention.index, rank: [0, 1, mention.voices, 1, 0] });
  }
  for (const id of input.withheld ?? []) {
    const index = input.decisions.indexes.get(id);
    if (index !== undefined && !present.has(id) && !mentions.has(id)) claims.push({ id, index, rank: [0, 1, 1, 1, 0] });
  }
  claims.sort((a, b) => compareRanks(b.rank, a.rank) || (a.id < b.id ? -1 : 1));
  const ownerOf = new Map<number, HostId>();
  const indexOf = new Map<HostId, number>();
  for (const claim of claims) {
    if (ownerOf.has(claim.index)) continue;
    ownerOf.set(claim.index, claim.id);
    indexOf.set(claim.id, claim.index);
  }

  const everyoneRead = [...mentions.keys()].every((id) => present.has(id));
  const areFlowsExplained = (): boolean => [...input.indexesInFlows].every((index) => ownerOf.has(index));
  const oneFabric = input.configuredFabricId !== null || storedFabrics(input.hosts).size <= 1;
  const mayAllocate = !input.holding || (everyoneRead && oneFabric && areFlowsExplained());
  const lacksIndex = (host: HostFact): boolean => takesPart(host) && !indexOf.has(host.id);
  if (mayAllocate && input.hosts.some(lacksIndex)) {
    const free = freeIndexes(maxIndex, ownerOf, input.indexesInFlows, mentions);
    for (const host of input.hosts) {
      if (!lacksIndex(host)) continue;
      const next = free.next();
      if (next.done === true) break;
      const displaced = ownerOf.get(next.value);
      if (displaced !== undefined) indexOf.delete(displaced);
      ownerOf.set(next.value, host.id);
      indexOf.set(host.id, next.value);
      newlyIndexed.add(host.id);
    }
  }
  const identities = keptMap(previous?.identities, withTunnelIps(input, indexOf, mentions, mayAllocate));
  return {
    fabricId: fabric.id,
    identities,
    tally,
    decisions: {
      fabricId: fabric.id,
      fabricIdIsNew: fabric.isNew,
      indexes: new Map([...indexOf].filter(([id]) => present.has(id) || input.decisions.indexes.has(id))),
      newlyIndexed,
      tunnelIps: new Map(
        [...identities.values()].flatMap(({ id, tunnelIp }) => (tunnelIp === null ? [] : [[id, tunnelIp]])),
      ),
      confirmedIps: input.decisions.confirmedIps,
    },
  };
}

/**
 * Those that nobody has. When they have run out, those that flows alone name; then those of hosts that were not read and
 * that only one host names, which names very many such: what one host says must not close the fabric to all others.
 */
function* freeIndexes(
  maxIndex: number,
  ownerOf: ReadonlyMap<number, HostId>,
  inFlows: ReadonlySet<number>,
  mentions: ReadonlyMap<HostId, Mention>,
): Generator<number> {
  for (let index = 1; index <= maxIndex; index++) if (!ownerOf.has(index) && !inFlows.has(index)) yield index;
  for (let index = 1; index <= maxIndex; index++) if (!ownerOf.has(index)) yield index;
  for (let index = maxIndex; index >= 1; index--) {
    const lone = mentions.get(ownerOf.get(index) ?? "")?.lone ?? null;
    if (lone !== null && lone.names > MANY_NAMES) yield index;
  }
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The address that is pinned for a host; null where it may say its own. What peers' rows have outlives the controller;
 * what it has seen itself counts after a start's hold alone, in which peers may still come.
 */
function pinnedIp(input: IdentityInput, id: HostId, own: string | null, mention: Mention | undefined): string | null {
  if (input.pinTunnelIps !== true) return null;
  const confirmed = input.decisions.confirmedIps.get(id);
  if (confirmed !== undefined) return confirmed;
  if (mention !== undefined) return knownIp(mention, own);
  return input.holding ? null : (input.decisions.tunnelIps.get(id) ?? null);
}

/**
 * Two hosts with one tunnel IP: one that is there before one that is away, where addresses are not pinned; then the one
 * that had it before, in this run or by its peers' rows; of two such the one for which more speak, itself among them;
 * then the one with the lower index. The other is told.
 */
function withTunnelIps(
  input: IdentityInput,
  indexOf: ReadonlyMap<HostId, number>,
  mentions: ReadonlyMap<HostId, Mention>,
  mayAllocate: boolean,
): ReadonlyMap<HostId, Identity> {
  const holder = new Map<string, HostId>();
  const identities: Identity[] = [];
  const present = new Map(input.hosts.map((host) => [host.id, host]));
  const withheld = new Set([...(input.withheld ?? [])].filter((id) => !present.has(id)));
  const ids = new Set([...present.keys(), ...mentions.keys(), ...withheld]);
  const members = input.hosts.filter(takesPart).length;
  const place = (id: HostId): number => indexOf.get(id) ?? MAX_INDEX + 1;
  const isAway = (id: HostId): boolean => !present.has(id) || input.away?.has(id) === true;
  const namesAlone = new Map(
    [...mentions.values()].flatMap(({ lone }) => (lone === null ? [] : [[lone.by, lone.names]])),
  );
  const claims = [...ids].map((id) => {
    const mention = mentions.get(id);
    const said = present.get(id)?.tunnelIp ?? null;
    const pinned = pinnedIp(input, id, said, mention);
    const decided = withheld.has(id) ? (input.decisions.tunnelIps.get(id) ?? null) : null;
    const known = mention === undefined ? decided : knownIp(mention, said);
    // A host that does not say its address (any more) keeps the one its peers use: a slip of configuration cuts nothing.
    const ip = pinned ?? said ?? known;
    const had = ip !== null && (ip === known || ip === input.decisions.tunnelIps.get(id));
    const gone = input.pinTunnelIps !== true && isAway(id);
    const own = present.has(id) ? 1 : 0;
    const voices = (mention?.ips.get(ip ?? "") ?? 0) + own;
    return { id, said, pinned, ip, rank: [gone ? 1 : 0, had ? 0 : 1, -voices, 1 - own, place(id)] };
  });
  claims.sort((a, b) => compareRanks(a.rank, b.rank) || (a.id < b.id ? -1 : 1));
  for (const { id, said, pinned, ip } of claims) {
    const host = present.get(id);
    const index = indexOf.get(id) ?? null;
    const problems: Diagnostic[] = [];
    let tunnelIp = ip;
    if (pinned !== null && said !== null && said !== pinned) problems.push(pinnedProblem(id, said, pinned));
    const other = tunnelIp === null ? undefined : holder.get(tunnelIp);
    if (tunnelIp !== null && other !== undefined) {
      problems.push(
        diagnostic(
          "host/tunnel-ip-taken",
          `host ${id} and host ${other} both have the tunnel IP ${tunnelIp}; ${other} keeps it`,
          `on ${shellWord(id)}: ovs-vsctl set open_vswitch . external_ids:weft-tunnel-ip=ADDRESS`,
        ),
      );
      tunnelIp = null;
    } else if (tunnelIp !== null && index !== null) {
      holder.set(tunnelIp, id);
    }
    if (index === null && host !== undefined && takesPart(host)) {
      problems.push(
        mayAllocate
          ? diagnostic(
              "host/no-index",
              `no index is free (1..${input.maxIndex ?? MAX_LABEL})`,
              "weft hosts forget ID of hosts that are gone; beyond that tunnel.flowBased: always, without hubs",
            )
          : diagnostic(
              "host/holding",
              "the controller has just started and waits for the hosts that it knows of before it gives out an index",
              "none: this ends by itself",
            ),
      );
    }
    const name = input.settings.get(id)?.name ?? host?.name ?? id;
    const alone = namesAlone.get(id) ?? 0;
    if (!input.holding && alone > MANY_NAMES) problems.push(namesProblem(id, alone));
    const { voices = 0, lone = null } = mentions.get(id) ?? {};
    const vouched = host !== undefined || voices > 1 || 2 * voices >= members || lone?.names === 1;
    identities.push(Object.freeze({ id, name, index, tunnelIp, vouched, problems }));
  }
  identities.sort((a, b) => place(a.id) - place(b.id) || (a.id < b.id ? -1 : 1));
  return new Map(identities.map((identity) => [identity.id, identity]));
}

function namesProblem(id: HostId, names: number): Diagnostic {
  return diagnostic(
    "host/names-unknown",
    `the tunnels of host ${id} name ${names} hosts that nobody else names and that have not come: their indexes are kept as long as there are others`,
    "weft hosts forget ID of those that are gone; if the host makes them up, take it out of the fabric",
  );
}

function pinnedProblem(id: HostId, said: string, pinned: string): Diagnostic {
  return diagnostic(
    "host/tunnel-ip-pinned",
    `host ${id} says that its tunnel IP is ${said}; its peers know it by ${pinned}, and keep that`,
    `weft hosts approve ${shellWord(id)}, if it has moved`,
  );
}
