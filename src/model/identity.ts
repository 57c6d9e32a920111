// Who is who: each host's index and tunnel IP, and the fabric's id, from what hosts and their peers have stored.
import type { Diagnostic } from "./diagnostic.ts";
import { diagnostic } from "./diagnostic.ts";
import type { HostFact, HostId } from "./facts.ts";

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
  /** Indexes that appear in flows of switches: not to be given to anyone. */
  readonly indexesInFlows: ReadonlySet<number>;
  readonly forgotten: ReadonlySet<HostId>;
  /** Hosts of which nothing is heard: an address that a host has now is not theirs any more. */
  readonly away?: ReadonlySet<HostId>;
  /** The largest index there can be; `MAX_LABEL` unless given. */
  readonly maxIndex?: number;
  /** Whether a host keeps the tunnel IP by which its peers know it, whatever it says. */
  readonly pinTunnelIps?: boolean;
  readonly newFabricId: () => string;
}

export interface IdentityOutcome {
  readonly fabricId: string | null;
  /** Sorted by index, then id. */
  readonly identities: ReadonlyMap<HostId, Identity>;
  readonly decisions: Decisions;
}

/** What peers' tunnel rows say about a host. */
interface Mention {
  readonly index: number;
  count: number;
  /** How many of them have which address. One host's word must not move another one. */
  readonly ips: Map<string, number>;
}

/** The address that most peers have; among equals the one it says itself, else the one that was read first. */
function knownIp({ ips }: Mention, own: string | null): string | null {
  const most = Math.max(...ips.values());
  if (own !== null && ips.get(own) === most) return own;
  for (const [ip, count] of ips) if (count === most) return ip;
  return null;
}

/** Whether Weft may give the host a place in the fabric. */
export function takesPart(host: HostFact): boolean {
  return host.standing.kind !== "refused" && host.standing.kind !== "waiting";
}

function chooseFabricId(input: IdentityInput): { id: string | null; isNew: boolean } {
  const { decisions, hosts } = input;
  if (input.configuredFabricId !== null) return { id: input.configuredFabricId, isNew: false };
  if (decisions.fabricId === null || decisions.fabricIdIsNew) {
    for (const host of hosts) {
      const stored = host.stored;
      const had = stored !== null && stored.hostId === host.id && stored.fabricId !== decisions.fabricId;
      if (!had || !takesPart(host)) continue;
      // Some time after the start, one host's word is not enough: it must have been in a fabric with others.
      const named = host.tunnels.some((tunnel) => tunnel.fabricId === stored.fabricId);
      if (decisions.fabricId === null || input.holding || named) return { id: stored.fabricId, isNew: false };
    }
  }
  if (decisions.fabricId !== null) return { id: decisions.fabricId, isNew: decisions.fabricIdIsNew };
  return hosts.some(takesPart) ? { id: input.newFabricId(), isNew: true } : { id: null, isNew: false };
}

/** Only rows of the fabric count: those of a host that came from another one say nothing here. */
function collectMentions(input: IdentityInput, fabricId: string | null): Map<HostId, Mention> {
  const mentions = new Map<HostId, Mention>();
  for (const host of input.hosts) {
    for (const tunnel of host.tunnels) {
      if (tunnel.fabricId !== fabricId || input.forgotten.has(tunnel.peerId)) continue;
      const known = mentions.get(tunnel.peerId);
      if (known === undefined) {
        mentions.set(tunnel.peerId, { index: tunnel.peerIndex, count: 1, ips: new Map([[tunnel.remoteIp, 1]]) });
        continue;
      }
      if (known.index === tunnel.peerIndex) known.count++;
      known.ips.set(tunnel.remoteIp, (known.ips.get(tunnel.remoteIp) ?? 0) + 1);
    }
  }
  return mentions;
}

/**
 * Decides identities from full state. An index whose stored fabric or host does not match (a clone, another fabric)
 * counts as none. Of two hosts with one index the one keeps it that had it before this run began (while holding), then
 * the one that more peers' rows name, then again the one that had it before, then the one that has it stored; the other
 * gets a new one.
 * Nothing is given out while a host that is known to exist has not been read, for as long as `holding` lasts.
 */
export function resolveIdentities(input: IdentityInput): IdentityOutcome {
  const fabric = chooseFabricId(input);
  const mentions = collectMentions(input, fabric.id);
  const maxIndex = input.maxIndex ?? MAX_LABEL;
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
    const named = mention?.index === index ? mention.count : 0;
    const older = newlyIndexed.has(host.id) ? 0 : 1;
    const rank = [configured === null ? 0 : 1, before, named, older, stored === index ? 1 : 0];
    claims.push({ id: host.id, index, rank });
  }
  for (const [id, mention] of mentions) {
    if (!present.has(id) && mention.index <= maxIndex)
      claims.push({ id, index: mention.index, rank: [0, 1, mention.count, 1, 0] });
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
  const flowsExplained = [...input.indexesInFlows].every((index) => ownerOf.has(index));
  const mayAllocate = !input.holding || (everyoneRead && flowsExplained);
  if (mayAllocate) {
    let next = 1;
    for (const host of input.hosts) {
      if (!takesPart(host) || indexOf.has(host.id)) continue;
      while (ownerOf.has(next) || input.indexesInFlows.has(next)) next++;
      if (next > maxIndex) break;
      ownerOf.set(next, host.id);
      indexOf.set(host.id, next);
      newlyIndexed.add(host.id);
    }
  }
  const identities = withTunnelIps(input, indexOf, mentions, mayAllocate);
  return {
    fabricId: fabric.id,
    identities,
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
 * that had it before, in this run or by its peers' rows, then the one with the lower index. The other is told.
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
  const ids = new Set([...present.keys(), ...mentions.keys()]);
  const place = (id: HostId): number => indexOf.get(id) ?? MAX_INDEX + 1;
  const isAway = (id: HostId): boolean => !present.has(id) || input.away?.has(id) === true;
  const claims = [...ids].map((id) => {
    const mention = mentions.get(id);
    const said = present.get(id)?.tunnelIp ?? null;
    const pinned = pinnedIp(input, id, said, mention);
    const known = mention === undefined ? null : knownIp(mention, said);
    // A host that does not say its address (any more) keeps the one its peers use: a slip of configuration cuts nothing.
    const ip = pinned ?? said ?? known;
    const had = ip !== null && (ip === known || ip === input.decisions.tunnelIps.get(id));
    const gone = input.pinTunnelIps !== true && isAway(id);
    return { id, said, pinned, ip, rank: [gone ? 1 : 0, had ? 0 : 1, place(id)] };
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
          `on ${id}: ovs-vsctl set open_vswitch . external_ids:weft-tunnel-ip=ADDRESS`,
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
    identities.push(Object.freeze({ id, name, index, tunnelIp, problems }));
  }
  identities.sort((a, b) => place(a.id) - place(b.id) || (a.id < b.id ? -1 : 1));
  return new Map(identities.map((identity) => [identity.id, identity]));
}

function pinnedProblem(id: HostId, said: string, pinned: string): Diagnostic {
  return diagnostic(
    "host/tunnel-ip-pinned",
    `host ${id} says that its tunnel IP is ${said}; its peers know it by ${pinned}, and keep that`,
    `weft hosts approve ${id}, if it has moved`,
  );
}
