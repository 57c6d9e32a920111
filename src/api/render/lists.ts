// The queries that answer a list: their columns for people, their fields for spreadsheets, their words for nothing.
import type { EndpointView, HostView, NetworkView, PortView, ProblemView, TunnelView } from "../views.ts";
import type { CsvField } from "./csv.ts";
import { nobodyText } from "./nobody.ts";
import type { LocatedProblem } from "./problems.ts";
import type { Column } from "./table.ts";
import { stateTone } from "./tones.ts";

export interface ListRendering<Row> {
  readonly columns: readonly Column<Row>[];
  readonly fields: readonly CsvField<Row>[];
  /** Said instead of a table without rows. */
  readonly empty: string;
  problems?(rows: readonly Row[]): readonly LocatedProblem[];
}

const words = (list: readonly (string | number)[]) => list.join(" ");
const commas = (list: readonly (string | number)[]) => list.join(", ");
const codes = (problems: readonly ProblemView[]) => words(problems.map((problem) => problem.code));
const connected = (state: string) => (state === "connected" ? "up" : "down");

/** The fields whose CSV value is the view's own. */
function plain<Row>(...names: readonly (keyof Row & string)[]): readonly CsvField<Row>[] {
  return names.map((name) => ({ name, value: (row) => row[name] as string | number | null }));
}

/** `3/5` while the switch lacks some, else the one number. */
export function flowCount({ flows }: HostView): string {
  return flows.installed === flows.desired ? `${flows.desired}` : `${flows.installed}/${flows.desired}`;
}

/** The bridge's own port in OpenFlow 1.3 (OFPP_LOCAL, section 7.2.1). */
const OFPP_LOCAL = 0xffff_fffe;

export const HOSTS: ListRendering<HostView> = {
  columns: [
    { title: "INDEX", value: (host) => host.index, align: "right" },
    { title: "NAME", value: (host) => host.name, shrinkTo: 8, tone: () => "strong" },
    { title: "STATE", value: (host) => host.state, tone: (host) => stateTone(host.state) },
    { title: "TUNNEL IP", value: (host) => host.tunnelIp },
    { title: "BRIDGE", value: (host) => host.bridge },
    { title: "OVSDB", value: (host) => connected(host.ovsdb), tone: (host) => stateTone(connected(host.ovsdb)) },
    {
      title: "OPENFLOW",
      value: (host) => connected(host.openflow),
      tone: (host) => stateTone(connected(host.openflow)),
    },
    {
      title: "FLOWS",
      value: flowCount,
      align: "right",
      tone: (host) => (host.flows.installed === host.flows.desired ? undefined : "warn"),
    },
    { title: "OVS", value: (host) => host.ovsVersion },
    { title: "ID", value: (host) => host.id, shrinkTo: 10 },
  ],
  fields: [
    ...plain<HostView>("id", "name", "index", "tunnelIp", "bridge", "dpid", "ovsdb", "openflow", "state", "ovsVersion"),
    { name: "flowsDesired", value: (host) => host.flows.desired },
    { name: "flowsInstalled", value: (host) => host.flows.installed },
    { name: "problems", value: (host) => codes(host.problems) },
  ],
  empty: nobodyText(undefined),
  problems: (hosts) => hosts.flatMap((host) => host.problems.map((problem) => ({ where: host.name, problem }))),
};

export const TUNNELS: ListRendering<TunnelView> = {
  columns: [
    { title: "FROM", value: (tunnel) => tunnel.from, shrinkTo: 8, tone: () => "strong" },
    { title: "TO", value: (tunnel) => tunnel.to, shrinkTo: 8, tone: () => "strong" },
    { title: "TYPE", value: (tunnel) => tunnel.type },
    { title: "STATE", value: (tunnel) => tunnel.state, tone: (tunnel) => stateTone(tunnel.state) },
    { title: "NAME", value: (tunnel) => tunnel.name },
    { title: "OFPORT", value: (tunnel) => tunnel.ofport, align: "right" },
    { title: "REMOTE IP", value: (tunnel) => tunnel.remoteIp },
    { title: "REASON", value: (tunnel) => tunnel.reason, shrinkTo: 12 },
  ],
  fields: plain("from", "to", "type", "state", "name", "ofport", "remoteIp", "reason"),
  empty: "There is no tunnel: they need two hosts with an index and a tunnel IP (weft hosts).",
};

