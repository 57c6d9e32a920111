// Hosts whose bridges have one datapath id: which of them a switch of that id is, and what both are told.
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { HostFact, HostId } from "../model/facts.ts";
import { type Identity, takesPart } from "../model/identity.ts";
import { shellWord } from "../model/shell-word.ts";

/** What a switch shows of whose it is. */
export interface Shown {
  /** The index that its own flows name. */
  readonly ownIndex: number | null;
  /** Whether its connection comes from where the host is. */
  readonly comesFrom: (id: HostId) => boolean;
  /** The host from whose place it was last seen to come. */
  readonly provenFor: HostId | null;
}

/**
 * The host that a switch is the bridge of, among those that say so. Rows alone make nobody the owner: those count from
 * whose place the switch comes, where there are any, and the one of them that its own flows name; else the one it was
 * before; else the first to come. One whose switch was seen to come from there keeps it while others' connections are used.
 */
export function ownerOfBridge(
  claimants: readonly HostFact[],
  identities: ReadonlyMap<HostId, Identity>,
  { ownIndex, comesFrom, provenFor }: Shown,
  before: HostId | null,
): HostId | null {
  if (claimants.length <= 1) return claimants[0]?.id ?? null;
  const had = claimants.find(({ id }) => id === before);
  const near = claimants.filter(({ id }) => comesFrom(id));
  if (had !== undefined && had.id === provenFor && !near.includes(had)) return had.id;
  const among = near.length > 0 ? near : claimants;
  const named = among.find(({ id }) => ownIndex !== null && identities.get(id)?.index === ownIndex);
  return (named ?? (had !== undefined && among.includes(had) ? had : among[0]))?.id ?? null;
}

/** @param freeId a datapath id that is the host's alone. */
export function rivalBridges(
  facts: readonly HostFact[],
  bindings: ReadonlyMap<string, HostId>,
  freeId: (host: HostId) => string,
): ReadonlyMap<HostId, readonly Diagnostic[]> {
  const problems = new Map<HostId, readonly Diagnostic[]>();
  for (const { id, dpid, bridgeName } of facts.filter(takesPart)) {
    const owner = dpid === null ? undefined : bindings.get(dpid);
    if (owner === undefined || owner === id) continue;
    const problem = diagnostic(
      "host/duplicate-dpid",
      `the bridges of host ${owner} and host ${id} have one datapath id, ${dpid}; ${owner} is served, ${id} is not`,
      `on ${shellWord(id)}: ovs-vsctl set bridge ${shellWord(bridgeName)} other_config:datapath-id=${freeId(id)}`,
    );
    for (const each of [owner, id]) problems.set(each, [...(problems.get(each) ?? []), problem]);
  }
  return problems;
}
