// Who pings whom, as a matrix of milliseconds.
import { pad, paint, type Style, widthOf } from "../../api/index.ts";
import type { PingMatrix, PingPair } from "../../lab/index.ts";

const SELF = "·";
const LOST = "✗";

/** Rows ping columns. A matrix wider than the terminal becomes a list of what failed. */
export function pingTable(matrix: PingMatrix, style: Style): string {
  const { guests, pairs, failed } = matrix;
  const title = `Pings in ms, from the row to the column: ${pairs.length - failed.length} of ${pairs.length} pairs answer`;
  const cells = new Map(pairs.map((pair) => [`${pair.from}\0${pair.to}`, pair]));
  const first = Math.max(...guests.map(widthOf), 0);
  const widths = guests.map((to) =>
    Math.max(widthOf(to), ...guests.map((from) => widthOf(cellText(cells.get(`${from}\0${to}`))))),
  );
  const total = 2 + first + widths.reduce((sum, width) => sum + 2 + width, 0);
  const lines = [paint(title, "strong", style)];
  if (style.width !== null && total > style.width) {
    lines.push(...failed.map((pair) => `  ${pair.from} -> ${pair.to}  ${paint(LOST, "bad", style)}`));
    return `${lines.join("\n")}\n`;
  }
  lines.push(`  ${pad("", first)}  ${guests.map((to, at) => pad(to, widths[at] ?? 0, "right")).join("  ")}`);
  for (const from of guests) {
    const row = guests.map((to, at) => {
      const pair = cells.get(`${from}\0${to}`);
      const text = cellText(pair);
      const tone = pair === undefined ? "dim" : pair.ok ? "good" : "bad";
      return " ".repeat(Math.max(0, (widths[at] ?? 0) - widthOf(text))) + paint(text, tone, style);
    });
    lines.push(`  ${pad(from, first)}  ${row.join("  ")}`);
  }
  return `${lines.join("\n")}\n`;
}

function cellText(pair: PingPair | undefined): string {
  if (pair === undefined) return SELF;
  const { rttMs } = pair.result;
  return pair.ok && rttMs !== undefined ? rttMs.avg.toFixed(2) : LOST;
}
