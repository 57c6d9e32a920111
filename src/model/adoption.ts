// Adoption: in which order hosts with hand-made tunnels go over to Weft's, so that frames between them are not lost.
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { AdoptionStage, ForeignTunnelFact, HostId } from "./facts.ts";
import { peerAt } from "./foreign.ts";
import { takesPart } from "./identity.ts";
import { shellWord } from "./shell-word.ts";
import { areLinked } from "./topology.ts";
import { type End, kindOf, receives, standingRows, type WaySettings } from "./ways.ts";

/** What is next for a host that is being adopted. */
export interface Adoption {
  /** The stage it is to be in now: the one it is in, or the one after. */
  readonly stage: AdoptionStage;
  /**
   * Whether the switch is to hold Weft's whole pipeline. What is to be taken may not be taken yet when the controller
   * restarts; then it waits until the others are read again, since whom to flood to is not known before.
   */
  readonly forwards: boolean;
  /** Hand-made tunnels whose frames are still taken in, for local ports alone. */
  readonly hears: readonly ForeignTunnelFact[];
  /** Names of hand-made tunnels that nobody needs any more. */
  readonly drops: readonly string[];
  readonly problems: readonly Diagnostic[];
}

type Mesh = ReadonlyMap<HostId, readonly { readonly peer: End; readonly tunnel: ForeignTunnelFact }[]>;

function meshOf(ends: readonly End[]): Mesh {
  const byIp = new Map(ends.flatMap((end) => (end.tunnelIp === null ? [] : [[end.tunnelIp, end] as const])));
  const linksOf = (end: End) =>
    (end.fact?.foreignTunnels ?? []).flatMap((tunnel) => {
      const peer = byIp.get(tunnel.remoteIp);
      return peer === undefined || peer.id === end.id ? [] : [{ peer, tunnel }];
    });
  return new Map(ends.map((end) => [end.id, linksOf(end)]));
}

/** All that a host's hand-made tunnels lead to, over however many of them, itself included. */
function matesOf(host: End, mesh: Mesh, ends: ReadonlyMap<HostId, End>): readonly End[] {
  const neighbours = new Map<HostId, Set<HostId>>();
  const link = (a: HostId, b: HostId) => neighbours.set(a, (neighbours.get(a) ?? new Set()).add(b));
  for (const [id, links] of mesh) {
    for (const { peer } of links) {
      link(id, peer.id);
      link(peer.id, id);
    }
  }
  const found = new Set([host.id]);
  for (const id of found) for (const next of neighbours.get(id) ?? []) found.add(next);
  return [...found].sort().flatMap((id) => ends.get(id) ?? []);
}

/** Whether its switch is known to send to the peer by Weft's tunnels: only one that has been taken does. */
function sends(host: End, peer: End): boolean {
  const index = peer.index ?? 0;
  const { sendsBy, relaysBy } = host.switch ?? {};
  return sendsBy?.has(index) === true || (relaysBy?.get(index)?.length ?? 0) > 0;
}

function isRead(end: End): boolean {
  return end.fact !== null && end.switch !== null && takesPart(end.fact) && end.index !== null;
}

/** Whether frames of `from` would arrive by Weft's own tunnel, as far as both ends and BFD can tell. */
function carries(settings: WaySettings, from: End, to: End): boolean {
  if (!areLinked(settings.topology, from, to)) return true;
  return standingRows(settings, from, to).some(
    (row) => (row.bfd.kind === "up" || row.bfd.kind === "off") && receives(settings, to, from, kindOf(row)),
  );
}

/** Of each host that has some the first pair between which a tunnel is wanted that does not carry. */
function gapsAmong(settings: WaySettings, mates: readonly End[]): readonly (readonly [End, End])[] {
  return mates.flatMap((from): (readonly [End, End])[] => {
    const to = mates.find((other) => other !== from && !carries(settings, from, other));
    return to === undefined ? [] : [[from, to]];
  });
}

/** Why the host can not be taken yet, for a person; empty when all is prepared. */
function missing({ mates, gaps }: Company, host: End, all: readonly End[]): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  const waits = (why: string, remedy: string): void => {
    problems.push(diagnostic("adopt/waiting", `host ${host.id} goes on as before: ${why}`, remedy));
  };
  const remedyNow = `weft adopt --now ${shellWord(host.id)}, if what it has with others may be lost meanwhile`;
  for (const tunnel of host.fact?.foreignTunnels ?? []) {
    if (peerAt(tunnel.remoteIp, all) !== undefined) continue;
    waits(
      `its tunnel ${tunnel.name} leads to ${tunnel.remoteIp}, where Weft knows no host`,
      `join that host, and adopt it; on ${shellWord(host.id)}, if it is not needed: ovs-vsctl del-port ${shellWord(tunnel.name)}; or ${remedyNow}`,
    );
  }
  for (const mate of mates) {
    if (mate.fact !== null && !takesPart(mate.fact)) {
      waits(
        `host ${mate.id}, to which it has hand-made tunnels, is not adopted`,
        `weft adopt ${shellWord(mate.id)}; or ${remedyNow}`,
      );
    }
  }
  if (problems.length > 0) return problems;
  for (const mate of mates) {
    if (!isRead(mate))
      waits(`host ${mate.id} is not wholly known yet`, "none: this ends by itself when that host is there");
  }
  if (problems.length > 0) return problems;
  for (const [from, to] of gaps()) {
    waits(
      `the new tunnel from ${from.id} to ${to.id} does not carry yet`,
      `none where it was just made; else see weft tunnels; or ${remedyNow}`,
    );
  }
  return problems;
}

