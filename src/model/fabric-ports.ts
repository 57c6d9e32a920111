// A port in the fabric: its networks, who may speak there, whether it is cut off, and the MTU that fits.
import type { Diagnostic } from "./diagnostic.ts";
import type { EndpointSetting, HostFact, HostId, PortFact, SwitchFact, TunnelType, Vni } from "./facts.ts";
import { type Identity, takesPart } from "./identity.ts";
import { kept, keptList } from "./kept.ts";
import { type Lock, lockOf, lockProblems } from "./locks.ts";
import { judgeLoops, type LoopFacts, type LoopPort, type LoopVerdict, NO_LOOPS, portKey } from "./loops.ts";
import {
  evenMtu,
  familyOf,
  type MtuSettings,
  mtuAmong,
  mtuProblems,
  type PathEnd,
  pathMtus,
  underlayMtuOf,
} from "./mtu.ts";
import type { Attachment, NetworkTable } from "./networks.ts";

export interface FabricPort {
  readonly fact: PortFact;
  readonly attachments: readonly Attachment[];
  /** The networks it is in, or, while it is cut off, would be in. */
  readonly carried: readonly Attachment[];
  /** Cut off, because it meets another port outside of the fabric. */
  readonly blocked: boolean;
  /** Who may speak in each network where the port is locked. */
  readonly locks: ReadonlyMap<Vni, Lock>;
  /** The least of its networks; null in none. */
  readonly mtu: number | null;
  /** What is concluded of it, beside what its rows say. */
  readonly problems: readonly Diagnostic[];
}

/** By `portKey`. */
export type LoopVerdicts = ReadonlyMap<string, LoopVerdict>;

const NO_VERDICTS: LoopVerdicts = new Map();

export function loopVerdicts(
  input: {
    readonly identities: ReadonlyMap<HostId, Identity>;
    readonly hostFacts: ReadonlyMap<HostId, HostFact>;
    readonly switchFacts: ReadonlyMap<HostId, SwitchFact>;
    readonly loops?: LoopFacts;
  },
  networks: NetworkTable,
): LoopVerdicts {
  const { loops = NO_LOOPS } = input;
  if (loops.meetings.length === 0 && loops.held.size === 0 && loops.crossings === undefined) return NO_VERDICTS;
  const ports = [...input.identities.values()].flatMap(({ id, index }): readonly LoopPort[] => {
    const fact = input.hostFacts.get(id);
    if (fact === undefined || !takesPart(fact)) return [];
    const dpid = input.switchFacts.get(id)?.dpid ?? fact.dpid;
    return fact.ports.flatMap((port) => {
      if (port.ofport === null || networks.attachments(port).length === 0) return [];
      return [{ hostId: id, hostIndex: index, dpid, ofport: port.ofport, name: port.name }];
    });
  });
  return judgeLoops(loops, ports);
}

/** All but the MTU, which depends on the other hosts. */
function fabricPort(
  input: { readonly networks: NetworkTable; readonly endpointSettings: readonly EndpointSetting[] },
  verdicts: LoopVerdicts,
  host: Identity,
  fact: PortFact,
): FabricPort {
  const carried = input.networks.attachments(fact);
  const verdict = fact.ofport === null ? undefined : verdicts.get(portKey({ hostId: host.id, ofport: fact.ofport }));
  const blocked = verdict?.blocked === true && carried.length > 0;
  const attachments = blocked ? [] : carried;
  const declared = input.endpointSettings.filter(
    (setting) => (setting.host === host.id || setting.host === host.name) && setting.port === fact.name,
  );
  const locks = new Map<Vni, Lock>();
  for (const { network } of attachments) {
    const lock = lockOf(fact, network, declared);
    if (lock !== null) locks.set(network.vni, lock);
  }
  const problems = [...lockProblems(fact, locks.values()), ...(verdict === undefined ? [] : [verdict.problem])];
  return Object.freeze({ fact, attachments, carried, blocked, locks, mtu: null, problems });
}

/** The ports of a host, all but their MTUs, and what they were made of. */
export interface HostPorts {
  readonly list: readonly FabricPort[];
  readonly from: readonly unknown[];
}

