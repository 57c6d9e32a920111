// What an endpoint comes to on its own switch: all that LEARN, ANSWER, FORWARD and DELIVER there say of it.
import type { Endpoint } from "../model/endpoints.ts";
import type { FabricHost } from "../model/fabric.ts";
import type { Vni } from "../model/facts.ts";
import { endpointAnswers, ownPortFlows } from "./answer.ts";
import type { CompileContext } from "./context.ts";
import type { DesiredFlow } from "./desired.ts";
import type { FlowPart } from "./flow-parts.ts";
import { localEndpointFlows } from "./forward.ts";
import { reflectionFlow } from "./guard.ts";
import { knownFlows } from "./learn.ts";
import { portsDown } from "./shared-flows.ts";

/** As much as its port and its network decide of an endpoint's flows. */
interface Standing {
  /** Whether its port is known, and in its network. */
  readonly reached: boolean;
  readonly locked: boolean;
  /** Whether its network's switches answer. */
  readonly answered: boolean;
  /** Whether nobody is alive at its port. */
  readonly down: boolean;
  readonly answersNd: boolean;
  readonly idleTimeoutSec: number;
}

interface Kept {
  readonly standing: Standing;
  readonly flows: FlowPart;
}

/** An endpoint that is as it was is the same object. */
const kept = new WeakMap<Endpoint, Kept>();

function sameStanding(a: Standing, b: Standing): boolean {
  return (
    a.reached === b.reached &&
    a.locked === b.locked &&
    a.answered === b.answered &&
    a.down === b.down &&
    a.answersNd === b.answersNd &&
    a.idleTimeoutSec === b.idleTimeoutSec
  );
}

function* flowsOf(endpoint: Endpoint, standing: Standing): Generator<DesiredFlow> {
  const { ofport, hostIndex } = endpoint;
  if (standing.locked) yield reflectionFlow(endpoint);
  yield* knownFlows(endpoint, standing.idleTimeoutSec, standing.answered);
  if (!standing.reached || ofport === null) return;
  if (standing.answered && !standing.down) {
    // Of a host with an index, they are among those that all switches have.
    if (hostIndex === null) yield* endpointAnswers(endpoint, standing.answersNd);
    yield* ownPortFlows(endpoint, ofport);
  }
  yield* localEndpointFlows(endpoint, ofport);
}

/** By network: whether its switches answer, the ports that are in it, and those of them that are locked. */
export interface LocalNetwork {
  readonly answered: boolean;
  readonly ofports: ReadonlySet<number>;
  readonly locked: ReadonlySet<number>;
}

export type LocalNetworks = ReadonlyMap<Vni, LocalNetwork>;

export function localNetworks({ networks, local }: CompileContext): LocalNetworks {
  const found = new Map(
    networks.map(({ vni, answer }) => [
      vni,
      { answered: answer, ofports: new Set<number>(), locked: new Set<number>() },
    ]),
  );
  for (const { ofport, port, attachment } of local) {
    const { vni } = attachment.network;
    found.get(vni)?.ofports.add(ofport);
    if (port.locks.has(vni)) found.get(vni)?.locked.add(ofport);
  }
  return found;
}

export interface LocalPlace {
  readonly host: FabricHost;
  readonly networks: LocalNetworks;
  readonly answersNd: boolean;
  readonly idleTimeoutSec: number;
}

/** What each of the host's endpoints comes to. @param endpoints all of them */
export function localFlows(endpoints: readonly Endpoint[], place: LocalPlace): readonly FlowPart[] {
  const parts: FlowPart[] = [];
  const down = portsDown(place.host.ports);
  for (const endpoint of endpoints) {
    const network = place.networks.get(endpoint.vni);
    if (network === undefined) continue;
    const standing: Standing = {
      reached: isReached(endpoint, network),
      locked: endpoint.ofport !== null && network.locked.has(endpoint.ofport),
      answered: network.answered,
      down: endpoint.portName !== null && down.has(endpoint.portName),
      answersNd: place.answersNd,
      idleTimeoutSec: place.idleTimeoutSec,
    };
    const before = kept.get(endpoint);
    if (before !== undefined && sameStanding(before.standing, standing)) {
      parts.push(before.flows);
      continue;
    }
    const flows = [...flowsOf(endpoint, standing)];
    kept.set(endpoint, { standing, flows });
    parts.push(flows);
  }
  return parts;
}

export function isReached({ ofport }: Endpoint, { ofports }: LocalNetwork): boolean {
  return ofport !== null && ofports.has(ofport);
}
