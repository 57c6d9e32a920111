// Which ports are probed for loops, and how their networks' frames look there.
import type { Fabric } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import type { ProbedPort } from "./loop-watch.ts";

/** Blocked ports too: a loop that is gone shows in nothing else. @param switchOf null: no probe can be sent there now. */
export function probedPortsOf(
  fabrics: Iterable<Fabric>,
  switchOf: (host: HostId) => string | null,
): readonly ProbedPort[] {
  const ports: ProbedPort[] = [];
  for (const fabric of fabrics) {
    const [island] = fabric.hosts.keys();
    for (const host of fabric.hosts.values()) {
      const dpid = switchOf(host.id);
      if (dpid === null) continue;
      for (const { fact, carried } of host.ports) {
        // VLANs that are no networks are not probed: there are too many of them.
        const ways = carried
          .filter(({ except }) => except === undefined)
          .map(({ network, ingressVlans, egressVlan }) => ({ vni: network.vni, ingressVlans, egressVlan }));
        if (fact.ofport === null || ways.length === 0) continue;
        // An island of switches without OVSDB is a fabric of its own.
        ports.push({ fabricId: fabric.id ?? island ?? dpid, hostId: host.id, dpid, ofport: fact.ofport, ways });
      }
    }
  }
  return ports;
}