/** @param verdicts those of the host's own ports are enough */
export function hostPorts(
  input: { readonly networks: NetworkTable; readonly endpointSettings: readonly EndpointSetting[] },
  verdicts: LoopVerdicts,
  host: Identity,
  facts: readonly PortFact[],
  before: HostPorts | undefined,
): HostPorts {
  const common = [input.networks, input.endpointSettings, verdicts, host.name];
  const from = [...common, facts];
  if (before !== undefined && from.every((one, at) => one === before.from[at])) return before;
  const isSameElse = before !== undefined && common.every((one, at) => one === before.from[at]);
  // A port whose rows say what they said is not looked at again because of one beside it.
  const known = new Map((isSameElse ? before.list : []).map((port) => [port.fact, port]));
  const list = facts.map((fact) => known.get(fact) ?? fabricPort(input, verdicts, host, fact));
  return { from, list: before === undefined ? list : keptList(before.list, list, byName) };
}

function byName({ fact: a }: FabricPort, { fact: b }: FabricPort): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

const DEFAULT_UNDERLAY_MTU = 1500;

type MtuHost = PathEnd & { readonly ports: readonly FabricPort[]; readonly plain: unknown };

/** Of one host: what fits from there, by network and by port. */
interface HostMtus {
  readonly mtus: ReadonlyMap<Vni, number>;
  readonly ports: readonly FabricPort[];
}

/** Of all hosts, with what it follows from. */
export interface AllMtus {
  readonly of: ReadonlyMap<HostId, HostMtus & { readonly from: readonly unknown[] }>;
  /** Underlays and address families of all hosts, and the settings. */
  readonly underlays: readonly unknown[];
}

const NO_MTUS: ReadonlyMap<Vni, number> = new Map();
const NO_PATHS: ReadonlyMap<number, number> = new Map();

/** @param before what it came to the last time */
export function mtusAmong(
  input: { readonly tunnelType: TunnelType; readonly underlayMtu?: number; readonly tunnelChecksums?: boolean },
  hosts: readonly MtuHost[],
  members: ReadonlyMap<Vni, readonly number[]>,
  before: AllMtus | undefined,
): AllMtus {
  const { tunnelType, underlayMtu = DEFAULT_UNDERLAY_MTU, tunnelChecksums: checksums = false } = input;
  const settings = { tunnelType, underlayMtu, checksums };
  const now = hosts.flatMap((host) => [host.index, underlayMtuOf(host, settings), familyOf(host.tunnelIp)]);
  const underlays = kept(before?.underlays, [tunnelType, underlayMtu, checksums, ...now]);
  const at = new Map(hosts.flatMap((host) => (host.index === null ? [] : [[host.index, host] as const])));
  const even = evenMtu(hosts, settings);
  const of = new Map(
    hosts.map((host) => {
      const from = [underlays, members, host.wantedTunnels, host.ports, host.plain];
      const old = before?.of.get(host.id);
      if (old !== undefined && from.every((one, place) => one === old.from[place])) return [host.id, old] as const;
      return [host.id, { from, ...hostMtus(host, at, members, { ...settings, even }, old) }] as const;
    }),
  );
  return { of, underlays };
}

function hostMtus(
  host: MtuHost,
  at: ReadonlyMap<number, PathEnd>,
  members: ReadonlyMap<Vni, readonly number[]>,
  settings: MtuSettings & { readonly even: number | null },
  before: HostMtus | undefined,
): HostMtus {
  // What plain links let pass nobody tells.
  if (host.plain !== null) return { mtus: NO_MTUS, ports: host.ports };
  const vnis = new Set(host.ports.flatMap((port) => port.attachments.map((one) => one.network.vni)));
  const mtus = new Map<Vni, number>();
  const isEven = settings.even !== null && host.wantedTunnels.every(({ type }) => type === settings.tunnelType);
  const paths = isEven || vnis.size === 0 ? NO_PATHS : pathMtus(host, at, settings);
  for (const vni of vnis) {
    const mtu = isEven ? settings.even : mtuAmong(host, members.get(vni) ?? [], paths, settings);
    if (mtu !== null && host.index !== null) mtus.set(vni, mtu);
  }
  const ports = host.ports.map((port) => {
    const own = port.attachments.flatMap((one) => mtus.get(one.network.vni) ?? []);
    return withMtu(port, own.length === 0 ? null : Math.min(...own));
  });
  return {
    mtus: kept(before?.mtus, mtus),
    ports:
      before?.ports.length === ports.length && ports.every((one, place) => one === before.ports[place])
        ? before.ports
        : ports,
  };
}

const withMtuOf = new WeakMap<FabricPort, FabricPort>();

function withMtu(port: FabricPort, mtu: number | null): FabricPort {
  const known = withMtuOf.get(port);
  if (known?.mtu === mtu) return known;
  const made = Object.freeze({ ...port, mtu, problems: [...port.problems, ...mtuProblems(port.fact, mtu)] });
  withMtuOf.set(port, made);
  return made;
}
