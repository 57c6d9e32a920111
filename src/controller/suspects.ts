// Whose facts the fabric is drawn from: each host with its switch, and each switch that is not known to be a host's.
import type { HostId } from "../model/facts.ts";
import type { HostEntry } from "./hosts.ts";
import type { Suspect } from "./quarantine.ts";
import type { Dpid, SwitchEntry } from "./switch-entry.ts";

export const hostKey = (id: HostId): string => `host ${id}`;
export const switchKey = (dpid: Dpid): string => `switch ${dpid}`;

/** What of a switch the fabric is drawn from. */
function switchFacts(entry: SwitchEntry | undefined): readonly unknown[] {
  return entry === undefined ? [] : [entry.readback, entry.whereabouts.observedAt(entry.dpid)];
}

/** Its ports are known by what it says of them itself. */
function loneSuspect(dpid: Dpid, entry: SwitchEntry | undefined): Suspect {
  const ports = entry?.session?.ports.values() ?? [];
  return { key: switchKey(dpid), name: `switch ${dpid}`, facts: [...switchFacts(entry), ...ports] };
}

export interface Suspects {
  /** Hosts in the order in which they came, then switches. */
  readonly all: readonly Suspect[];
  /** Under whose key a switch is. */
  readonly keyOf: (dpid: Dpid) => string;
  /** Whose a switch is, itself where it is nobody's. */
  readonly of: (dpid: Dpid) => Suspect;
}

/** @param owners which host a switch was the bridge of when that was last concluded */
export function suspectsAmong(
  hosts: Iterable<HostEntry>,
  switches: ReadonlyMap<Dpid, SwitchEntry>,
  owners: ReadonlyMap<Dpid, HostId>,
): Suspects {
  const dpidOf = new Map([...owners].map(([dpid, id]) => [id, dpid]));
  const keys = new Map<Dpid, string>();
  const all: Suspect[] = [];
  for (const { id, fact } of hosts) {
    const dpid = fact.dpid ?? dpidOf.get(id) ?? "";
    // Of several that say it is theirs it is the one's whose it was.
    if (!keys.has(dpid) || owners.get(dpid) === id) keys.set(dpid, hostKey(id));
    all.push({ key: hostKey(id), name: `host ${id}`, facts: [fact, ...switchFacts(switches.get(dpid))] });
  }
  for (const entry of switches.values()) {
    if (keys.has(entry.dpid)) continue;
    all.push(loneSuspect(entry.dpid, entry));
  }
  const byKey = new Map(all.map((one) => [one.key, one]));
  const keyOf = (dpid: Dpid): string => keys.get(dpid) ?? switchKey(dpid);
  const of = (dpid: Dpid): Suspect => byKey.get(keyOf(dpid)) ?? loneSuspect(dpid, switches.get(dpid));
  return { all, keyOf, of };
}

/** Equal where the same ones are left out. */
export function leftOut(all: readonly Suspect[], isLeftOut: (key: string) => boolean): string {
  return all.flatMap(({ key }) => (isLeftOut(key) ? [JSON.stringify(key)] : [])).join();
}
