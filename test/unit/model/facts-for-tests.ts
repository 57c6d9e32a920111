// Facts for tests: short to write, whole to the code.
import { deriveFabric, type Fabric, type FabricInput } from "../../../src/model/fabric.ts";
import type { HostFact, Lane, PortFact, SwitchFact, TunnelRowFact } from "../../../src/model/facts.ts";
import { NO_DECISIONS, resolveIdentities } from "../../../src/model/identity.ts";
import { laneKey } from "../../../src/model/lanes.ts";
import { MESH } from "../../../src/model/topology.ts";
import type { VlanColumns } from "../../../src/model/vlan.ts";

export const FABRIC = "f0";

export function portFact(fields: Partial<PortFact> & Pick<PortFact, "name">): PortFact {
  return {
    ofport: 1,
    type: "",
    vlan: { tag: null, trunks: [], vlanMode: null },
    networkName: null,
    storedVni: null,
    declaredMacs: [],
    up: true,
    inUse: true,
    excluded: null,
    problems: [],
    ...fields,
  };
}

export function hostFact(fields: Partial<HostFact> & Pick<HostFact, "id">): HostFact {
  return {
    name: fields.id,
    ovsVersion: "3.1.0",
    bridgeName: "br-int",
    datapathType: null,
    userspaceDatapath: true,
    standing: { kind: "owned" },
    dpid: null,
    stored: null,
    tunnelIp: null,
    tunnelTypes: null,
    ports: [],
    tunnels: [],
    problems: [],
    ...fields,
  };
}

export function tunnelTo(
  peerId: string,
  peerIndex: number,
  remoteIp: string,
  fields: Partial<TunnelRowFact> = {},
): TunnelRowFact {
  return {
    name: `geneve${peerIndex}`,
    type: "geneve",
    ofport: 0xa000 + peerIndex,
    remoteIp,
    peerId,
    peerIndex,
    fabricId: FABRIC,
    linkUp: true,
    bfd: { kind: "up" },
    error: null,
    ...fields,
  };
}

export function switchFact(fields: Partial<SwitchFact> = {}): SwitchFact {
  return {
    dpid: "0000000000000001",
    ownIndex: null,
    maxMeter: 1000,
    observed: [],
    receivesOn: new Set(),
    sendsBy: new Map(),
    relaysBy: new Map(),
    relaysTo: new Map(),
    ...fields,
  };
}

/** A tunnel of a peer's own. */
export function own(port: number): Lane {
  return { port, toward: null };
}

/** As in `SwitchFact.receivesOn`. */
export function receiving(...ports: readonly number[]): ReadonlySet<string> {
  return new Set(ports.map((port) => laneKey(own(port))));
}

export function stored(id: string, index: number, fabricId = FABRIC): NonNullable<HostFact["stored"]> {
  return { index, fabricId, hostId: id };
}

export function vlan(tag: number | null, trunks: readonly number[] = [], vlanMode: string | null = null): VlanColumns {
  return { tag, trunks, vlanMode };
}

/** The fabric of these hosts and their switches, some time after the controller's start. */
export function derive(
  hosts: readonly HostFact[],
  switches: Readonly<Record<string, SwitchFact>> = {},
  fields: Partial<FabricInput> = {},
  previous?: Fabric,
): Fabric {
  const { identities } = resolveIdentities({
    hosts,
    settings: new Map(),
    configuredFabricId: FABRIC,
    decisions: NO_DECISIONS,
    holding: false,
    indexesInFlows: new Set(),
    forgotten: new Set(),
    newFabricId: () => FABRIC,
  });
  const input: FabricInput = {
    fabricId: FABRIC,
    tunnelType: "geneve",
    networkSettings: [],
    identities,
    hostFacts: new Map(hosts.map((host) => [host.id, host])),
    switchFacts: new Map(Object.entries(switches)),
    remembered: [],
    holding: false,
    keepTunnel: () => false,
    bfd: { enabled: true, packetsPerSecond: 200 },
    topology: MESH,
  };
  return deriveFabric({ ...input, ...fields }, previous);
}