/**
 * Below zero where `a` goes before `b`. Others' frames go through hosts near the root of a spanning tree, or with many
 * tunnels: those are taken last, when nobody sends through them any more. Those between which there is no order go
 * together: where frames of one go through another the gap is short.
 */
function compareTurns(mesh: Mesh): (a: End, b: End) => number {
  const distance = (end: End): number => end.fact?.adoption?.rootDistance ?? 0;
  const links = (end: End): number => mesh.get(end.id)?.length ?? 0;
  return (a, b) => distance(b) - distance(a) || links(a) - links(b);
}

/**
 * First all hosts of a hand-made mesh are prepared: each takes in what comes by Weft's tunnels, and sends as before. Then
 * one after the other, in turns, sends by Weft's tunnels, and still takes in what comes by the old ones. When both ends of an old
 * tunnel have done so it goes. What comes by a hand-made tunnel is never sent into any tunnel: no state has a loop.
 */
export function adoptionsOf(settings: WaySettings, ends: readonly End[]): ReadonlyMap<HostId, Adoption> {
  const adopting = ends.filter((end) => end.fact?.adoption != null && takesPart(end.fact));
  if (adopting.length === 0) return new Map();
  const mesh = meshOf(ends);
  const byId = new Map(ends.map((end) => [end.id, end]));
  const turns = compareTurns(mesh);
  const known = new Map<HostId, Company>();
  for (const host of adopting) {
    if (known.has(host.id)) continue;
    const mates = matesOf(host, mesh, byId);
    let gaps: ReturnType<typeof gapsAmong> | null = null;
    const company = { mates, gaps: () => (gaps ??= gapsAmong(settings, mates)) };
    for (const mate of mates) known.set(mate.id, company);
  }
  return new Map(
    adopting.map((host) => {
      const company = known.get(host.id) ?? { mates: [host], gaps: () => [] };
      return [host.id, adoptionOf(settings, host, mesh, company, turns, ends)];
    }),
  );
}

/** A whole hand-made mesh, and what is worked out once for all of its hosts. */
interface Company {
  readonly mates: readonly End[];
  readonly gaps: () => ReturnType<typeof gapsAmong>;
}

function adoptionOf(
  settings: WaySettings,
  host: End,
  mesh: Mesh,
  company: Company,
  turns: (a: End, b: End) => number,
  ends: readonly End[],
): Adoption {
  const { mates } = company;
  const { stage, now } = host.fact?.adoption ?? { stage: "done", now: false };
  const still = { forwards: stage !== "prepare", hears: [], drops: [], problems: [] };
  if (stage === "done") return { ...still, stage };
  if (stage === "prepare") {
    if (now) return { ...still, stage: isRead(host) ? "take" : stage };
    const problems = missing(company, host, ends);
    const isTaken = (mate: End): boolean => mates.every((other) => other === mate || sends(mate, other));
    const before = mates.filter((mate) => mate.fact?.adoption != null && turns(mate, host) < 0);
    const mayGo = problems.length === 0 && before.every(isTaken);
    return { ...still, stage: mayGo ? "take" : stage, problems };
  }
  const links = mesh.get(host.id) ?? [];
  const isOver = ({ peer }: (typeof links)[number]): boolean =>
    sends(host, peer) && sends(peer, host) && !settings.keepTunnel(host.id, peer.id, "foreign");
  // All at once: names of Weft's own tunnels may be among theirs.
  const ready = links.filter(isOver);
  const over = links.every((one) => ready.includes(one) || (one.peer.fact !== null && one.peer.fact.adoption == null))
    ? ready
    : [];
  const left = links.filter((one) => !over.includes(one));
  const alone = mates.length === 1 || mates.every((mate) => mate === host || sends(host, mate));
  return {
    forwards: now || mates.every(isRead) || mates.some((mate) => sends(host, mate)),
    stage: left.length === 0 && host.switch !== null && alone ? "done" : "take",
    // A host that has not been read since the controller started may send by it still.
    hears: left.filter(({ peer }) => peer.fact === null || peer.fact.adoption != null).map(({ tunnel }) => tunnel),
    drops: over.map(({ tunnel }) => tunnel.name),
    problems: left.flatMap(({ peer, tunnel }) => halfDone(host, peer, tunnel)),
  };
}

function halfDone(host: End, peer: End, tunnel: ForeignTunnelFact): readonly Diagnostic[] {
  if (peer.fact === null || takesPart(peer.fact)) return [];
  return [
    diagnostic(
      "adopt/half",
      `host ${host.id} is taken over, and host ${peer.id}, to which its tunnel ${tunnel.name} leads, is not: they do not hear each other`,
      `weft adopt ${shellWord(peer.id)}; or back: weft release ${shellWord(host.id)}`,
    ),
  ];
}
