// The part of the fabric that carries frames between hosts: networks, ports, tunnels, ways, and the MTU that fits them.
import { type Adoption, adoptionsOf } from "./adoption.ts";
import type { BfdSettings } from "./bfd.ts";
import {
  type AllMtus,
  type FabricPort,
  type HostPorts,
  hostPorts,
  type LoopVerdicts,
  loopVerdicts,
  mtusAmong,
} from "./fabric-ports.ts";
import type {
  EndpointSetting,
  HostFact,
  HostId,
  NetworkSetting,
  PortFact,
  RememberedFact,
  SwitchFact,
  TunnelRowFact,
  TunnelType,
  Vni,
} from "./facts.ts";
import { type FlowBasedSettings, flowBasedFacts, isFlowBased } from "./flow-based.ts";
import { type Links, NO_LINKS } from "./host-links.ts";
import { type Identity, takesPart } from "./identity.ts";
import { isSame, keptMap } from "./kept.ts";
import { type LinksOfAll, linksAmong } from "./links.ts";
import type { LoopFacts } from "./loops.ts";
import { NetworkTable } from "./networks.ts";
import type { PlainPart } from "./plain-links.ts";
import { placeKey, planRelays, type RelayHost, type RelayPlan, relayPlanKey } from "./relays.ts";
import type { Topology } from "./topology.ts";
import { concerns, type End, isOnlyNamed, isUnread, type Way, type WaySettings } from "./ways.ts";

const NO_SETTINGS: readonly EndpointSetting[] = Object.freeze([]);
const NO_PORTS: readonly PortFact[] = Object.freeze([]);
const NO_FABRIC_PORTS: readonly FabricPort[] = Object.freeze([]);
const NO_MTUS: ReadonlyMap<Vni, number> = new Map();
/** Parts of a host that are made anew each time, and are soon compared. */
const SMALL: ReadonlySet<keyof FabricHost> = new Set(["problems", "adoption", "ways"]);

export interface FabricHost extends Identity, Links {
  /** null while the host's OVSDB has not been read. */
  readonly fact: HostFact | null;
  /** null while its switch has not been read. */
  readonly switch: SwitchFact | null;
  /** Sorted by name. */
  readonly ports: readonly FabricPort[];
  /** The MTU that fits all paths from here to other members, for each network with a port here. */
  readonly mtus: ReadonlyMap<Vni, number>;
  /** Absent for a host that is not being adopted. */
  readonly adoption?: Adoption;
  /** How frames cross the plain links of its island; null on a host with tunnels. */
  readonly plain: PlainPart | null;
}

export interface TransportInput {
  readonly fabricId: string | null;
  readonly tunnelType: TunnelType;
  readonly networkSettings: readonly NetworkSetting[];
  readonly identities: ReadonlyMap<HostId, Identity>;
  readonly hostFacts: ReadonlyMap<HostId, HostFact>;
  readonly switchFacts: ReadonlyMap<HostId, SwitchFact>;
  readonly remembered: readonly RememberedFact[];
  /** Shortly after a start: what flows say of hosts that nobody names is kept. */
  readonly holding: boolean;
  readonly loops?: LoopFacts;
  /** 1500 unless given. */
  readonly underlayMtu?: number;
  /** Whether tunnels carry checksums, which in GRE take room. */
  readonly tunnelChecksums?: boolean;
  /** Tunnels of another kind than the pair's are kept at least until these moments have passed. */
  readonly keepTunnel: WaySettings["keepTunnel"];
  readonly endpointSettings?: readonly EndpointSetting[];
  readonly bfd: BfdSettings;
  readonly topology: Topology;
  /** When all peers share one port of a type; never unless given. */
  readonly flowBased?: FlowBasedSettings;
  /** Of the switches of an island, whose indexes are the numbers in their labels. Such a fabric has no tunnels. */
  readonly plain?: ReadonlyMap<HostId, PlainPart>;
}

export interface Transport {
  /** Whether tunnels are to be flow-based. */
  readonly flowBased: boolean;
  readonly networks: NetworkTable;
  /** Sorted by index, then id. */
  readonly hosts: ReadonlyMap<HostId, FabricHost>;
  /** Indexes of the hosts that have a port in a network, sorted. */
  readonly members: ReadonlyMap<Vni, readonly number[]>;
  readonly relays: { readonly key: string; readonly plan: RelayPlan };
}

/**
 * What is remembered counts for an index that some host's rows name. For any other it counts while the fabric is being
 * read, and while a host that is known has not been: spokes name only hubs, and a hub that is away names the rest.
 */
export function stillRemembered(input: TransportInput): readonly RememberedFact[] {
  const unread = [...input.identities.keys()].some((id) => !input.hostFacts.has(id));
  const byIndex = new Map([...input.identities.values()].map((identity) => [identity.index, identity.id]));
  const kept: RememberedFact[] = [];
  for (const fact of input.remembered) {
    const id = byIndex.get(fact.index);
    if (id === undefined) {
      if (input.holding || unread) kept.push(fact);
      continue;
    }
    const rowsRead = input.hostFacts.has(id);
    const flowsRead = input.switchFacts.has(id);
    // What such a host has in its networks its rows say.
    if (rowsRead && (flowsRead || fact.endpoints.length === 0)) continue;
    kept.push(rowsRead ? { ...fact, vnis: [] } : fact);
  }
  return kept;
}