export const PORTS: ListRendering<PortView> = {
  columns: [
    { title: "HOST", value: (port) => port.host, shrinkTo: 8, tone: () => "strong" },
    { title: "PORT", value: (port) => port.name },
    { title: "OFPORT", value: (port) => (port.ofport === OFPP_LOCAL ? "LOCAL" : port.ofport), align: "right" },
    { title: "TYPE", value: (port) => port.type },
    { title: "MODE", value: (port) => port.mode },
    { title: "TAG", value: (port) => port.tag, align: "right" },
    { title: "TRUNKS", value: (port) => commas(port.trunks), shrinkTo: 8 },
    { title: "NETWORKS", value: (port) => commas(port.networks), shrinkTo: 10 },
    { title: "FITS", value: (port) => port.mtu, align: "right" },
    {
      title: "STATE",
      value: (port) => (port.blocked ? "blocked" : port.state),
      tone: (port) => stateTone(port.blocked ? "error" : port.state),
    },
  ],
  fields: [
    ...plain<PortView>("host", "name", "ofport", "type", "mode", "tag"),
    { name: "trunks", value: (port) => words(port.trunks) },
    { name: "networks", value: (port) => words(port.networks) },
    ...plain<PortView>("state", "mtu"),
    { name: "locked", value: (port) => String(port.locked) },
    { name: "blocked", value: (port) => String(port.blocked) },
    { name: "problems", value: (port) => codes(port.problems) },
  ],
  empty: "There is no port. On a host: ovs-vsctl add-port br-int NAME",
  problems: (ports) =>
    ports.flatMap((port) =>
      port.problems
        // A cable between switches is as it should be: the topology shows it, and what is wrong with it.
        .filter((problem) => problem.code !== "port/link")
        .map((problem) => ({ where: `${port.host} ${port.name}`, problem })),
    ),
};

export const ENDPOINTS: ListRendering<EndpointView> = {
  columns: [
    { title: "MAC", value: (endpoint) => endpoint.mac, tone: () => "strong" },
    { title: "IPS", value: (endpoint) => commas(endpoint.ips), shrinkTo: 15 },
    { title: "NETWORK", value: (endpoint) => endpoint.network, shrinkTo: 8 },
    { title: "HOST", value: (endpoint) => endpoint.host, shrinkTo: 8 },
    { title: "PORT", value: (endpoint) => endpoint.port },
    { title: "ORIGIN", value: (endpoint) => endpoint.origin },
  ],
  fields: [
    ...plain<EndpointView>("mac"),
    { name: "ips", value: (endpoint) => words(endpoint.ips) },
    ...plain<EndpointView>("network", "host", "port", "origin"),
  ],
  empty: "No endpoint is known yet: one is when a guest sends its first frame.",
};

export const NETWORKS: ListRendering<NetworkView> = {
  columns: [
    { title: "NAME", value: (network) => network.name, shrinkTo: 8, tone: () => "strong" },
    { title: "VNI", value: (network) => network.vni, align: "right" },
    { title: "TAG", value: (network) => network.tag, align: "right" },
    { title: "MTU", value: (network) => network.mtu, align: "right" },
    { title: "PORTS", value: (network) => network.ports, align: "right" },
    { title: "ENDPOINTS", value: (network) => network.endpoints, align: "right" },
    { title: "HOSTS", value: (network) => commas(network.hosts), shrinkTo: 12 },
  ],
  fields: [
    ...plain<NetworkView>("name", "vni", "tag"),
    { name: "hosts", value: (network) => words(network.hosts) },
    ...plain<NetworkView>("ports", "endpoints", "mtu"),
  ],
  empty: "There is no network yet: one is where its first port is.",
};
