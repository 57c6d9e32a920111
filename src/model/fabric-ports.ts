// A port in the fabric: its networks, who may speak there, whether it is cut off, and the MTU that fits.
import type { Diagnostic } from "./diagnostic.ts";
import type { EndpointSetting, HostFact, HostId, PortFact, SwitchFact, TunnelType, Vni } from "./facts.ts";
import { type Identity, takesPart } from "./identity.ts";
import { type Lock, lockOf, lockProblems } from "./locks.ts";
import { judgeLoops, type LoopFacts, type LoopPort, type LoopVerdict, NO_LOOPS, portKey } from "./loops.ts";
import { mtuAmong, mtuProblems, type PathEnd, pathMtus } from "./mtu.ts";
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
  if (loops.meetings.length === 0 && loops.held.size === 0 && loops.crossings === undefined) return new Map();
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
export function fabricPort(
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

const DEFAULT_UNDERLAY_MTU = 1500;

/** The same hosts, each with what fits from there, by network and by port. */
export function withMtus<H extends PathEnd & { readonly ports: readonly FabricPort[]; readonly plain: unknown }>(
  input: { readonly tunnelType: TunnelType; readonly underlayMtu?: number; readonly tunnelChecksums?: boolean },
  hosts: readonly H[],
  members: ReadonlyMap<Vni, ReadonlySet<number>>,
): readonly (H & { readonly mtus: ReadonlyMap<Vni, number> })[] {
  const { tunnelType, underlayMtu = DEFAULT_UNDERLAY_MTU, tunnelChecksums: checksums = false } = input;
  const settings = { tunnelType, underlayMtu, checksums };
  const at = new Map(hosts.flatMap((host) => (host.index === null ? [] : [[host.index, host] as const])));
  return hosts.map((host) => {
    // What plain links let pass nobody tells.
    if (host.plain !== null) return { ...host, mtus: new Map<Vni, number>() };
    const paths = pathMtus(host, at, settings);
    const mtus = new Map<Vni, number>();
    for (const vni of new Set(host.ports.flatMap((port) => port.attachments.map((one) => one.network.vni)))) {
      const mtu = mtuAmong(host, [...(members.get(vni) ?? [])], paths, settings);
      if (mtu !== null) mtus.set(vni, mtu);
    }
    const ports = host.ports.map((port) => {
      const own = port.attachments.flatMap((one) => mtus.get(one.network.vni) ?? []);
      const mtu = own.length === 0 ? null : Math.min(...own);
      return Object.freeze({ ...port, mtu, problems: [...port.problems, ...mtuProblems(port.fact, mtu)] });
    });
    return { ...host, ports, mtus };
  });
}
