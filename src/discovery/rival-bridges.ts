// Hosts whose bridges have one datapath id: which of them a switch of that id is, and what both are told.
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { HostFact, HostId } from "../model/facts.ts";
import { type Identity, takesPart } from "../model/identity.ts";
import { shellWord } from "../model/shell-word.ts";

/**
 * The host that a switch is the bridge of, among those that say so: the one that the switch's own flows name; else the one
 * it was before; else the first to come.
 */
export function ownerOfBridge(
  claimants: readonly HostFact[],
  identities: ReadonlyMap<HostId, Identity>,
  ownIndex: number | null,
  before: HostId | null,
): HostId | null {
  const named = claimants.find(({ id }) => ownIndex !== null && identities.get(id)?.index === ownIndex);
  return (named ?? claimants.find(({ id }) => id === before) ?? claimants[0])?.id ?? null;
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
