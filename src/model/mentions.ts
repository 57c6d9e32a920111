// What hosts' tunnel rows say of other hosts, and how much of it counts: the word of one host is not that of many.
import type { HostFact, HostId } from "./facts.ts";

/** Names that one host alone gives beyond so many are told, and give way where indexes have run out. */
export const MANY_NAMES = 256;

/** What peers' tunnel rows say about a host. */
export interface Mention {
  /** The one that most peers have; among equals the one that was read first. */
  readonly index: number;
  /** How many hosts say this index. */
  readonly voices: number;
  /** How many of them have which address. One host's word must not move another one. */
  readonly ips: ReadonlyMap<string, number>;
  /** Of a host that was not read and that one host alone names: that one, and how many such it names. */
  readonly lone: { readonly by: HostId; readonly names: number } | null;
}

export interface MentionInput {
  /** Hosts that were read, in the order in which they came. */
  readonly hosts: readonly HostFact[];
  readonly fabricId: string | null;
  readonly forgotten: ReadonlySet<HostId>;
  /** More hosts that were not read than this are not believed in. */
  readonly most: number;
}

interface Gathered {
  readonly indexes: Map<number, Set<HostId>>;
  readonly ips: Map<string, Set<HostId>>;
  readonly by: Set<HostId>;
}

function vote<K>(votes: Map<K, Set<HostId>>, key: K, by: HostId): void {
  const voters = votes.get(key);
  if (voters === undefined) votes.set(key, new Set([by]));
  else voters.add(by);
}

function gather({ hosts, fabricId, forgotten }: MentionInput): ReadonlyMap<HostId, Gathered> {
  const found = new Map<HostId, Gathered>();
  for (const host of hosts) {
    for (const tunnel of host.tunnels) {
      // Only rows of the fabric count: those of a host that came from another one say nothing here.
      if (tunnel.fabricId !== fabricId || forgotten.has(tunnel.peerId) || tunnel.peerId === host.id) continue;
      const known = found.get(tunnel.peerId) ?? { indexes: new Map(), ips: new Map(), by: new Set() };
      found.set(tunnel.peerId, known);
      vote(known.indexes, tunnel.peerIndex, host.id);
      vote(known.ips, tunnel.remoteIp, host.id);
      known.by.add(host.id);
    }
  }
  return found;
}

function mostVoted(votes: ReadonlyMap<number, ReadonlySet<HostId>>): { index: number; voices: number } {
  let best = { index: 0, voices: 0 };
  for (const [index, voters] of votes) if (voters.size > best.voices) best = { index, voices: voters.size };
  return best;
}

/**
 * A host has one voice on another, however many rows it has. What one says alone is a fact like any other (with one hub
 * nobody else could say it); but where there is no room for all, what many say comes first, then the word of those who
 * name few.
 */
export function collectMentions(input: MentionInput): ReadonlyMap<HostId, Mention> {
  const present = new Set(input.hosts.map((host) => host.id));
  const gathered = gather(input);
  const names = new Map<HostId, number>();
  const loneVoice = (id: HostId, { by }: Gathered): HostId | null =>
    present.has(id) || by.size > 1 ? null : ([...by][0] ?? null);
  for (const [id, one] of gathered) {
    const by = loneVoice(id, one);
    if (by !== null) names.set(by, (names.get(by) ?? 0) + 1);
  }
  const mentions = new Map<HostId, Mention>();
  const absent: [HostId, Mention][] = [];
  for (const [id, one] of gathered) {
    const by = loneVoice(id, one);
    const mention: Mention = {
      ...mostVoted(one.indexes),
      ips: new Map([...one.ips].map(([ip, voters]) => [ip, voters.size])),
      lone: by === null ? null : { by, names: names.get(by) ?? 0 },
    };
    if (present.has(id)) mentions.set(id, mention);
    else absent.push([id, mention]);
  }
  const load = ({ lone }: Mention): number => lone?.names ?? 0;
  absent.sort(([, a], [, b]) => b.voices - a.voices || load(a) - load(b));
  for (const [id, mention] of absent.slice(0, input.most)) mentions.set(id, mention);
  return mentions;
}

/** The address that most peers have; among equals the one it says itself, else the one that was read first. */
export function knownIp({ ips }: Mention, own: string | null): string | null {
  const most = Math.max(...ips.values());
  if (own !== null && ips.get(own) === most) return own;
  for (const [ip, count] of ips) if (count === most) return ip;
  return null;
}
