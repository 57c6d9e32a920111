// The picture of the fabric: hosts with their guests as a tree, tunnels as a matrix, networks.
import type { EndpointView, HostView, TopologyView } from "../views.ts";
import { edgeSections } from "./edges.ts";
import { NETWORKS } from "./lists.ts";
import { matrixLines } from "./matrix.ts";
import { nobodyText } from "./nobody.ts";
import { problemLines } from "./problems.ts";
import { pad, paint, printable, type Style, shorten, widthOf } from "./style.ts";
import { type Column, tableLines } from "./table.ts";
import { stateTone } from "./tones.ts";

/** More hosts than this are counted, those that are well first: `weft hosts` lists them. */
const HOSTS_SHOWN = 48;
/** More guests than this on one host are counted, not listed: `weft endpoints` lists them. */
const GUESTS_SHOWN = 24;

export function topologyText(view: TopologyView, style: Style, uptimeSec?: number): string {
  const sections = [
    [summary(view, style, uptimeSec)],
    hostTree(view, style),
    matrixLines(view, style),
    ...edgeSections(view, style),
    view.networks.length === 0 ? [] : networkLines(view, style),
  ];
  const problems = view.hosts.flatMap((host) => host.problems.map((problem) => ({ where: host.name, problem })));
  const body = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${body.join("\n\n")}\n${problemLines(problems, style)
    .map((line) => `${line}\n`)
    .join("")}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function summary(view: TopologyView, style: Style, uptimeSec: number | undefined): string {
  const name = view.fabric === null ? "Fabric" : `Fabric ${printable(view.fabric)}`;
  const up = view.hosts.filter((host) => host.state === "up").length;
  const hosts = up === view.hosts.length ? count(up, "host") : `${up} of ${count(view.hosts.length, "host")} up`;
  const counts = [
    hosts,
    count(view.tunnels.length, "tunnel"),
    ...(view.links.length === 0 ? [] : [count(view.links.length, "link")]),
    count(view.networks.length, "network"),
    count(view.endpoints.length, "endpoint"),
  ];
  const lines = `${paint(name, "strong", style)}: ${counts.join(", ")}`;
  if (view.hosts.length > 0) return lines;
  return `${lines}\n\n${nobodyText(uptimeSec)}`;
}

function hostTree(view: TopologyView, style: Style): readonly string[] {
  if (view.hosts.length === 0) return [];
  const guests = new Map<string, EndpointView[]>();
  for (const endpoint of view.endpoints) {
    const known = guests.get(endpoint.host);
    if (known === undefined) guests.set(endpoint.host, [endpoint]);
    else known.push(endpoint);
  }
  const widest = (texts: readonly string[]) => texts.reduce((width, text) => Math.max(width, widthOf(text)), 0);
  const widths = {
    name: widest(view.hosts.map((host) => printable(host.name))),
    index: widest(view.hosts.map(indexText)),
    state: widest(view.hosts.map((host) => host.state)),
  };
  const columns = guestColumns(view.endpoints);
  const shown = hostsShown(view.hosts);
  const lines = view.hosts
    .filter((host) => shown.has(host))
    .flatMap((host) => [hostLine(host, widths, style), ...guestLines(guests.get(host.id) ?? [], columns, style)]);
  const left = view.hosts.filter((host) => !shown.has(host));
  if (left.length === 0) return lines;
  const up = left.filter(({ state }) => state === "up").length;
  return [...lines, `and ${left.length} more, ${up === left.length ? "all" : up} of them up: weft hosts`];
}

/** With too many, those of which something is to be said, then the first of the others. */
function hostsShown(hosts: readonly HostView[]): ReadonlySet<HostView> {
  const isOdd = ({ state, problems }: HostView): boolean => state !== "up" || problems.length > 0;
  const order = hosts.length > HOSTS_SHOWN ? [...hosts.filter(isOdd), ...hosts.filter((host) => !isOdd(host))] : hosts;
  return new Set(order.slice(0, HOSTS_SHOWN));
}

function isLone({ id }: HostView): boolean {
  return id.startsWith("dpid:");
}

function indexText(host: HostView): string {
  return host.index === null ? "" : `#${host.index}`;
}

function hostLine(
  host: HostView,
  widths: { readonly name: number; readonly index: number; readonly state: number },
  style: Style,
): string {
  const name = paint(pad(printable(host.name), widths.name), "strong", style);
  const state = paint(pad(host.state, widths.state), stateTone(host.state), style);
  // A switch without OVSDB has neither, and needs neither.
  const facts = isLone(host)
    ? "switch without OVSDB"
    : [host.tunnelIp ?? "no tunnel IP", host.bridge ?? "no bridge"].map(printable).join("  ");
  return `${name}  ${pad(indexText(host), widths.index)}  ${state}  ${facts}`;
}

const GUEST_COLUMNS: readonly Column<EndpointView>[] = [
  { title: "port", value: (guest) => guest.port },
  { title: "mac", value: (guest) => guest.mac },
  { title: "ips", value: (guest) => guest.ips.join(", ") },
  { title: "network", value: (guest) => guest.network },
];

interface GuestColumn {
  readonly column: Column<EndpointView>;
  readonly width: number;
}

/** One width for all hosts, so that guests of different hosts stand below each other. */
function guestColumns(endpoints: readonly EndpointView[]): readonly GuestColumn[] {
  return GUEST_COLUMNS.map((column) => ({
    column,
    width: endpoints.reduce((widest, guest) => Math.max(widest, widthOf(guestCell(column, guest))), 1),
  }));
}

function guestCell(column: Column<EndpointView>, guest: EndpointView): string {
  const text = String(column.value(guest) ?? "");
  return text === "" ? "-" : printable(text);
}

function guestLines(guests: readonly EndpointView[], columns: readonly GuestColumn[], style: Style): readonly string[] {
  const shown = guests.slice(0, GUESTS_SHOWN);
  const rest = guests.length - shown.length;
  const texts = shown.map((guest) =>
    columns
      .map(({ column, width }) => pad(guestCell(column, guest), width))
      .join("  ")
      .trimEnd(),
  );
  if (rest > 0) texts.push(`${rest} more: weft endpoints`);
  return texts.map((text, at) => {
    const branch = at === texts.length - 1 ? "└─ " : "├─ ";
    const fitting = style.width === null ? text : shorten(text, Math.max(10, style.width - 3));
    return `${paint(branch, "dim", style)}${fitting}`;
  });
}

function networkLines(view: TopologyView, style: Style): readonly string[] {
  const names = new Map(view.hosts.map((host) => [host.id, host.name]));
  const networks = view.networks.map((network) => ({
    ...network,
    hosts: network.hosts.map((host) => names.get(host) ?? host),
  }));
  return [paint("Networks", "strong", style), ...indent(tableLines(NETWORKS.columns, networks, narrower(style, 2)))];
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === "" ? line : `  ${line}`));
}

function narrower(style: Style, by: number): Style {
  return { ...style, width: style.width === null ? null : Math.max(20, style.width - by) };
}
