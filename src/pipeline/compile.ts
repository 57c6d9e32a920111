// Facts to desired flows, groups and meters of one switch. Pure and deterministic; what follows from the same facts as
// before is not made again.
import type { Endpoint } from "../model/endpoints.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostId, Vni } from "../model/facts.ts";
import { differences, type SharedMap } from "../model/shared-map.ts";
import { prepared } from "./adopt.ts";
import { endpointAnswers } from "./answer.ts";
import { type CompileContext, compileContext, floodMetersOf, type PipelineSettings } from "./context.ts";
import { type DesiredFlow, type DesiredGroup, type DesiredSwitch, keptForms } from "./desired.ts";
import { type FlowParts, joinParts } from "./flow-parts.ts";
import { remoteEndpointFlow } from "./forward.ts";
import { type Frame, frameOf, sameItems } from "./frame.ts";
import { groups } from "./groups.ts";
import { type Exceptions, LayeredFlows, NO_EXCEPTIONS, type SharedLayers } from "./layered-flows.ts";
import { isReached, type LocalNetworks, localFlows } from "./local-endpoints.ts";
import { layerName, type SharedFlows, shareFlows } from "./shared-flows.ts";

interface Groups {
  readonly inputs: readonly unknown[];
  /** Of each of the switch's networks. */
  readonly members: readonly unknown[];
  readonly groups: ReadonlyMap<number, DesiredGroup>;
}

interface Own {
  readonly frame: Frame;
  readonly endpoints: readonly Endpoint[];
  readonly local: FlowParts;
  /** Those of the frame, and over them the local ones. */
  readonly flows: SharedMap<DesiredFlow>;
}

/** What most of a switch's inputs are in, as the same objects where nothing has happened to it. */
interface Basis {
  readonly host: FabricHost;
  readonly settings: PipelineSettings;
  readonly caps: string;
  readonly standbys: readonly Endpoint[];
  /** Whether there are disputes: they are rare, and looked at one by one. */
  readonly disputed: boolean;
}

/** What a switch's flows were made of. */
interface Parts {
  readonly basis: Basis;
  readonly frame: Frame;
  readonly groups: Groups;
  readonly own: Own;
  readonly unreachable: Unreachable;
  readonly flows: LayeredFlows;
  /** Whether it is more than prepared to be taken over. */
  readonly forwards: boolean;
}

const partsOf = new WeakMap<DesiredSwitch, Parts>();

const NO_ENDPOINTS: readonly Endpoint[] = [];

const capsOf = new WeakMap<Fabric, string>();

/** The meters of all networks that are capped, as text. */
function caps(fabric: Fabric): string {
  const known = capsOf.get(fabric);
  if (known !== undefined) return known;
  const text = [...floodMetersOf(fabric)].map(([vni, { meterId, kbps }]) => `${vni} ${meterId} ${kbps}`).join();
  capsOf.set(fabric, text);
  return text;
}

function frameInputs(fabric: Fabric, host: FabricHost, settings: PipelineSettings): readonly unknown[] {
  const { id, index, fact, plain, ports, relaying, entrances, adoption } = host;
  const dpid = host.switch?.dpid;
  const disputes = fabric.disputes.filter(({ rivals }) => rivals.some(({ place }) => place?.dpid === dpid));
  return [
    ...[id, index, plain, relaying, entrances, dpid, host.switch?.maxMeter, settings, caps(fabric)],
    ...[fact?.forwardBpdu, fact?.userspaceDatapath],
    // Both are rare, and follow from all of the fabric.
    plain === null ? null : fabric,
    ...(adoption === undefined ? [] : [adoption, fabric.networks]),
    ...ports,
    ...disputes,
    ...fabric.standbys.filter((standby) => standby.hostId === id),
  ];
}

