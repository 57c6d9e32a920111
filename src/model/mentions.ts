// What hosts' tunnel rows say of other hosts, and how much of it counts: the word of one host is not that of many.
import type { HostFact, HostId, TunnelRowFact } from "./facts.ts";
import { isSame } from "./kept.ts";
import { tunnelsByPeer } from "./tunnels-by-peer.ts";

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

/** What is said about one host, each host that says something counted once. */
interface Gathered {
  /** How many say which index, and which address; in the order in which they were read. */
  readonly indexes: ReadonlyMap<number, number>;
  readonly ips: ReadonlyMap<string, number>;
  readonly voices: number;
  /** The one that says it, where nobody else does. */
  readonly only: HostId | null;
}

/** All that is said, with what it was gathered from: the next time only what has changed is gathered anew. */
export interface MentionTally {
  readonly fabricId: string | null;
  readonly forgotten: ReadonlySet<HostId>;
  readonly tunnels: ReadonlyMap<HostId, readonly TunnelRowFact[]>;
  readonly gathered: ReadonlyMap<HostId, Gathered>;
}

type RowsByPeer = ReturnType<typeof tunnelsByPeer>;
type Rows = readonly TunnelRowFact[];

function addTo<K>(votes: Map<K, number>, keys: Iterable<K>): void {
  for (const key of keys) votes.set(key, (votes.get(key) ?? 0) + 1);
}

/** Only rows of the fabric count: those of a host that came from another one say nothing here. */
function saidBy(by: RowsByPeer, peerId: HostId, fabricId: string | null): Rows {
  const rows = by.get(peerId) ?? [];
  return rows.every((row) => row.fabricId === fabricId) ? rows : rows.filter((row) => row.fabricId === fabricId);
}

function saysTheSame(a: Rows, b: Rows): boolean {
  const isSo = (one: TunnelRowFact, other: TunnelRowFact | undefined): boolean =>
    one === other || (one.peerIndex === other?.peerIndex && one.remoteIp === other.remoteIp);
  return a.length === b.length && a.every((one, at) => isSo(one, b[at]));
}

/** From all hosts, in their order. */
function gatherAbout(peerId: HostId, hosts: readonly HostFact[], fabricId: string | null): Gathered | null {
  const [indexes, ips] = [new Map<number, number>(), new Map<string, number>()];
  let voices = 0;
  let only: HostId | null = null;
  for (const host of hosts) {
    const rows = host.id === peerId ? [] : saidBy(tunnelsByPeer(host.tunnels), peerId, fabricId);
    if (rows.length === 0) continue;
    addTo(indexes, new Set(rows.map((row) => row.peerIndex)));
    addTo(ips, new Set(rows.map((row) => row.remoteIp)));
    voices += 1;
    only = voices === 1 ? host.id : null;
  }
  return voices === 0 ? null : { indexes, ips, voices, only };
}

/** One more says what all say; null where that can't be told so simply. */
function withVoice(all: Gathered | undefined, rows: Rows, by: HostId): Gathered | null {
  const [row] = rows;
  if (row === undefined || rows.some((one) => one.peerIndex !== row.peerIndex || one.remoteIp !== row.remoteIp)) {
    return null;
  }
  if (all === undefined) {
    return { indexes: new Map([[row.peerIndex, 1]]), ips: new Map([[row.remoteIp, 1]]), voices: 1, only: by };
  }
  if (all.indexes.size > 1 || all.ips.size > 1 || !all.indexes.has(row.peerIndex) || !all.ips.has(row.remoteIp)) {
    return null;
  }
  const voices = all.voices + 1;
  return { indexes: new Map([[row.peerIndex, voices]]), ips: new Map([[row.remoteIp, voices]]), voices, only: null };
}

