// Which pairs of hosts have a tunnel of their own.
import type { HostId } from "./facts.ts";

export type Topology =
  /** Every pair. */
  | { readonly kind: "mesh" }
  /** Every host to each hub; other pairs go by a hub. Hubs are named by id or name. */
  | {
      readonly kind: "hubs";
      readonly hubs: readonly string[];
      /** Pairs that have a tunnel all the same. */
      readonly direct: readonly (readonly [string, string])[];
    };

export const MESH: Topology = Object.freeze({ kind: "mesh" });

interface Named {
  readonly id: HostId;
  readonly name: string;
}

function isNamed(host: Named, text: string): boolean {
  return host.id === text || host.name === text;
}

export function isHub(topology: Topology, host: Named): boolean {
  return topology.kind === "hubs" && topology.hubs.some((hub) => isNamed(host, hub));
}

/** Whether two hosts are to have a tunnel between them. */
export function areLinked(topology: Topology, a: Named, b: Named): boolean {
  if (topology.kind === "mesh" || isHub(topology, a) || isHub(topology, b)) return true;
  return topology.direct.some(
    ([one, other]) => (isNamed(a, one) && isNamed(b, other)) || (isNamed(a, other) && isNamed(b, one)),
  );
}

/** Hosts that may pass on what is not for them. */
export function mayRelay(topology: Topology, host: Named): boolean {
  return topology.kind === "mesh" || isHub(topology, host);
}

/** Equal for equal topologies. */
export function topologyKey(topology: Topology): string {
  if (topology.kind === "mesh") return "mesh";
  return `hubs ${topology.hubs.join(",")} direct ${topology.direct.map((pair) => pair.join("-")).join(",")}`;
}
