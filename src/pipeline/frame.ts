// What a switch holds whatever endpoints there are: made of parts, each of which is made again only when its own inputs are others.
import type { FabricPort } from "../model/fabric-ports.ts";
import { heardFlows } from "./adopt.ts";
import { answerFlows } from "./answer.ts";
import { classifyPortFlows, classifySwitchFlows } from "./classify.ts";
import type { CompileContext, LocalAttachment, PortsContext } from "./context.ts";
import { type DesiredFlow, type DesiredMeter, keptForms } from "./desired.ts";
import { departFlows, egressPortFlows } from "./egress.ts";
import { floodFlows } from "./flood.ts";
import { type FlowPart, type FlowParts, joinParts, NO_PARTS } from "./flow-parts.ts";
import { standbyFlows } from "./forward.ts";
import { meters } from "./groups.ts";
import { guardFlows } from "./guard.ts";
import { learnPortFlows, usurperFlows } from "./learn.ts";
import { type LocalNetworks, localNetworks } from "./local-endpoints.ts";
import { plainLinkFlows } from "./plain-links.ts";

/** Of one port, whatever others there are. */
const PORT_FEATURES: readonly ((context: PortsContext) => Iterable<DesiredFlow>)[] = [
  guardFlows,
  classifyPortFlows,
  learnPortFlows,
  egressPortFlows,
];

interface SwitchFeature {
  readonly flows: (context: CompileContext) => Iterable<DesiredFlow>;
  /** All that its flows follow from; null where that is more than is worth comparing, which is rare. */
  readonly inputs: (context: CompileContext) => readonly unknown[] | null;
}

const NOTHING: readonly unknown[] = [];

const SWITCH_FEATURES: readonly SwitchFeature[] = [
  {
    flows: classifySwitchFlows,
    inputs: ({ host }) => [host.index, host.plain, host.fact?.forwardBpdu, host.entrances, host.relaying],
  },
  { flows: plainLinkFlows, inputs: ({ host }) => (host.plain === null ? NOTHING : null) },
  { flows: usurperFlows, inputs: ({ fabric }) => (fabric.disputes.length === 0 ? NOTHING : null) },
  { flows: answerFlows, inputs: ({ networks, answersNd }) => [networks.some(({ answer }) => answer), answersNd] },
  { flows: standbyFlows, inputs: ({ fabric }) => (fabric.standbys.length === 0 ? NOTHING : null) },
  {
    flows: floodFlows,
    inputs: ({ networks, floodMeters }) => [
      ...networks,
      ...[...floodMeters].flatMap(([vni, { meterId }]) => [vni, meterId]),
    ],
  },
  { flows: departFlows, inputs: ({ host }) => [host.plain === null] },
  { flows: heardFlows, inputs: ({ host }) => (host.adoption === undefined ? NOTHING : null) },
];

interface Part {
  readonly inputs: readonly unknown[] | null;
  readonly flows: FlowPart;
}

/** What does not follow from endpoints. */
export interface Frame {
  readonly inputs: readonly unknown[];
  /** In the order of the features. */
  readonly ofSwitch: readonly Part[];
  readonly ofPorts: ReadonlyMap<FabricPort, Part>;
  readonly flows: FlowParts;
  readonly meters: ReadonlyMap<number, DesiredMeter>;
  readonly networks: LocalNetworks;
}

export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => Object.is(item, b[at]));
}

/** By key and form: ports have the same numbers on many switches, and then the same flows. */
const alike = new Map<string, DesiredFlow>();
/** With more than these at once it starts anew. */
const MAX_ALIKE = 65_536;

function sameOnAll(flow: DesiredFlow): DesiredFlow {
  const text = `${flow.key}=${flow.form}`;
  const known = alike.get(text);
  if (known !== undefined) return known;
  if (alike.size >= MAX_ALIKE) alike.clear();
  alike.set(text, flow);
  return flow;
}

/** @param make is asked where the inputs are not what they were. A flow that it gives twice counts as it was given last. */
function part(before: Part | undefined, inputs: Part["inputs"], make: () => Iterable<DesiredFlow>): Part {
  const isAsBefore = before?.inputs != null && inputs !== null && sameItems(before.inputs, inputs);
  if (isAsBefore) return before;
  const flows = [...make()].map(sameOnAll);
  const once = [...new Map(flows.map((flow) => [flow.key, flow])).values()];
  return { inputs, flows: before !== undefined && sameItems(before.flows, once) ? before.flows : once };
}

/** Of each port with a number what the context has of it alone. */
function contextsOf({ host, local, probed, blocked, maxMeter }: CompileContext): Map<FabricPort, PortsContext> {
  const at = new Map<FabricPort, LocalAttachment[]>();
  for (const one of local) {
    const list = at.get(one.port);
    if (list === undefined) at.set(one.port, [one]);
    else list.push(one);
  }
  const [areProbed, areBlocked] = [new Set(probed), new Set(blocked)];
  const contexts = new Map<FabricPort, PortsContext>();
  for (const port of host.ports) {
    const { ofport } = port.fact;
    if (ofport === null) continue;
    contexts.set(port, {
      local: at.get(port) ?? [],
      probed: areProbed.has(ofport) ? [ofport] : [],
      blocked: areBlocked.has(ofport) ? [ofport] : [],
      maxMeter,
    });
  }
  return contexts;
}

/** @param before what it was: parts whose inputs are as they were are the same objects */
export function frameOf(context: CompileContext, inputs: readonly unknown[], before?: Frame): Frame {
  const ofSwitch = SWITCH_FEATURES.map((feature, at) =>
    part(before?.ofSwitch[at], feature.inputs(context), () => feature.flows(context)),
  );
  const ofPorts = new Map<FabricPort, Part>();
  for (const [port, own] of contextsOf(context)) {
    const forPort = [own.maxMeter, own.probed.length, own.blocked.length];
    const make = (): Iterable<DesiredFlow> => PORT_FEATURES.flatMap((feature) => [...feature(own)]);
    ofPorts.set(port, part(before?.ofPorts.get(port), forPort, make));
  }
  const parts = [...ofPorts.values(), ...ofSwitch].map(({ flows }) => flows);
  return {
    inputs,
    ofSwitch,
    ofPorts,
    flows: joinParts(parts, before?.flows ?? NO_PARTS),
    meters: keptForms(before?.meters, new Map([...meters(context)].map((meter) => [meter.meterId, meter]))),
    networks: localNetworks(context),
  };
}
