// The controller's own state: is it well, since when, and what has it done.
import type { StatusView } from "../views.ts";
import { renderCsv } from "./csv.ts";
import { problemLines } from "./problems.ts";
import { pad, paint, printable, type Style } from "./style.ts";

export function statusText(view: StatusView, style: Style): string {
  const rows: readonly (readonly [string, string])[] = [
    ["version", view.version],
    ["fabric", view.fabric ?? "-"],
    ["uptime", uptime(view.uptimeSec)],
    ["hosts", `${view.hosts.up} of ${view.hosts.total} up`],
    ["listeners", view.listeners.length === 0 ? "-" : view.listeners.join(", ")],
    ...sortedCounters(view).map(([name, count]) => [name, String(count)] as const),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(
    ([name, value]) => `${paint(pad(printable(name), width), "strong", style)}  ${printable(value)}`,
  );
  const problems = view.problems.map((problem) => ({ where: null, problem }));
  return `${[...lines, ...problemLines(problems, style)].join("\n")}\n`;
}

export function statusCsv(view: StatusView): string {
  const rows: readonly (readonly [string, string | number | null])[] = [
    ["version", view.version],
    ["fabric", view.fabric],
    ["uptimeSec", view.uptimeSec],
    ["hostsTotal", view.hosts.total],
    ["hostsUp", view.hosts.up],
    ["listeners", view.listeners.join(" ")],
    ["problems", view.problems.map((problem) => problem.code).join(" ")],
    ...sortedCounters(view).map(([name, count]) => [`counters.${name}`, count] as const),
  ];
  const fields = [
    { name: "name", value: (row: (typeof rows)[number]) => row[0] },
    { name: "value", value: (row: (typeof rows)[number]) => row[1] },
  ];
  return renderCsv(fields, rows);
}

function sortedCounters(view: StatusView): readonly (readonly [string, number])[] {
  return Object.entries(view.counters).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The two largest units: `3d 4h`, `12m 5s`. */
export function uptime(seconds: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0s";
  let rest = Math.floor(seconds);
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return `${count}${unit}`;
    })
    .join(" ");
}