function tally({ hosts, fabricId, forgotten }: MentionInput, previous: MentionTally | undefined): MentionTally {
  const isOther = previous?.fabricId !== fabricId || !isSame(previous?.forgotten, forgotten);
  const before = isOther ? new Map<HostId, Rows>() : (previous?.tunnels ?? new Map<HostId, Rows>());
  const tunnels = new Map(hosts.map((host) => [host.id, host.tunnels]));
  const gone = [...before].filter(([id]) => !tunnels.has(id));
  const changed = hosts.filter((host) => before.get(host.id) !== host.tunnels);
  if (previous !== undefined && !isOther && gone.length === 0 && changed.length === 0) return previous;
  const gathered = new Map(isOther ? [] : previous?.gathered);
  const unclear = new Set<HostId>();
  for (const [id, rows] of gone)
    for (const peerId of tunnelsByPeer(rows).keys()) if (peerId !== id) unclear.add(peerId);
  for (const host of changed) {
    const [had, has] = [tunnelsByPeer(before.get(host.id) ?? []), tunnelsByPeer(host.tunnels)];
    for (const peerId of had.keys()) if (!has.has(peerId)) unclear.add(peerId);
    for (const peerId of has.keys()) {
      if (forgotten.has(peerId) || peerId === host.id || unclear.has(peerId)) continue;
      const [then, now] = [saidBy(had, peerId, fabricId), saidBy(has, peerId, fabricId)];
      if (saysTheSame(then, now)) continue;
      const more = then.length === 0 ? withVoice(gathered.get(peerId), now, host.id) : null;
      if (more === null) unclear.add(peerId);
      else gathered.set(peerId, more);
    }
  }
  for (const peerId of unclear) {
    const all = forgotten.has(peerId) ? null : gatherAbout(peerId, hosts, fabricId);
    if (all === null) gathered.delete(peerId);
    else gathered.set(peerId, all);
  }
  return { fabricId, forgotten: new Set(forgotten), tunnels, gathered };
}

function mostVoted(votes: ReadonlyMap<number, number>): { index: number; voices: number } {
  let best = { index: 0, voices: 0 };
  for (const [index, voices] of votes) if (voices > best.voices) best = { index, voices };
  return best;
}

const mentionOf = new WeakMap<Gathered, Mention>();

function mention(one: Gathered, lone: Mention["lone"]): Mention {
  const known = mentionOf.get(one);
  if (known !== undefined && isSame(known.lone, lone)) return known;
  const made: Mention = { ...mostVoted(one.indexes), ips: one.ips, lone };
  mentionOf.set(one, made);
  return made;
}

/**
 * A host has one voice on another, however many rows it has. What one says alone is a fact like any other (with one hub
 * nobody else could say it); but where there is no room for all, what many say comes first, then the word of those who
 * name few.
 * @param previous what was gathered the last time
 */
export function collectMentions(
  input: MentionInput,
  previous?: MentionTally,
): { readonly mentions: ReadonlyMap<HostId, Mention>; readonly tally: MentionTally } {
  const present = new Set(input.hosts.map((host) => host.id));
  const all = tally(input, previous);
  const names = new Map<HostId, number>();
  for (const [id, { only }] of all.gathered) {
    if (only !== null && !present.has(id)) names.set(only, (names.get(only) ?? 0) + 1);
  }
  const mentions = new Map<HostId, Mention>();
  const absent: [HostId, Mention][] = [];
  for (const [id, one] of all.gathered) {
    if (present.has(id)) mentions.set(id, mention(one, null));
    else if (one.only === null) absent.push([id, mention(one, null)]);
    else absent.push([id, mention(one, { by: one.only, names: names.get(one.only) ?? 0 })]);
  }
  const load = ({ lone }: Mention): number => lone?.names ?? 0;
  absent.sort(([x, a], [y, b]) => b.voices - a.voices || load(a) - load(b) || (x < y ? -1 : 1));
  for (const [id, one] of absent.slice(0, input.most)) mentions.set(id, one);
  return { mentions, tally: all };
}

/** The address that most peers have; among equals the one it says itself, else the one that was read first. */
export function knownIp({ ips }: Mention, own: string | null): string | null {
  const most = Math.max(...ips.values());
  if (own !== null && ips.get(own) === most) return own;
  for (const [ip, count] of ips) if (count === most) return ip;
  return null;
}
