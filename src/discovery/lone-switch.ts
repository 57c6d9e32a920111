// A switch that was only given `set-controller`: no OVSDB, so its ports come from PORT_DESC.
import { OFPP, OFPPC, OFPPS, type PortDesc } from "../../proto/openflow13/index.ts";
import type { HostFact, PortFact } from "../model/facts.ts";
import { FIRST_TUNNEL_PORT } from "../model/tunnel-types.ts";

const NO_VLAN_COLUMNS = Object.freeze({ tag: null, trunks: Object.freeze([]), vlanMode: null });

export function loneHostId(dpid: string): string {
  return `dpid:${dpid}`;
}

/** Port numbers in the tunnels' range are left out: on a host whose OVSDB is late they would be its tunnels. */
function isGuestPort(port: PortDesc): boolean {
  if (port.portNo === OFPP.LOCAL) return (port.config & OFPPC.PORT_DOWN) === 0;
  return port.portNo > 0 && port.portNo < FIRST_TUNNEL_PORT;
}

export function loneSwitchFact(dpid: string, ports: Iterable<PortDesc>, ovsVersion: string | null): HostFact {
  const facts: PortFact[] = [];
  for (const port of ports) {
    if (!isGuestPort(port)) continue;
    facts.push(
      Object.freeze({
        name: port.name,
        ofport: port.portNo,
        type: port.portNo === OFPP.LOCAL ? "internal" : "",
        vlan: NO_VLAN_COLUMNS,
        networkName: null,
        storedVni: null,
        declaredMacs: port.portNo === OFPP.LOCAL ? [port.hwAddr] : [],
        inUse: true,
        up: (port.state & OFPPS.LINK_DOWN) === 0,
        excluded: null,
        problems: [],
      }),
    );
  }
  const id = loneHostId(dpid);
  return Object.freeze({
    id,
    name: id,
    ovsVersion,
    bridgeName: "",
    datapathType: null,
    // OpenFlow does not tell.
    userspaceDatapath: false,
    standing: { kind: "owned" } as const,
    dpid,
    stored: null,
    tunnelIp: null,
    tunnelTypes: null,
    ports: Object.freeze(facts.sort((a, b) => (a.name < b.name ? -1 : 1))),
    tunnels: [],
    problems: [],
  });
}
