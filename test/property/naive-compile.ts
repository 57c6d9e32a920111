// A switch's flows compiled one by one, for each endpoint anew: what layers, and what is kept of before, must come to.
import type { Endpoint } from "../../src/model/endpoints.ts";
import type { Fabric, FabricHost } from "../../src/model/fabric.ts";
import { heardFlows } from "../../src/pipeline/adopt.ts";
import { answerFlows, endpointAnswers, ownPortFlows } from "../../src/pipeline/answer.ts";
import { classifyFlows } from "../../src/pipeline/classify.ts";
import { type CompileContext, compileContext, type PipelineSettings } from "../../src/pipeline/context.ts";
import type { DesiredFlow } from "../../src/pipeline/desired.ts";
import { egressFlows } from "../../src/pipeline/egress.ts";
import { floodFlows } from "../../src/pipeline/flood.ts";
import { localEndpointFlows, remoteEndpointFlow, standbyFlows } from "../../src/pipeline/forward.ts";
import { guardFlows, reflectionFlow } from "../../src/pipeline/guard.ts";
import { knownFlows, learnFlows } from "../../src/pipeline/learn.ts";
import { plainLinkFlows } from "../../src/pipeline/plain-links.ts";

const FEATURES = [
  guardFlows,
  classifyFlows,
  plainLinkFlows,
  learnFlows,
  answerFlows,
  standbyFlows,
  floodFlows,
  egressFlows,
  heardFlows,
];

function* endpointFlows(context: CompileContext, endpoint: Endpoint): Generator<DesiredFlow> {
  const { fabric, host, local, networks, settings, answersNd } = context;
  const { vni, hostId, hostIndex, portName, ofport } = endpoint;
  const network = networks.find((one) => one.vni === vni);
  if (network === undefined) return;
  const at = local.find((one) => one.ofport === ofport && one.attachment.network.vni === vni);
  const isLocal = hostId === host.id;
  const isReached = isLocal ? at !== undefined : hostIndex !== null && host.ways.has(hostIndex);
  const down = fabric.hosts.get(hostId)?.ports.some(({ fact }) => fact.name === portName && !fact.up) === true;
  if (isLocal && at?.port.locks.has(vni) === true) yield reflectionFlow(endpoint);
  if (isLocal) yield* knownFlows(endpoint, settings.idleTimeoutSec, network.answer);
  if (isReached && network.answer && !down) {
    yield* endpointAnswers(endpoint, answersNd);
    if (isLocal && ofport !== null) yield* ownPortFlows(endpoint, ofport);
  }
  if (isReached && isLocal && ofport !== null) yield* localEndpointFlows(endpoint, ofport);
  if (isReached && !isLocal && hostIndex !== null) yield remoteEndpointFlow(endpoint, hostIndex);
}

/** By key: the forms of all that the switch should hold. */
export function naiveForms(fabric: Fabric, host: FabricHost, settings: PipelineSettings): ReadonlyMap<string, string> {
  const context = compileContext(fabric, host, settings);
  const flows = [
    ...FEATURES.flatMap((feature) => [...feature(context)]),
    ...[...fabric.endpoints.values()].flatMap((endpoint) => [...endpointFlows(context, endpoint)]),
  ];
  return new Map(flows.map((flow) => [flow.key, flow.form]));
}
