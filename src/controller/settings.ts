// The configuration in the terms of the parts it is given to.
import type { NetworkConfig, WeftConfig } from "../config/index.ts";
import type { HostId, NetworkSetting } from "../model/facts.ts";
import { DEFAULT_POLICY, type NetworkPolicy } from "../model/policy.ts";
import { MESH, type Topology } from "../model/topology.ts";
import type { PipelineSettings } from "../pipeline/context.ts";

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

export function pipelineSettings(config: WeftConfig): PipelineSettings {
  return {
    idleTimeoutSec: config.endpoints.idleTimeoutSec,
    puntsPerSecond: config.punts.packetsPerSecond,
    puntBurst: config.punts.burst,
    loopProbes: config.loops.probeSec > 0,
  };
}