/** Towards each other switch of the island: by one port, and nothing in its place. */
function plainWays({ towards }: PlainPart): ReadonlyMap<number, Way> {
  const ways = [...towards].map(([number, port]) => [number, { direct: { port, toward: null }, relays: [] }] as const);
  return new Map(ways.sort(([a], [b]) => a - b));
}

const NO_ROWS: readonly TunnelRowFact[] = Object.freeze([]);
const ownRows = new WeakMap<readonly TunnelRowFact[], { fabricId: string | null; rows: readonly TunnelRowFact[] }>();

/** The rows of this fabric: those of another say nothing. */
function tunnelsIn(fabricId: string | null, fact: HostFact | null): readonly TunnelRowFact[] {
  const all = fact?.tunnels ?? NO_ROWS;
  const known = ownRows.get(all);
  if (known !== undefined && known.fabricId === fabricId) return known.rows;
  const rows = rowsIn(fabricId, all);
  ownRows.set(all, { fabricId, rows });
  return rows;
}

function rowsIn(fabricId: string | null, rows: readonly TunnelRowFact[]): readonly TunnelRowFact[] {
  return rows.every((row) => row.fabricId === fabricId) ? rows : rows.filter((row) => row.fabricId === fabricId);
}

function relaysAmong(
  input: TransportInput,
  all: readonly End[],
  shared: boolean,
  previous: Transport | undefined,
): Transport["relays"] {
  const ends: RelayHost[] = [];
  const unread = all.filter((host) => isOnlyNamed(host));
  // Without BFD a switch does not see that a tunnel is down: relays are then only for pairs that have no tunnel.
  const healing = input.bfd.enabled && !shared;
  for (const host of all) {
    const { id, name, index, fact, vouched } = host;
    if (index === null || input.plain?.has(id) === true) continue;
    const tunnels = healing ? tunnelsIn(input.fabricId, fact) : NO_ROWS;
    const read = !isOnlyNamed(host);
    const met = !isUnread(host)
      ? unread.filter((peer) => concerns(host, peer)).flatMap((peer) => peer.index ?? [])
      : [];
    ends.push({ id, name, index, tunnels, vouched, read, unread: met });
  }
  const key = `${healing} ${placeKey(input.topology, ends)} ${relayPlanKey(ends)}`;
  if (previous?.relays.key === key) return previous.relays;
  return { key, plan: planRelays(ends, input.topology, healing, previous?.relays.plan) };
}

/** What of a transport is not told, and saves the next one work. */
interface Basis {
  readonly tableFrom: readonly unknown[];
  readonly verdicts: LoopVerdicts;
  readonly ports: ReadonlyMap<HostId, HostPorts>;
  readonly links: LinksOfAll | undefined;
  readonly mtus: AllMtus;
  readonly made: ReadonlyMap<HostId, MadeHost>;
}

/** A host before its MTUs are known, and what it was made of. */
interface MadeHost {
  readonly identity: Identity;
  readonly end: End;
  readonly own: Links;
  readonly draft: FabricHost;
}

const basisOf = new WeakMap<Transport["hosts"], Basis>();

/** The table of before where nothing was added to it, or taken away. */
function networksAmong(
  input: TransportInput,
  remembered: readonly RememberedFact[],
  previous: Transport | undefined,
  before: Basis | undefined,
): { readonly networks: NetworkTable; readonly tableFrom: readonly unknown[] } {
  const present: HostFact[] = [];
  for (const { id } of input.identities.values()) {
    const fact = input.hostFacts.get(id);
    if (fact !== undefined && takesPart(fact)) present.push(fact);
  }
  const vnis = new Set(remembered.flatMap((fact) => [...fact.vnis, ...fact.endpoints.map((endpoint) => endpoint.vni)]));
  const tableFrom = [
    input.networkSettings,
    [...vnis].sort((a, b) => a - b).join(),
    ...present.map(({ ports }) => ports),
  ];
  const isAsBefore =
    before?.tableFrom.length === tableFrom.length && tableFrom.every((one, at) => one === before.tableFrom[at]);
  if (previous !== undefined && isAsBefore) return { networks: previous.networks, tableFrom };
  const networks = new NetworkTable(input.networkSettings, present, vnis);
  const isSameTable = previous !== undefined && isSame(previous.networks.all(), networks.all());
  return { networks: isSameTable ? previous.networks : networks, tableFrom };
}

