// The fabric: everything concluded from the facts at one moment. Immutable; a change of facts gives a new one.
import type { BfdSettings } from "./bfd.ts";
import { deriveEndpoints, type EndpointInput, type FabricEndpoints } from "./fabric-endpoints.ts";
import { deriveTransport, stillRemembered, type Transport, type TransportInput } from "./fabric-transport.ts";
import type { TunnelType } from "./facts.ts";
import type { Topology } from "./topology.ts";

export type { FabricHost } from "./fabric-transport.ts";

export interface FabricInput extends TransportInput, EndpointInput {}

export interface Fabric extends Transport, FabricEndpoints {
  readonly id: string | null;
  readonly tunnelType: TunnelType;
  readonly bfd: BfdSettings;
  readonly topology: Topology;
}

/** Concludes the fabric from all facts. Pure: the same facts give the same fabric. */
export function deriveFabric(input: FabricInput, previous?: Fabric): Fabric {
  const remembered = stillRemembered(input);
  const transport = deriveTransport(input, remembered, previous);
  const endpoints = deriveEndpoints(input, transport.hosts, remembered, previous);
  return Object.freeze({
    id: input.fabricId,
    tunnelType: input.tunnelType,
    bfd: input.bfd,
    topology: input.topology,
    ...transport,
    ...endpoints,
  });
}
