// What leads from host to host beside Weft's own tunnels, below the table of the fabric: relays in use, hand-made tunnels, links.
import type { ForeignTunnelView, LinkView, RelayView, TopologyView } from "../views.ts";
import { namer } from "./graph.ts";
import { paint, type Style } from "./style.ts";
import { type Column, tableLines } from "./table.ts";
import { stateTone } from "./tones.ts";

/** Each a section of its own; none where there is nothing to tell. */
export function edgeSections(view: TopologyView, style: Style): readonly (readonly string[])[] {
  const nameOf = namer(view.hosts);
  const relays: readonly Column<RelayView>[] = [
    { title: "FROM", value: (relay) => nameOf(relay.from) },
    { title: "TO", value: (relay) => nameOf(relay.to) },
    { title: "BY", value: (relay) => nameOf(relay.by) },
    { title: "WHY", value: (relay) => relay.reason, shrinkTo: 12 },
  ];
  const foreign: readonly Column<ForeignTunnelView>[] = [
    { title: "HOST", value: (tunnel) => nameOf(tunnel.host) },
    { title: "NAME", value: (tunnel) => tunnel.name },
    { title: "TYPE", value: (tunnel) => tunnel.type },
    { title: "REMOTE IP", value: (tunnel) => tunnel.remoteIp },
    { title: "TO", value: (tunnel) => (tunnel.to === null ? null : nameOf(tunnel.to)) },
    { title: "STATE", value: (tunnel) => tunnel.state },
    { title: "WHY", value: (tunnel) => tunnel.reason, shrinkTo: 12 },
  ];
  const links: readonly Column<LinkView>[] = [
    { title: "FROM", value: (link) => nameOf(link.from) },
    { title: "PORT", value: (link) => link.fromPort },
    { title: "TO", value: (link) => nameOf(link.to) },
    { title: "PORT", value: (link) => link.toPort },
    { title: "STATE", value: (link) => link.state, tone: (link) => stateTone(link.state) },
    { title: "REASON", value: (link) => link.reason, shrinkTo: 12 },
  ];
  return [
    section("Relays in use", relays, view.relays ?? [], style),
    section("Hand-made tunnels", foreign, view.foreignTunnels ?? [], style),
    section("Links", links, view.links ?? [], style),
  ];
}

/** A large fabric with hubs has a relay for nearly every pair. */
const ROWS_SHOWN = 32;

function section<Row>(
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): readonly string[] {
  if (rows.length === 0) return [];
  const narrow = { ...style, width: style.width === null ? null : Math.max(20, style.width - 2) };
  const lines = tableLines(columns, rows.slice(0, ROWS_SHOWN), narrow).map((line) => `  ${line}`);
  const more = rows.length > ROWS_SHOWN ? [`  ${rows.length - ROWS_SHOWN} more: weft topology --json`] : [];
  return [paint(title, "strong", style), ...lines, ...more];
}
