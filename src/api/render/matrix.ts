// Tunnels between hosts as a matrix, from the row's host to the column's; a large fabric's as a count and the ones not up.
import type { TopologyView, TunnelView } from "../views.ts";
import { pad, paint, printable, type Style, widthOf } from "./style.ts";
import { stateTone } from "./tones.ts";

/** A matrix of more hosts is no picture any more. */
const MATRIX_HOSTS = 16;
const EDGES_SHOWN = 32;
const NO_TUNNEL = "·";

export function matrixLines(view: TopologyView, style: Style): readonly string[] {
  if (view.tunnels.length === 0) return [];
  const types = [...new Set(view.tunnels.map((tunnel) => printable(tunnel.type)))].sort();
  const title = paint(`Tunnels (${types.join(", ")})`, "strong", style);
  const names = new Map(view.hosts.map((host) => [host.id, printable(host.name)]));
  const ids = hostIds(view);
  const nameOf = (id: string) => names.get(id) ?? printable(id);
  const labels = [ids.map(nameOf), ids.map((id) => indexLabel(view, id))];
  for (const columns of ids.length > MATRIX_HOSTS ? [] : labels) {
    const lines = matrix(view.tunnels, ids, ids.map(nameOf), columns, types.length > 1, style);
    if (lines !== null) return [title, ...lines];
  }
  return [title, ...edgeLines(view.tunnels, nameOf, style)];
}

/** In the order of the hosts; a host that is only named by a tunnel comes after them. */
function hostIds(view: TopologyView): readonly string[] {
  const inTunnels = new Set(view.tunnels.flatMap((tunnel) => [tunnel.from, tunnel.to]));
  const known = view.hosts.map((host) => host.id).filter((id) => inTunnels.has(id));
  return [...new Set([...known, ...inTunnels])];
}

function indexLabel(view: TopologyView, id: string): string {
  const index = view.hosts.find((host) => host.id === id)?.index;
  return index === undefined || index === null ? "#?" : `#${index}`;
}

/** null where it is wider than the terminal. */
function matrix(
  tunnels: readonly TunnelView[],
  ids: readonly string[],
  rows: readonly string[],
  columns: readonly string[],
  mixed: boolean,
  style: Style,
): readonly string[] | null {
  const cells = new Map<string, { readonly text: string; readonly state: string }[]>();
  for (const tunnel of tunnels) {
    const key = `${tunnel.from}\0${tunnel.to}`;
    const text = mixed ? `${printable(tunnel.type)}:${tunnel.state}` : tunnel.state;
    cells.set(key, [...(cells.get(key) ?? []), { text, state: tunnel.state }]);
  }
  const cell = (from: string, to: string) => cells.get(`${from}\0${to}`) ?? [];
  const plain = (from: string, to: string) =>
    cell(from, to)
      .map(({ text }) => text)
      .join(",") || NO_TUNNEL;
  const first = Math.max(...rows.map(widthOf));
  const widths = ids.map((to, at) =>
    Math.max(widthOf(columns[at] ?? ""), ...ids.map((from) => widthOf(plain(from, to)))),
  );
  const total = 2 + first + widths.reduce((sum, width) => sum + width + 2, 0);
  if (style.width !== null && total > style.width) return null;
  const header = columns.map((label, at) => pad(label, widths[at] ?? 0)).join("  ");
  return [
    `  ${pad("", first)}  ${header}`.trimEnd(),
    ...ids.map((from, row) => {
      const line = ids.map((to, at) => {
        const space = " ".repeat(Math.max(0, (widths[at] ?? 0) - widthOf(plain(from, to))));
        const painted = cell(from, to).map(({ text, state }) => paint(text, stateTone(state), style));
        return (painted.length === 0 ? paint(NO_TUNNEL, "dim", style) : painted.join(",")) + space;
      });
      return `  ${pad(rows[row] ?? "", first)}  ${line.join("  ")}`.trimEnd();
    }),
  ];
}

function edgeLines(tunnels: readonly TunnelView[], nameOf: (id: string) => string, style: Style): readonly string[] {
  const others = tunnels.filter((tunnel) => tunnel.state !== "up");
  const lines = [`  ${tunnels.length - others.length} of ${tunnels.length} up`];
  for (const tunnel of others.slice(0, EDGES_SHOWN)) {
    const reason = tunnel.reason === null ? "" : `: ${printable(tunnel.reason)}`;
    const state = paint(tunnel.state, stateTone(tunnel.state), style);
    lines.push(`  ${nameOf(tunnel.from)} -> ${nameOf(tunnel.to)}  ${printable(tunnel.type)}  ${state}${reason}`);
  }
  if (others.length > EDGES_SHOWN) lines.push(`  ${others.length - EDGES_SHOWN} more: weft tunnels`);
  return lines;
}