function membersOf(
  hosts: readonly Pick<FabricHost, "index" | "ports">[],
  remembered: readonly RememberedFact[],
): ReadonlyMap<Vni, readonly number[]> {
  const members = new Map<Vni, Set<number>>();
  const join = (vni: Vni, index: number | null): void => {
    if (index === null) return;
    const set = members.get(vni);
    if (set === undefined) members.set(vni, new Set([index]));
    else set.add(index);
  };
  for (const { ports, index } of hosts) {
    for (const port of ports) for (const at of port.attachments) join(at.network.vni, index);
  }
  for (const fact of remembered) for (const vni of fact.vnis) join(vni, fact.index);
  const sorted = [...members].sort(([a], [b]) => a - b);
  return new Map(sorted.map(([vni, set]) => [vni, [...set].sort((a, b) => a - b)]));
}

/** Pure: the same facts give the same, whatever was before. @param remembered what still counts of it */
export function deriveTransport(
  input: TransportInput,
  remembered: readonly RememberedFact[],
  previous: Transport | undefined,
): Transport {
  const before = previous === undefined ? undefined : basisOf.get(previous.hosts);
  const { networks, tableFrom } = networksAmong(input, remembered, previous, before);
  const verdicts = keptMap(before?.verdicts, loopVerdicts(input, networks));
  const portInput = { networks, endpointSettings: input.endpointSettings ?? NO_SETTINGS };
  const ends: End[] = [];
  const ports = new Map<HostId, HostPorts>();
  for (const identity of input.identities.values()) {
    const { id } = identity;
    const fact = input.hostFacts.get(id) ?? null;
    const held = input.switchFacts.get(id) ?? null;
    const was = before?.made.get(id);
    const isSameEnd = was?.identity === identity && was.end.fact === fact && was.end.switch === held;
    ends.push(isSameEnd ? was.end : { ...identity, fact, switch: held });
    const attachable = fact !== null && takesPart(fact) ? fact.ports : NO_PORTS;
    ports.set(id, hostPorts(portInput, verdicts, identity, attachable, before?.ports.get(id)));
  }
  const shared = input.flowBased !== undefined && isFlowBased(input.flowBased, flowBasedFacts(input));
  const { fabricId, tunnelType, topology, keepTunnel } = input;
  const settings: WaySettings = { fabricId, tunnelType, topology, keepTunnel, shared };
  const relays = relaysAmong(input, ends, shared, previous);
  const links =
    input.plain === undefined
      ? linksAmong({ settings, ends, plan: relays.plan, remembered }, before?.links)
      : undefined;
  const adoptions = adoptionsOf(settings, ends);
  const drafts = ends.map((end): FabricHost => {
    const plain = input.plain?.get(end.id) ?? null;
    const own = links?.of.get(end.id)?.links ?? NO_LINKS;
    const { list = NO_FABRIC_PORTS } = ports.get(end.id) ?? {};
    const adoption = adoptions.get(end.id);
    const was = before?.made.get(end.id);
    const isSameDraft = was?.end === end && was.own === own && was.draft.ports === list && was.draft.plain === plain;
    if (isSameDraft && plain === null && adoption === undefined && was.draft.adoption === undefined) return was.draft;
    return {
      ...end,
      ...(adoption === undefined ? {} : { adoption, problems: [...end.problems, ...adoption.problems] }),
      ...{ ports: list, wantedTunnels: own.wantedTunnels, relaying: own.relaying, entrances: own.entrances },
      ways: plain === null ? own.ways : plainWays(plain),
      mtus: NO_MTUS,
      plain,
    };
  });
  const members = keptMap(previous?.members, membersOf(drafts, remembered));
  const mtus = mtusAmong(input, drafts, members, before?.mtus);
  const hosts = new Map<HostId, FabricHost>();
  const made = new Map<HostId, MadeHost>();
  for (const [at, draft] of drafts.entries()) {
    const { id } = draft;
    const [end, identity] = [ends[at], input.identities.get(id)];
    const { ports: fitted, mtus: own } = mtus.of.get(id) ?? { ports: draft.ports, mtus: draft.mtus };
    const was = before?.made.get(id);
    const old = previous?.hosts.get(id);
    const isSameHost = was?.draft === draft && old !== undefined && old.ports === fitted && old.mtus === own;
    hosts.set(id, isSameHost ? old : keptHost(old, { ...draft, ports: fitted, mtus: own }));
    const ownLinks = links?.of.get(id)?.links ?? NO_LINKS;
    if (end === undefined || identity === undefined) continue;
    const isSame = was?.draft === draft && was.end === end && was.own === ownLinks && was.identity === identity;
    made.set(id, isSame ? was : { identity, end, own: ownLinks, draft });
  }
  basisOf.set(hosts, { tableFrom, verdicts, ports, links, mtus, made });
  return { flowBased: shared, networks, hosts, members, relays };
}

/** The host of before, where each of its parts is. */
function keptHost(before: FabricHost | undefined, now: FabricHost): FabricHost {
  const names = Object.keys(now) as (keyof FabricHost)[];
  const isAsBefore =
    before !== undefined &&
    names.length === Object.keys(before).length &&
    names.every((name) => before[name] === now[name] || (SMALL.has(name) && isSame(before[name], now[name])));
  return isAsBefore ? before : Object.freeze(now);
}
