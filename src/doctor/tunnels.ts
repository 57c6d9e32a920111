// Tunnels that do not carry frames, and in which direction: what BFD of the one end says set against that of the other.
import type { InterfaceRow } from "../../proto/ovsdb/vswitch-rows.ts";
import type { TunnelRowFact, TunnelType } from "../model/facts.ts";
import { shellWord } from "../model/shell-word.ts";
import { TUNNEL_TYPES } from "../model/tunnel-types.ts";
import type { WantedTunnel } from "../model/wanted-tunnels.ts";
import { type Examined, type ExaminedHost, type Finding, hasTunnels } from "./examined.ts";

/** One direction, as its receiver tells it. */
interface Direction {
  readonly from: ExaminedHost;
  readonly to: ExaminedHost;
  /** The tunnel by which `to` would hear it. */
  readonly row: TunnelRowFact;
  readonly wanted: WantedTunnel;
  /** As a firewall knows its frames. */
  readonly protocol: Protocol;
  /** null where BFD is off. */
  readonly heard: boolean | null;
}

export function tunnelFindings(examined: Examined): readonly Finding[] {
  const hosts = examined.hosts.filter(hasTunnels);
  const byId = new Map(hosts.map((one) => [one.host.id, one]));
  const found: Finding[] = [];
  const directions: Direction[] = [];
  for (const to of hosts) {
    if (to.rows === null || to.host.fact === null) continue;
    const interfaces = new Map([...to.rows.interfaces.values()].map((row) => [row.name, row]));
    const facts = new Map(to.host.fact.tunnels.map((row) => [keyOf(row, row.fabricId), row]));
    for (const wanted of to.host.wantedTunnels) {
      const from = byId.get(wanted.peerId);
      const row = facts.get(keyOf(wanted, to.fabric.id));
      const odd = oddRow(to, wanted, row);
      if (odd !== null) found.push(odd);
      // Why nothing comes from a host that is away needs no words; what has no port can't hear.
      else if (row !== undefined && from?.rows != null) {
        const held = interfaces.get(row.name);
        const protocol = protocolOf(wanted.type, held?.options.get("dst_port"));
        directions.push({ from, to, row, wanted, protocol, heard: hears(row, held) });
      }
    }
  }
  return [...found, ...silences(directions), ...unwatched(hosts)];
}

/**
 * In state `init` a session hears its peer and is not heard (RFC 5880, section 6.2): that tells the two directions apart,
 * which its being down does not.
 */
function hears({ bfd }: TunnelRowFact, held: InterfaceRow | undefined): boolean | null {
  if (bfd.kind === "off") return null;
  const state = held?.bfd_status.get("state");
  return state === "up" || state === "init";
}

/** Rows and wanted tunnels of one key are of one peer and kind. */
function keyOf(one: Pick<TunnelRowFact, "peerId" | "peerIndex" | "type" | "shared">, fabricId: string | null): string {
  return JSON.stringify([one.peerId, one.peerIndex, one.type, one.shared === true, fabricId]);
}

function oddRow({ host }: ExaminedHost, wanted: WantedTunnel, row: TunnelRowFact | undefined): Finding | null {
  const base = { host: host.id } as const;
  if (row === undefined) {
    return {
      ...{ ...base, code: "tunnel/missing", severity: "warning", subject: wanted.remoteIp },
      message: `there is no ${wanted.type} tunnel to ${wanted.peerId} (${wanted.remoteIp})`,
      remedy: "Weft makes it by itself; what keeps it from that stands among the host's problems",
      command: `weft drift ${shellWord(host.id)}`,
    };
  }
  if (row.error !== null || row.ofport === null) {
    const why = row.error ?? "Open vSwitch has not given it a port number";
    return {
      ...{ ...base, code: "tunnel/error", severity: "critical", subject: row.name },
      message: `tunnel ${row.name} to ${wanted.peerId} does not work: ${why}`,
      remedy:
        "Weft makes it anew when it is gone; an address that two tunnels share, or a missing kernel module, are the usual reasons",
      command: `ovs-vsctl del-port ${shellWord(row.name)}`,
    };
  }
  if (row.remoteIp !== wanted.remoteIp) {
    return {
      ...{ ...base, code: "tunnel/remote-ip", severity: "critical", subject: row.name },
      message: `tunnel ${row.name} to ${wanted.peerId} leads to ${row.remoteIp}, and the host is at ${wanted.remoteIp}`,
      remedy: "Weft puts it right by itself; while it stays, something writes against it",
      command: `ovs-vsctl set interface ${shellWord(row.name)} options:remote_ip=${quoted(wanted.remoteIp)}`,
    };
  }
  return null;
}

/** An IPv6 address has colons, which ovs-vsctl would read as the end of a key. */
function quoted(ip: string): string {
  return ip.includes(":") ? `'"${ip}"'` : ip;
}