/** Whether all inputs of the frame are as before, without a look at each. */
function isSameBasis(before: Basis, now: Basis): boolean {
  const { host } = now;
  return (
    before.host === host &&
    before.settings === now.settings &&
    before.caps === now.caps &&
    before.standbys === now.standbys &&
    !before.disputed &&
    !now.disputed &&
    host.plain === null &&
    host.adoption === undefined
  );
}

function membersOf(fabric: Fabric, networks: LocalNetworks): readonly unknown[] {
  return [...networks.keys()].map((vni) => fabric.members.get(vni) ?? null);
}

/** Hosts with endpoints in this switch's networks to which it knows no way. */
interface Unreachable {
  readonly inputs: readonly unknown[];
  readonly hosts: readonly (readonly [Vni, HostId])[];
}

function unreachableFrom(
  host: FabricHost,
  shared: SharedFlows,
  networks: LocalNetworks,
  before?: Unreachable,
): Unreachable {
  const inputs = [host.ways, ...networks.keys(), ...[...networks.keys()].map((vni) => shared.hosts.get(vni))];
  if (before !== undefined && sameItems(before.inputs, inputs)) return before;
  const hosts = [...networks.keys()].flatMap((vni) =>
    [...(shared.hosts.get(vni) ?? [])]
      .filter(([id, index]) => id !== host.id && !host.ways.has(index))
      .map(([id]) => [vni, id] as const),
  );
  return { inputs, hosts };
}

/** Shared flows that are not for this switch: those of endpoints that it can't reach, its own among them. */
function exceptionsOf(
  fabric: Fabric,
  host: FabricHost,
  networks: LocalNetworks,
  unreachable: Unreachable,
  before: Exceptions,
): Exceptions {
  const missing: Endpoint[] = [];
  for (const endpoint of fabric.endpointsAt.get(host.id) ?? []) {
    const network = networks.get(endpoint.vni);
    if (network !== undefined && !isReached(endpoint, network)) missing.push(endpoint);
  }
  for (const [vni, id] of unreachable.hosts) {
    for (const endpoint of fabric.endpointsAt.get(id) ?? []) if (endpoint.vni === vni) missing.push(endpoint);
  }
  if (missing.length === 0) return NO_EXCEPTIONS;
  const answersNd = host.fact?.userspaceDatapath ?? false;
  const flows = missing.flatMap((one) => {
    if (one.hostIndex === null) return [];
    const answers = networks.get(one.vni)?.answered === true ? endpointAnswers(one, answersNd) : [];
    return [remoteEndpointFlow(one, one.hostIndex), ...answers];
  });
  const next = NO_EXCEPTIONS.with(flows.map(({ key }) => [key, null]));
  return differences(before, next).length === 0 ? before : next;
}

function layersOf(host: FabricHost, shared: SharedFlows, networks: LocalNetworks, before?: SharedLayers): SharedLayers {
  const layers: SharedLayers = new Map(
    [...networks].flatMap(([vni, { answered }]) => {
      const forward = shared.forward.get(vni);
      const answers = answered ? shared.answers.get(host.fact?.userspaceDatapath ?? false)?.get(vni) : undefined;
      return [
        ...(forward === undefined ? [] : [[layerName("forward", vni), forward] as const]),
        ...(answers === undefined ? [] : [[layerName("answer", vni), answers] as const]),
      ];
    }),
  );
  const isSame = before?.size === layers.size && [...layers].every(([name, layer]) => before.get(name) === layer);
  return isSame ? before : layers;
}

function ownOf(fabric: Fabric, host: FabricHost, settings: PipelineSettings, frame: Frame, before?: Own): Own {
  const endpoints = fabric.endpointsAt.get(host.id) ?? NO_ENDPOINTS;
  if (before?.frame === frame && before.endpoints === endpoints) return before;
  const { idleTimeoutSec } = settings;
  const answersNd = host.fact?.userspaceDatapath ?? false;
  const place = { host, networks: frame.networks, answersNd, idleTimeoutSec };
  const local = joinParts(localFlows(endpoints, place), before?.local);
  return { frame, endpoints, local, flows: overlaid(frame.flows.flows, local.flows, before) };
}

