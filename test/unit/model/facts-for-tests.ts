// Facts for tests: short to write, whole to the code.
import type { HostFact, PortFact, SwitchFact, TunnelRowFact } from "../../../src/model/facts.ts";

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
    standing: { kind: "owned" },
    dpid: null,
    stored: null,
    tunnelIp: null,
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
    ...fields,
  };
}
