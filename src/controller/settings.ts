// The configuration in the terms of the parts it is given to.
import { isInRanges, tryParseIpRange } from "../../proto/bytes/ip-range.ts";
import type { NetworkConfig, WeftConfig } from "../config/index.ts";
import type { AdmissionRules } from "../model/admission.ts";
import type { EndpointSetting, HostId, NetworkSetting } from "../model/facts.ts";
import type { MobilityRules } from "../model/mobility.ts";
import { DEFAULT_POLICY, type NetworkPolicy } from "../model/policy.ts";
import { MESH, type Topology } from "../model/topology.ts";
import type { PipelineSettings } from "../pipeline/context.ts";
import { loadApprovalSecret } from "./approval-secret.ts";

export interface AdmissionSettings {
  readonly rules: AdmissionRules;
  /** null where nobody is approved. */
  readonly secret: Uint8Array | null;
  readonly mayConnect: (remoteAddress: string) => boolean;
}

export function knownHosts({ hosts }: WeftConfig): AdmissionRules["known"] {
  return new Set(Object.keys(hosts));
}

/** @throws WeftError `admission/secret-file` */
export function admissionSettings(config: WeftConfig): AdmissionSettings {
  const { admit, admission } = config;
  const ranges = admission.allow.flatMap((text) => tryParseIpRange(text) ?? []);
  return {
    rules: { admit, known: knownHosts(config) },
    secret: admit === "approve" && admission.secretFile !== null ? loadApprovalSecret(admission.secretFile) : null,
    mayConnect: (remoteAddress) => ranges.length === 0 || isInRanges(remoteAddress, ranges),
  };
}

export interface HostSetting {
  readonly name: string | null;
  readonly tunnelIp: string | null;
  readonly bridge: string | null;
  readonly index: number | null;
}

const NO_HOST_SETTING: HostSetting = Object.freeze({ name: null, tunnelIp: null, bridge: null, index: null });

export function hostSettings(config: WeftConfig): ReadonlyMap<HostId, HostSetting> {
  return new Map(
    Object.entries(config.hosts).map(([id, host]) => [
      id,
      {
        name: host.name ?? null,
        tunnelIp: host.tunnelIp ?? null,
        bridge: host.bridge ?? null,
        index: host.index ?? null,
      },
    ]),
  );
}

export function hostSetting(settings: ReadonlyMap<HostId, HostSetting>, id: HostId): HostSetting {
  return settings.get(id) ?? NO_HOST_SETTING;
}

function policyOf(network: NetworkConfig): { policy?: NetworkPolicy } {
  const { unknownUnicast, multicast, floodKbps, locked } = network;
  if ([unknownUnicast, multicast, floodKbps, locked].every((one) => one === undefined)) return {};
  return {
    policy: {
      unknownUnicast: unknownUnicast ?? DEFAULT_POLICY.unknownUnicast,
      multicast: multicast ?? DEFAULT_POLICY.multicast,
      floodKbps: floodKbps ?? DEFAULT_POLICY.floodKbps,
      locked: locked ?? DEFAULT_POLICY.locked,
    },
  };
}

export function topologyOf({ topology }: WeftConfig): Topology {
  if (topology.hubs.length === 0) return MESH;
  return { kind: "hubs", hubs: topology.hubs, direct: topology.direct };
}

export function networkSettings(config: WeftConfig): readonly NetworkSetting[] {
  return Object.entries(config.networks).map(([name, network]) => ({
    name,
    vni: network.vni ?? null,
    tag: network.tag ?? null,
    ...policyOf(network),
    ...(network.answer === undefined ? {} : { answer: network.answer }),
  }));
}

export function endpointSettings(config: WeftConfig): readonly EndpointSetting[] {
  return config.endpoints.static.map(({ mac, ips, network, host, port }) => {
    return { mac, ips: [...(ips ?? [])].sort(), network: network ?? null, host, port };
  });
}

/** An ARP probe is answered in milliseconds, but the way to the station has to be opened first, and may be busy. */
const PROOF_MS = 1000;

export function mobilityRules({ endpoints }: WeftConfig): MobilityRules {
  return {
    duplicateWindowMs: endpoints.duplicateWindowSec * 1000,
    quietMs: endpoints.freezeSec * 1000,
    moves: { count: endpoints.moves.count, windowMs: endpoints.moves.windowSec * 1000 },
    proofMs: PROOF_MS,
  };
}

/** What the weaver draws by; may change while it runs. */
export function weaverSettings(config: WeftConfig) {
  return {
    tunnelType: config.tunnel.type,
    tunnelOptions: config.tunnel,
    bfd: config.bfd,
    topology: topologyOf(config),
    flowBased: { mode: config.tunnel.flowBased, above: config.tunnel.flowBasedAbove },
    datapathType: config.datapathType,
    networkSettings: networkSettings(config),
    endpointSettings: endpointSettings(config),
    hostSettings: hostSettings(config),
    pipeline: pipelineSettings(config),
    underlayMtu: config.underlayMtu,
    requestMtu: config.mtu.request,
    pinTunnelIps: config.tunnel.pinAddress ?? config.admit !== "all",
  };
}

export function pipelineSettings(config: WeftConfig): PipelineSettings {
  return {
    idleTimeoutSec: config.endpoints.idleTimeoutSec,
    puntsPerSecond: config.punts.packetsPerSecond,
    puntBurst: config.punts.burst,
    loopProbes: config.loops.probeSec > 0,
  };
}