function overlaid(
  frame: SharedMap<DesiredFlow>,
  local: SharedMap<DesiredFlow>,
  before: Own | undefined,
): SharedMap<DesiredFlow> {
  if (before === undefined) return frame.with(local);
  const steps = [...differences(before.frame.flows.flows, frame), ...differences(before.local.flows, local)];
  return before.flows.with(steps.map(({ key }) => [key, local.get(key) ?? frame.get(key)] as const));
}

function groupsOf(context: CompileContext, before: Groups["groups"] | undefined): Groups["groups"] {
  return keptForms(before, new Map([...groups(context)].map((group) => [group.groupId, group])));
}

/**
 * What the switch of `host` should hold. The same facts give the same bytes.
 * @param previous what it was before; the same object where nothing is different.
 */
export function compileSwitch(
  fabric: Fabric,
  host: FabricHost,
  settings: PipelineSettings,
  previous?: DesiredSwitch,
): DesiredSwitch {
  const before = previous === undefined ? undefined : partsOf.get(previous);
  let made: CompileContext | undefined;
  const context = (): CompileContext => {
    made ??= compileContext(fabric, host, settings);
    return made;
  };
  const basis: Basis = {
    ...{ host, settings, caps: caps(fabric) },
    ...{ standbys: fabric.standbys, disputed: fabric.disputes.length > 0 },
  };
  const isQuiet = before !== undefined && isSameBasis(before.basis, basis);
  const inputs = isQuiet ? before.frame.inputs : frameInputs(fabric, host, settings);
  const isFrame = isQuiet || (before !== undefined && sameItems(before.frame.inputs, inputs));
  const frame = isFrame && before !== undefined ? before.frame : frameOf(context(), inputs, before?.frame);
  const members = membersOf(fabric, frame.networks);
  const forGroups = isQuiet ? before.groups.inputs : [host.index, host.plain, host.ways, ...host.ports];
  const isGroups =
    before !== undefined &&
    sameItems(before.groups.members, members) &&
    (isQuiet || sameItems(before.groups.inputs, forGroups));
  const held = isGroups
    ? before.groups
    : { inputs: forGroups, members, groups: groupsOf(context(), before?.groups.groups) };
  const shared = shareFlows(fabric);
  const own = ownOf(fabric, host, settings, frame, before?.own);
  const unreachable = unreachableFrom(host, shared, frame.networks, before?.unreachable);
  const was = before?.flows;
  const layers = layersOf(host, shared, frame.networks, was?.shared);
  const isReachedAsBefore = own === before?.own && unreachable === before.unreachable && unreachable.hosts.length === 0;
  const exceptions = isReachedAsBefore
    ? before.flows.exceptions
    : exceptionsOf(fabric, host, frame.networks, unreachable, was?.exceptions ?? NO_EXCEPTIONS);
  const isSame = was?.own === own.flows && was.shared === layers && was.exceptions === exceptions;
  const flows = isSame ? was : new LayeredFlows(own.flows, layers, exceptions);
  const forwards = host.adoption?.forwards !== false;
  const parts: Parts = { basis, frame, groups: held, own, unreachable, flows, forwards };
  const isWhole = isSame && before?.groups.groups === held.groups && before.frame.meters === frame.meters;
  if (previous !== undefined && isWhole && before.forwards === forwards) {
    const isKnown = isQuiet && before.groups === held && before.own === own && before.unreachable === unreachable;
    if (!isKnown) partsOf.set(previous, parts);
    return previous;
  }
  const whole = { flows, groups: held.groups, meters: frame.meters };
  // What the host's rows say, not what is next: the stage is in force once it is written there.
  const desired: DesiredSwitch = forwards ? whole : prepared(whole, host);
  partsOf.set(desired, parts);
  return desired;
}
