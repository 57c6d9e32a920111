// The part of the fabric that carries frames between hosts: networks, ports, tunnels, ways, and the MTU that fits them.
import { type Adoption, adoptionsOf } from "./adoption.ts";
import type { BfdSettings } from "./bfd.ts";
import { type FabricPort, fabricPort, loopVerdicts, withMtus } from "./fabric-ports.ts";
import type {
  EndpointSetting,
  HostFact,
  HostId,
  Lane,
  NetworkSetting,
  RememberedFact,
  SwitchFact,
  TunnelType,
  Vni,
} from "./facts.ts";
import { type FlowBasedSettings, flowBasedFacts, isFlowBased } from "./flow-based.ts";
import { type Identity, takesPart } from "./identity.ts";
import type { LoopFacts } from "./loops.ts";
import { NetworkTable } from "./networks.ts";
import type { PlainPart } from "./plain-links.ts";
import { planRelays, type RelayHost, type RelayPlan, relayPlanKey } from "./relays.ts";
import { type Topology, topologyKey } from "./topology.ts";
import { type Entrance, entrancesOf, relayLegsInUse, type WantedTunnel, wantedTunnels } from "./wanted-tunnels.ts";
import { concerns, isOnlyNamed, isUnread, relayingLanes, type Way, type WaySettings, waysOf } from "./ways.ts";

export interface FabricHost extends Identity {
  /** null while the host's OVSDB has not been read. */
  readonly fact: HostFact | null;
  /** null while its switch has not been read. */
  readonly switch: SwitchFact | null;
  /** Sorted by name. */
  readonly ports: readonly FabricPort[];
  /** Tunnel Interfaces that should stand on the host. */
  readonly wantedTunnels: readonly WantedTunnel[];
  /** Peer index -> how frames for that host leave this one. Sorted. */
  readonly ways: ReadonlyMap<number, Way>;
  /** Peer index -> the tunnel by which others' frames for that host are passed on. Sorted. */
  readonly relaying: ReadonlyMap<number, Lane>;
  /** Where frames of other hosts come in. Sorted. */
  readonly entrances: readonly Entrance[];
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
    if (rowsRead && flowsRead) continue;
    kept.push(rowsRead ? { ...fact, vnis: [] } : fact);
  }
  return kept;
}

/** Towards each other switch of the island: by one port, and nothing in its place. */
function plainWays({ towards }: PlainPart): ReadonlyMap<number, Way> {
  const ways = [...towards].map(([number, port]) => [number, { direct: { port, toward: null }, relays: [] }] as const);
  return new Map(ways.sort(([a], [b]) => a - b));
}

function relaysAmong(
  input: TransportInput,
  hosts: Iterable<FabricHost>,
  shared: boolean,
  previous: Transport | undefined,
): Transport["relays"] {
  const ends: RelayHost[] = [];
  const all = [...hosts];
  const unread = all.filter((host) => isOnlyNamed(host));
  for (const host of all) {
    const { id, name, index, fact, plain, vouched } = host;
    if (plain !== null || index === null) continue;
    const tunnels = (fact?.tunnels ?? []).filter((row) => row.fabricId === input.fabricId);
    const read = !isOnlyNamed(host);
    const met = !isUnread(host)
      ? unread.filter((peer) => concerns(host, peer)).flatMap((peer) => peer.index ?? [])
      : [];
    ends.push({ id, name, index, tunnels, vouched, read, unread: met });
  }
  // Without BFD a switch does not see that a tunnel is down: relays are then only for pairs that have no tunnel.
  const healing = input.bfd.enabled && !shared;
  const key = `${healing} ${topologyKey(input.topology)} ${relayPlanKey(ends)}`;
  return previous?.relays.key === key ? previous.relays : { key, plan: planRelays(ends, input.topology, healing) };
}

/** Pure: the same facts give the same. @param remembered what still counts of it */
export function deriveTransport(
  input: TransportInput,
  remembered: readonly RememberedFact[],
  previous: Transport | undefined,
): Transport {
  const present = [...input.identities.values()].flatMap((identity) => {
    const fact = input.hostFacts.get(identity.id);
    return fact === undefined || !takesPart(fact) ? [] : [fact];
  });
  const networks = new NetworkTable(
    input.networkSettings,
    present,
    remembered.flatMap((fact) => [...fact.vnis, ...fact.endpoints.map((endpoint) => endpoint.vni)]),
  );
  const verdicts = loopVerdicts(input, networks);
  const portInput = { networks, endpointSettings: input.endpointSettings ?? [] };
  const hosts = new Map<HostId, FabricHost>();
  for (const identity of input.identities.values()) {
    const fact = input.hostFacts.get(identity.id) ?? null;
    const attachable = fact !== null && takesPart(fact) ? fact.ports : [];
    hosts.set(identity.id, {
      ...identity,
      fact,
      switch: input.switchFacts.get(identity.id) ?? null,
      ports: attachable.map((port) => fabricPort(portInput, verdicts, identity, port)),
      wantedTunnels: [],
      ways: new Map(),
      relaying: new Map(),
      entrances: [],
      mtus: new Map(),
      plain: input.plain?.get(identity.id) ?? null,
    });
  }
  const shared = input.flowBased !== undefined && isFlowBased(input.flowBased, flowBasedFacts(input));
  const settings: WaySettings = { ...input, shared };
  const relays = relaysAmong(input, hosts.values(), shared, previous);
  const legsInUse = relayLegsInUse(settings, hosts.values());
  const adoptions = adoptionsOf(settings, [...hosts.values()]);
  for (const host of [...hosts.values()]) {
    if (host.plain !== null) {
      hosts.set(host.id, Object.freeze({ ...host, ways: plainWays(host.plain) }));
      continue;
    }
    // Of one that others only name nobody can tell its ways, or use them; and one host can name very many.
    if (isOnlyNamed(host)) continue;
    const peers = [...hosts.values()].filter((peer) => peer.id !== host.id && concerns(host, peer));
    const ways = waysOf({ settings, host, peers, plan: relays.plan, remembered });
    const adoption = adoptions.get(host.id);
    hosts.set(
      host.id,
      Object.freeze({
        ...host,
        ...(adoption === undefined ? {} : { adoption, problems: [...host.problems, ...adoption.problems] }),
        wantedTunnels: wantedTunnels(settings, host, peers, legsInUse),
        ways,
        relaying: relayingLanes(settings, host, peers, ways),
        entrances: entrancesOf(settings, host, peers, ways),
      }),
    );
  }
  const members = new Map<Vni, Set<number>>();
  const join = (vni: Vni, index: number | null): void => {
    if (index === null) return;
    const set = members.get(vni);
    if (set === undefined) members.set(vni, new Set([index]));
    else set.add(index);
  };
  for (const host of hosts.values()) {
    for (const port of host.ports) for (const at of port.attachments) join(at.network.vni, host.index);
  }
  for (const fact of remembered) for (const vni of fact.vnis) join(vni, fact.index);
  for (const host of withMtus(input, [...hosts.values()], members)) hosts.set(host.id, Object.freeze(host));
  return {
    flowBased: shared,
    networks,
    hosts,
    members: new Map([...members].sort(([a], [b]) => a - b).map(([vni, set]) => [vni, [...set].sort((a, b) => a - b)])),
    relays,
  };
}
