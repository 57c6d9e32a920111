// A switch that was only given `set-controller`: no OVSDB, so its ports come from PORT_DESC.
import { OFPP, OFPPC, OFPPS, type PortDesc } from "../../proto/openflow13/index.ts";
import { diagnostic } from "../model/diagnostic.ts";
import type { HostFact, PortFact } from "../model/facts.ts";
import { endKey } from "../model/plain-links.ts";
import { FIRST_TUNNEL_PORT } from "../model/tunnel-types.ts";
import type { LinkFacts, PortRole, WatchedPort } from "./link-facts.ts";

/** Nobody has said what its ports carry, so each carries what comes: without a tag the default network, and every VLAN. */
const ALL_VLANS = Object.freeze({ tag: null, trunks: Object.freeze([]), vlanMode: "trunk" });

const NOT_A_GUESTS = Object.freeze({
  unknown: diagnostic("port/unknown", "it came up just now, and may be cabled to another switch", "wait a second"),
  link: diagnostic("port/link", "it is cabled to another switch", "weft topology shows the link"),
});

export function loneHostId(dpid: string): string {
  return `dpid:${dpid}`;
}

/** Port numbers in the tunnels' range are left out: on a host whose OVSDB is late they would be its tunnels. */
function isCabled(port: PortDesc): boolean {
  return port.portNo > 0 && port.portNo < FIRST_TUNNEL_PORT;
}

function isUp(port: PortDesc): boolean {
  return (port.state & OFPPS.LINK_DOWN) === 0 && (port.config & OFPPC.PORT_DOWN) === 0;
}

function isGuestPort(port: PortDesc): boolean {
  if (port.portNo === OFPP.LOCAL) return (port.config & OFPPC.PORT_DOWN) === 0;
  return isCabled(port);
}

/** Ports that may be cabled to another switch, and are up. @param listens see `WatchedPort.listens`. */
export function cabledPorts(
  dpid: string,
  ports: Iterable<PortDesc>,
  listens: (ofport: number) => boolean,
): readonly WatchedPort[] {
  return [...ports]
    .filter((port) => isCabled(port) && isUp(port))
    .map(({ portNo, name, hwAddr }) => ({ dpid, ofport: portNo, name, mac: hwAddr, listens: listens(portNo) }));
}

/** Whether frames that tell of links are to be listened for at a port. */
export function listeningPorts(ports: Iterable<PortDesc>): readonly number[] {
  return [...ports]
    .filter(isCabled)
    .map((port) => port.portNo)
    .sort((a, b) => a - b);
}

/** A port that has gone down is nobody's: it is known again some time after it came up. */
function roleOf(dpid: string, port: PortDesc, { roles }: Pick<LinkFacts, "roles">): PortRole {
  if (port.portNo === OFPP.LOCAL) return "guest";
  return roles.get(endKey({ dpid, ofport: port.portNo })) ?? "unknown";
}

export function loneSwitchFact(
  dpid: string,
  ports: Iterable<PortDesc>,
  ovsVersion: string | null,
  links: Pick<LinkFacts, "roles">,
): HostFact {
  const facts: PortFact[] = [];
  for (const port of ports) {
    if (!isGuestPort(port)) continue;
    const role = roleOf(dpid, port, links);
    facts.push(
      Object.freeze({
        name: port.name,
        ofport: port.portNo,
        type: port.portNo === OFPP.LOCAL ? "internal" : "",
        vlan: ALL_VLANS,
        networkName: null,
        storedVni: null,
        declaredMacs: port.portNo === OFPP.LOCAL ? [port.hwAddr] : [],
        inUse: true,
        up: (port.state & OFPPS.LINK_DOWN) === 0,
        excluded: role === "guest" ? null : NOT_A_GUESTS[role],
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
