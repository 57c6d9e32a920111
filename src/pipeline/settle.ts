// What becomes of a fabric when all that is desired is done, and what follows from that as well: round by round, until nothing
// changes any more. A change of tunnels takes several, since the old ones go only when nothing uses them.
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostFact, HostId, RememberedFact, SwitchFact, TunnelRowFact } from "../model/facts.ts";
import { kept, keptMap } from "../model/kept.ts";
import type { DesiredSwitch } from "./desired.ts";
import { flowDifferences } from "./layered-flows.ts";
import { readBackOwn, sharedMemories } from "./memories.ts";
import type { DesiredRows } from "./rows.ts";

/** The facts that what is written changes. */
export interface Situation {
  readonly hosts: ReadonlyMap<HostId, HostFact>;
  readonly switches: ReadonlyMap<HostId, SwitchFact>;
  readonly remembered: readonly RememberedFact[];
}

/** What hosts and switches should hold in a situation. */
export interface Wanted {
  readonly fabric: Fabric;
  readonly rows: ReadonlyMap<HostId, DesiredRows>;
  readonly switches: ReadonlyMap<HostId, DesiredSwitch>;
}

/** Making, moving over and taking away are three; a change of identity one more. */
const MAX_ROUNDS = 8;

/** @param previous what was wanted in the round before. */
export type Draw = (situation: Situation, previous: Wanted | undefined) => Promise<Wanted>;

/**
 * @param draw what is wanted in a situation, by the functions that reconciliation uses; it may take its time.
 * @param rest awaited between one host and the next.
 */
export async function settle(start: Situation, draw: Draw, rest: () => Promise<void>): Promise<Wanted> {
  let situation = start;
  let wanted = await draw(situation, undefined);
  for (let round = 1; round < MAX_ROUNDS; round++) {
    situation = await done(situation, wanted, rest);
    const next = await draw(situation, wanted);
    const isSame = (await sameRows(next.rows, wanted.rows, rest)) && (await sameSwitches(next, wanted, rest));
    wanted = next;
    if (isSame) break;
  }
  return wanted;
}

/** The situation once hosts and switches hold what is wanted. Facts that are as before stay the same objects. */
async function done(
  { hosts, switches, remembered }: Situation,
  wanted: Wanted,
  rest: () => Promise<void>,
): Promise<Situation> {
  const nextHosts = new Map(hosts);
  for (const [id, rows] of wanted.rows) {
    await rest();
    const fact = hosts.get(id);
    const host = wanted.fabric.hosts.get(id);
    if (fact === undefined || host === undefined) continue;
    const tunnels = kept(fact.tunnels, tunnelFacts(host, rows));
    if (tunnels !== fact.tunnels) nextHosts.set(id, { ...fact, tunnels });
  }
  const nextSwitches = new Map(switches);
  const recalled = new Set<readonly RememberedFact[]>();
  for (const [id, held] of wanted.switches) {
    await rest();
    const fact = switches.get(id);
    if (fact === undefined) continue;
    const read = readBackOwn(held.flows, held.groups);
    nextSwitches.set(id, kept(fact, afterwards(fact, read)));
    for (const list of [read.remembered, ...sharedMemories(held.flows)]) recalled.add(list);
  }
  // Where every host was read itself, nothing that others say of it counts.
  const isRead = [...wanted.fabric.hosts.values()].every((host) => host.fact !== null && host.switch !== null);
  const facts = isRead && remembered.length === 0 ? [] : [...recalled].flat();
  return { hosts: nextHosts, switches: nextSwitches, remembered: facts.length > 0 ? facts : remembered };
}

function afterwards(fact: SwitchFact, read: ReturnType<typeof readBackOwn>): SwitchFact {
  return {
    ...fact,
    ownIndex: read.ownIndex,
    receivesOn: kept(fact.receivesOn, read.receivesOn),
    sendsBy: keptMap(fact.sendsBy, read.sendsBy),
    relaysBy: keptMap(fact.relaysBy, read.relaysBy),
    relaysTo: keptMap(fact.relaysTo, read.relaysTo),
  };
}

const heldKey = (type: string, isShared: boolean, peerIndex: number): string => `${type} ${isShared} ${peerIndex}`;

function tunnelFacts(host: FabricHost, rows: DesiredRows): readonly TunnelRowFact[] {
  const held = new Map<string, TunnelRowFact>();
  for (const one of host.fact?.tunnels ?? []) {
    const key = heldKey(one.type, one.shared === true, one.peerIndex);
    if (!held.has(key)) held.set(key, one);
  }
  return rows.tunnels.flatMap((tunnel) =>
    tunnel.peers.map((peer): TunnelRowFact => {
      const before = held.get(heldKey(tunnel.type, tunnel.shared, peer.peerIndex));
      return {
        name: before?.name ?? tunnel.name,
        type: tunnel.type,
        ...(tunnel.shared ? { shared: true } : {}),
        ofport: before?.ofport ?? tunnel.ofportRequest,
        remoteIp: peer.remoteIp,
        peerId: peer.peerId,
        peerIndex: peer.peerIndex,
        fabricId: rows.bridge.fabricId,
        linkUp: before?.linkUp ?? true,
        // One that is made is taken to work.
        bfd: tunnel.bfd.size === 0 ? { kind: "off" } : (before?.bfd ?? { kind: "up" }),
        error: null,
      };
    }),
  );
}

async function sameRows(a: Wanted["rows"], b: Wanted["rows"], rest: () => Promise<void>): Promise<boolean> {
  const text = (rows: DesiredRows): string =>
    JSON.stringify(rows.tunnels.map(({ name, options, bfd }) => [name, [...options], [...bfd]]));
  if (a.size !== b.size) return false;
  for (const [id, rows] of a) {
    const others = b.get(id) ?? rows;
    if (rows.tunnels === others.tunnels) continue;
    await rest();
    if (text(rows) !== text(others)) return false;
  }
  return true;
}

async function sameSwitches({ switches: a }: Wanted, { switches: b }: Wanted, rest: () => Promise<void>) {
  for (const [id, one] of a) {
    const other = b.get(id);
    if (other === one) continue;
    await rest();
    if (other === undefined || !sameForms(one.groups, other.groups)) return false;
    if (flowDifferences(one.flows, other.flows).next().done !== true) return false;
  }
  return true;
}

function sameForms<K>(a: ReadonlyMap<K, { readonly form: string }>, b: ReadonlyMap<K, { readonly form: string }>) {
  return a === b || (a.size === b.size && [...a].every(([key, { form }]) => b.get(key)?.form === form));
}
