// Which switch is the bridge of which host.
import type { HostFact, HostId } from "../model/facts.ts";
import { type Identity, takesPart } from "../model/identity.ts";
import type { Readback } from "../pipeline/readback.ts";
import { ownerOfBridge, type Shown } from "./rival-bridges.ts";

interface SeenSwitch extends Pick<Shown, "provenFor"> {
  readonly dpid: string;
  readonly readback: Pick<Readback, "ownIndex"> | null;
}

/** What the connections of switches show. */
export interface Evidence<S> {
  /** Whether a switch is taken at its flows' word: whoever reaches the controller can write such flows. */
  readonly credible: (seen: S, host: Identity) => boolean;
  /** Whether it comes from where a host is whose rows name it. */
  readonly comesFrom: (seen: S, id: HostId) => boolean;
}

/**
 * By datapath id where the host's rows are known; else by the index that the switch's own flows name.
 *
 * @param before what it came to the last time.
 */
export function bindSwitches<S extends SeenSwitch>(
  facts: readonly HostFact[],
  identities: ReadonlyMap<HostId, Identity>,
  switches: readonly S[],
  before: ReadonlyMap<string, HostId>,
  { credible, comesFrom }: Evidence<S>,
): ReadonlyMap<string, HostId> {
  const bindings = new Map<string, HostId>();
  const bound = new Set<HostId>();
  const claims = new Map<string, HostFact[]>();
  for (const fact of facts) {
    if (fact.dpid === null || !takesPart(fact)) continue;
    const claimants = claims.get(fact.dpid);
    if (claimants === undefined) claims.set(fact.dpid, [fact]);
    else claimants.push(fact);
  }
  const byDpid = new Map(switches.map((seen) => [seen.dpid, seen]));
  for (const [dpid, claimants] of claims) {
    const seen = byDpid.get(dpid);
    const shown: Shown = {
      ownIndex: seen?.readback?.ownIndex ?? null,
      comesFrom: (id) => seen !== undefined && comesFrom(seen, id),
      provenFor: seen?.provenFor ?? null,
    };
    const owner = ownerOfBridge(claimants, identities, shown, before.get(dpid) ?? null);
    if (owner === null) continue;
    bindings.set(dpid, owner);
    bound.add(owner);
  }
  const byIndex = new Map([...identities.values()].map((identity) => [identity.index, identity]));
  const known = new Set(facts.map((fact) => fact.id));
  for (const seen of switches) {
    const { dpid, readback } = seen;
    const index = readback?.ownIndex ?? null;
    const host = index === null || index === 0 ? undefined : byIndex.get(index);
    const id = host?.id;
    if (bindings.has(dpid) || host === undefined || id === undefined || bound.has(id)) continue;
    if (!credible(seen, host)) continue;
    // A host whose rows are known says itself which bridge it has.
    if (known.has(id)) continue;
    bindings.set(dpid, id);
    bound.add(id);
  }
  return bindings;
}
