// What becomes of a fabric when all that is desired is done, and what follows from that as well: round by round, until nothing
// changes any more. A change of tunnels takes several, since the old ones go only when nothing uses them.
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostFact, HostId, RememberedFact, SwitchFact, TunnelRowFact } from "../model/facts.ts";
import type { DesiredSwitch } from "./desired.ts";
import { readBack } from "./readback.ts";
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

/** @param draw what is wanted in a situation, by the functions that reconciliation uses; it may take its time. */
export async function settle(start: Situation, draw: (situation: Situation) => Promise<Wanted>): Promise<Wanted> {
  let situation = start;
  let wanted = await draw(situation);
  for (let round = 1; round < MAX_ROUNDS; round++) {
    situation = done(situation, wanted);
    const next = await draw(situation);
    const isSame = sameRows(next.rows, wanted.rows) && sameSwitches(next.switches, wanted.switches);
    wanted = next;
    if (isSame) break;
  }
  return wanted;
}

/** The situation once hosts and switches hold what is wanted. */
function done({ hosts, switches, remembered }: Situation, wanted: Wanted): Situation {
  const nextHosts = new Map(hosts);
  for (const [id, rows] of wanted.rows) {
    const fact = hosts.get(id);
    const host = wanted.fabric.hosts.get(id);
    if (fact !== undefined && host !== undefined) nextHosts.set(id, { ...fact, tunnels: tunnelFacts(host, rows) });
  }
  const nextSwitches = new Map(switches);
  const recalled: RememberedFact[] = [];
  for (const [id, held] of wanted.switches) {
    const fact = switches.get(id);
    if (fact === undefined) continue;
    const { ownIndex, receivesOn, sendsBy, relaysBy, relaysTo, ...more } = readBack(
      held.flows.values(),
      held.groups.values(),
    );
    nextSwitches.set(id, { ...fact, ownIndex, receivesOn, sendsBy, relaysBy, relaysTo });
    recalled.push(...more.remembered);
  }
  return { hosts: nextHosts, switches: nextSwitches, remembered: recalled.length > 0 ? recalled : remembered };
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

function sameRows(a: Wanted["rows"], b: Wanted["rows"]): boolean {
  const text = (rows: DesiredRows): string =>
    JSON.stringify(rows.tunnels.map(({ name, options, bfd }) => [name, [...options], [...bfd]]));
  return a.size === b.size && [...a].every(([id, rows]) => text(rows) === text(b.get(id) ?? rows));
}

function sameSwitches(a: Wanted["switches"], b: Wanted["switches"]): boolean {
  return [...a].every(([id, one]) => {
    const other = b.get(id);
    return other !== undefined && sameForms(one.flows, other.flows) && sameForms(one.groups, other.groups);
  });
}

function sameForms<K>(a: ReadonlyMap<K, { readonly form: string }>, b: ReadonlyMap<K, { readonly form: string }>) {
  return a.size === b.size && [...a].every(([key, { form }]) => b.get(key)?.form === form);
}