/** Whoever hears none of several peers has one fault, not many. */
function silences(directions: readonly Direction[]): readonly Finding[] {
  const lost = directions.filter(({ heard }) => heard === false);
  if (lost.length === 0) return [];
  const key = (from: ExaminedHost, to: ExaminedHost, { wanted: { type } }: Direction): string =>
    JSON.stringify([from.host.id, to.host.id, type]);
  const isLost = new Set(lost.map((one) => key(one.from, one.to, one)));
  const found: Finding[] = [];
  const told = new Set<string>();
  for (const to of new Set(lost.map((one) => one.to))) {
    const all = directions.filter((one) => one.to === to && one.heard !== null);
    const missing = all.filter(({ heard }) => heard === false);
    if (missing.length < 2 || missing.length < all.length) continue;
    const deafAlone = missing.every((one) => !isLost.has(key(one.to, one.from, one)));
    found.push(cutOff(to, missing, deafAlone));
    for (const one of missing) {
      told.add(key(one.from, one.to, one));
      told.add(key(one.to, one.from, one));
    }
  }
  for (const one of lost) {
    if (told.has(key(one.from, one.to, one))) continue;
    const both = isLost.has(key(one.to, one.from, one));
    if (both) told.add(key(one.to, one.from, one));
    found.push(both ? cut(one) : oneWay(one));
  }
  return found;
}

interface Protocol {
  readonly words: string;
  /** For iptables. */
  readonly rule: string;
  /** For tcpdump, over IPv4 and IPv6 alike. */
  readonly filter: string;
}

/** How a firewall knows the frames of a tunnel. @param dstPort `options:dst_port`, where it is set. */
export function protocolOf(type: TunnelType, dstPort: string | undefined): Protocol {
  const { udpPort } = TUNNEL_TYPES[type];
  if (udpPort === null) return { words: "GRE (IP protocol 47)", rule: "-p gre", filter: "proto 47" };
  const port = dstPort !== undefined && /^\d{1,5}$/.test(dstPort) ? dstPort : String(udpPort);
  return { words: `UDP port ${port}`, rule: `-p udp --dport ${port}`, filter: `udp port ${port}` };
}

function addressOf({ host }: ExaminedHost): string {
  return host.tunnelIp ?? "ADDRESS";
}

function tables(ip: string): string {
  return ip.includes(":") ? "ip6tables" : "iptables";
}

function cutOff(to: ExaminedHost, missing: readonly Direction[], deafAlone: boolean): Finding {
  const words = [...new Set(missing.map(({ protocol }) => protocol.words))].join(" and ");
  const protocol = missing[0]?.protocol ?? protocolOf(to.fabric.tunnelType, undefined);
  const how = deafAlone
    ? "hears none of them, though they hear it and it reaches the controller"
    : "and they do not hear each other, though it reaches the controller";
  return {
    code: "host/tunnels-deaf",
    severity: "critical",
    host: to.host.id,
    others: missing.map(({ from }) => from.host.id),
    subject: to.host.tunnelIp,
    message: `none of its ${missing.length} tunnels carries frames: ${to.host.id} ${how}`,
    remedy: `let ${words} into ${addressOf(to)}, and out of it: a firewall on the host or before it is the usual reason; ${tcpdump(protocol, null)} on it shows whether they arrive`,
    command: `${tables(addressOf(to))} -I INPUT ${protocol.rule} -j ACCEPT`,
  };
}

function tcpdump({ filter }: Protocol, from: ExaminedHost | null): string {
  const source = from === null ? "" : ` and src ${addressOf(from)}`;
  return `tcpdump -ni any '${filter}${source}'`;
}

function cut({ from, to, row, protocol }: Direction): Finding {
  const { words } = protocol;
  return {
    code: "tunnel/cut",
    severity: "critical",
    host: to.host.id,
    others: [from.host.id],
    subject: row.name,
    message: `nothing passes between ${to.host.id} (${addressOf(to)}) and ${from.host.id} (${addressOf(from)}) by tunnel ${row.name}, either way, while both reach the controller`,
    remedy: `the path between the two addresses is cut, or a firewall there eats ${words}; where the command shows nothing on ${to.host.id}, they do not arrive`,
    command: tcpdump(protocol, from),
  };
}

function oneWay({ from, to, row, protocol }: Direction): Finding {
  const { words, rule } = protocol;
  return {
    code: "tunnel/one-way",
    severity: "critical",
    host: to.host.id,
    others: [from.host.id],
    subject: row.name,
    message: `tunnel ${row.name} works one way only: ${to.host.id} (${addressOf(to)}) does not hear ${from.host.id} (${addressOf(from)}), which hears it`,
    remedy: `see that ${words} from ${addressOf(from)} gets to ${addressOf(to)}: if a firewall on ${to.host.id} drops it: ${tables(addressOf(to))} -I INPUT ${rule} -s ${addressOf(from)} -j ACCEPT; where the command shows nothing, it is lost before`,
    command: tcpdump(protocol, from),
  };
}

function unwatched(hosts: readonly ExaminedHost[]): readonly Finding[] {
  const fabric = hosts[0]?.fabric;
  const tunnels = hosts.reduce((sum, { host }) => sum + host.wantedTunnels.length, 0);
  if (fabric === undefined || tunnels === 0 || (fabric.bfd.enabled && !fabric.flowBased)) return [];
  const why = fabric.flowBased ? "tunnels are flow-based, and have no BFD" : "bfd.enabled is false";
  return [
    {
      ...{ code: "tunnel/unwatched", severity: "note", host: null, subject: null },
      message: `nobody sees whether tunnels carry frames: ${why}`,
      remedy: "weft check sends probes through all of them",
      command: "weft check",
    },
  ];
}
