// The whole on one screen: what is wrong first, then how many there are of everything, then the controller itself.
import type { ProblemView, StatusView } from "../views.ts";
import { renderCsv } from "./csv.ts";
import { problemLines } from "./problems.ts";
import { pad, paint, printable, type Style, shorten, type Tone, wrap } from "./style.ts";

/** More do not fit a screen with the rest; the first is always shown. */
const PROBLEM_LINES = 11;
const MESSAGE_SHOWN = 160;
/** So many of one code are told as one. */
const MANY = 3;
const LIKE_SHOWN = 130;

interface Line {
  readonly name: string;
  readonly text: string;
  readonly tone?: Tone;
}

export function statusText(view: StatusView, style: Style): string {
  const rows = [...fabricLines(view), ...controllerLines(view)];
  const width = Math.max(...rows.map(({ name }) => name.length));
  const room = style.width === null ? null : Math.max(20, style.width - width - 2);
  const lines = rows.flatMap(({ name, text, tone }) =>
    wrap(printable(text), room).map((part, at) => {
      const head = at === 0 ? paint(pad(name, width), "strong", style) : " ".repeat(width);
      return `${head}  ${paint(part, tone, style)}`;
    }),
  );
  return `${[...problemSection(view.problems, style), ...lines].join("\n")}\n`;
}

function problemSection(problems: readonly ProblemView[], style: Style): readonly string[] {
  if (problems.length === 0) return [];
  const short = withoutLikes(problems).map((problem) => ({
    where: null,
    problem: { ...problem, message: shorten(problem.message, MESSAGE_SHOWN) },
  }));
  // Its first line is empty: here nothing stands above it.
  const linesOf = (count: number): readonly string[] => problemLines(short.slice(0, count), style).slice(1);
  let shown = 1;
  while (shown < short.length && linesOf(shown + 1).length <= PROBLEM_LINES) shown += 1;
  const lines = linesOf(shown);
  const more = short.length - shown;
  const last = `${more === 0 ? "" : `${more} more: `}weft doctor ranks them, with what it finds itself`;
  return [...lines, paint(last, "dim", style), ""];
}

/** Of many of one code the first, with how many more there are: they leave no room for others. */
function withoutLikes(problems: readonly ProblemView[]): readonly ProblemView[] {
  const counts = new Map<string, number>();
  for (const { code } of problems) counts.set(code, (counts.get(code) ?? 0) + 1);
  const told = new Set<string>();
  return problems.flatMap((problem) => {
    const { code, message } = problem;
    const others = (counts.get(code) ?? 0) - 1;
    if (others + 1 < MANY) return [problem];
    if (told.has(code)) return [];
    told.add(code);
    return [{ ...problem, message: `${shorten(message, LIKE_SHOWN)}, and ${others} more like it` }];
  });
}

/** `2 of 3 up: 1 down`. */
function states(counts: Readonly<Record<string, number>>): Pick<Line, "text" | "tone"> {
  const { total = 0, up = 0, ...others } = counts;
  if (total === 0) return { text: "none" };
  const rest = Object.entries(others).filter(([, count]) => count > 0);
  const detail = rest.length === 0 ? "" : `: ${rest.map(([state, count]) => `${count} ${state}`).join(", ")}`;
  const isBad = rest.some(([state]) => state === "down" || state === "error" || state === "refused");
  return { text: `${up} of ${total} up${detail}`, tone: up === total ? "good" : isBad ? "bad" : "warn" };
}

function fabricLines({ hosts, tunnels, relays = 0, links, networks, ports, endpoints }: StatusView): readonly Line[] {
  return [
    { name: "hosts", ...states(hosts) },
    ...(tunnels === undefined ? [] : [{ name: "tunnels", ...states(tunnels) }]),
    ...(relays === 0 ? [] : [{ name: "relays", text: `${relays} pairs of hosts by a third: weft topology` }]),
    ...(links === undefined || links.total === 0 ? [] : [{ name: "links", ...states({ ...links }) }]),
    ...(networks === undefined ? [] : [{ name: "networks", text: String(networks) }]),
    ...(ports === undefined ? [] : [{ name: "ports", ...states(ports) }]),
    ...(endpoints === undefined
      ? []
      : [
          {
            name: "endpoints",
            text: `${endpoints.total}: ${endpoints.declared} declared, ${endpoints.observed} observed`,
          },
        ]),
  ];
}

function controllerLines(view: StatusView): readonly Line[] {
  const { version, fabric, uptimeSec, listeners } = view;
  const done = sortedCounters(view).flatMap(([name, count]) => (count === 0 ? [] : [`${name} ${count}`]));
  return [
    { name: "controller", text: `weft ${version}, for ${uptime(uptimeSec)}` },
    { name: "fabric", text: fabric ?? "none yet" },
    { name: "listeners", text: listeners.length === 0 ? "none" : listeners.join(", ") },
    { name: "since start", text: done.length === 0 ? "nothing" : done.join(", ") },
  ];
}

export function statusCsv(view: StatusView): string {
  const rows: readonly (readonly [string, string | number | null])[] = [
    ["version", view.version],
    ["fabric", view.fabric],
    ["uptimeSec", view.uptimeSec],
    ["hostsTotal", view.hosts.total],
    ["hostsUp", view.hosts.up],
    ["tunnelsTotal", view.tunnels?.total ?? null],
    ["tunnelsUp", view.tunnels?.up ?? null],
    ["networks", view.networks ?? null],
    ["endpoints", view.endpoints?.total ?? null],
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
