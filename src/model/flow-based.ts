// Flow-based tunnels: one port of a type for all peers, in place of one for each. When, and what is given up for it.
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { HostFact, HostId, TunnelRowFact } from "./facts.ts";
import { type Identity, MAX_INDEX, MAX_LABEL } from "./identity.ts";
import { isShared } from "./lanes.ts";

export interface FlowBasedSettings {
  readonly mode: "auto" | "always" | "never";
  /** With `auto`: so many hosts may have a tunnel to each other; with more, tunnels are flow-based. */
  readonly above: number;
}

/** Of `above`: with fewer hosts than this share of it the fabric goes back. A host more or less must not change it twice. */
const BACK_BELOW = 0.8;

export interface FlowBasedFacts {
  /** Of the hosts that were read: what others say there is does not change the fabric. */
  readonly indexes: readonly number[];
  /** Whether all of them have been read. Until then there may be more: with hubs a host names the hubs alone. */
  readonly complete: boolean;
  /** Whether most hosts with tunnels have flow-based ones now. */
  readonly standing: () => boolean;
}

/** One host alone could make some of its own, and the fabric go along with it. */
export function standsFlowBased(facts: Iterable<HostFact>): boolean {
  let [shared, others] = [0, 0];
  for (const { tunnels } of facts) {
    if (hasShared(tunnels)) shared++;
    else if (tunnels.length > 0) others++;
  }
  return shared > others;
}

const sharedAmong = new WeakMap<readonly TunnelRowFact[], boolean>();

function hasShared(tunnels: readonly TunnelRowFact[]): boolean {
  const known = sharedAmong.get(tunnels) ?? tunnels.some(isShared);
  sharedAmong.set(tunnels, known);
  return known;
}

export function flowBasedFacts(input: {
  readonly identities: ReadonlyMap<HostId, Identity>;
  readonly hostFacts: ReadonlyMap<HostId, HostFact>;
  readonly holding: boolean;
}): FlowBasedFacts {
  return {
    indexes: [...input.identities.values()].flatMap(({ id, index }) => (input.hostFacts.has(id) ? (index ?? []) : [])),
    complete: !input.holding && [...input.identities.keys()].every((id) => input.hostFacts.has(id)),
    standing: () => standsFlowBased(input.hostFacts.values()),
  };
}

export function isFlowBased({ mode, above }: FlowBasedSettings, facts: FlowBasedFacts): boolean {
  const { indexes, complete, standing } = facts;
  if (mode !== "auto") return mode === "always";
  // Port numbers and relay labels of tunnels for each pair end there.
  if (indexes.some((index) => index > MAX_LABEL)) return true;
  if (indexes.length > above) return true;
  return (!complete || indexes.length > above * BACK_BELOW) && standing();
}

/**
 * The largest index that a host can have. A fabric has more hosts than there are labels only after it has become
 * flow-based: an index beyond them that a host says it has does not make it so.
 * @param relayed whether pairs without a tunnel go by others
 */
export function maxIndexFor(
  { mode }: Pick<FlowBasedSettings, "mode">,
  relayed: boolean,
  stands: () => boolean,
): number {
  if (mode === "never" || relayed) return MAX_LABEL;
  return mode === "always" || stands() ? MAX_INDEX : MAX_LABEL;
}

/** @param expected what a fabric with tunnels for each pair would have */
export function flowBasedProblem(hosts: number, expected: { readonly healing: boolean }): Diagnostic | null {
  if (!expected.healing) return null;
  return diagnostic(
    "fabric/flow-based",
    `tunnels are flow-based, one port of a type for all of ${hosts} hosts: there is no BFD on them, so that a path which breaks is not noticed, and not healed by a relay`,
    "bfd.enabled: false in weft.yaml says that this is known; tunnel.flowBased: never, or a larger tunnel.flowBasedAbove, gives each pair its tunnel",
  );
}
