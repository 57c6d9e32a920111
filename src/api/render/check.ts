// What a check has found, for people: a sentence, a matrix of tunnels, networks, and what is wrong.
import type { CheckHostView, CheckPathView, CheckView } from "../check-views.ts";
import type { CsvField } from "./csv.ts";
import { problemLines } from "./problems.ts";
import { pad, paint, printable, type Style, type Tone, widthOf, wrap } from "./style.ts";

/** A matrix of more hosts is no picture any more. */
const MATRIX_HOSTS = 12;
/** In their place. */
const HOSTS_SHOWN = 20;
/** Of a host's paths: the fault is likely its own. */
const MOST = 0.5;
const NOTHING = "·";

export const CHECK_FIELDS: readonly CsvField<CheckPathView>[] = [
  { name: "kind", value: (path) => path.kind },
  { name: "from", value: (path) => path.from },
  { name: "to", value: (path) => path.to },
  { name: "name", value: (path) => path.name },
  { name: "type", value: (path) => path.type },
  { name: "state", value: (path) => path.state },
  { name: "sent", value: (path) => total(path, "sent") },
  { name: "received", value: (path) => total(path, "received") },
  { name: "fits", value: (path) => path.fits },
  { name: "roundTripUs", value: (path) => path.roundTripUs },
  { name: "reason", value: (path) => path.reason },
  { name: "remedy", value: (path) => path.remedy },
];

function total({ sizes }: CheckPathView, field: "sent" | "received"): number {
  return sizes.reduce((sum, size) => sum + size[field], 0);
}

export function checkText(view: CheckView, style: Style): string {
  const untested = view.paths.filter(({ state }) => state === "unchecked").length;
  const bad = view.paths.filter(({ state }) => state !== "ok").length - untested;
  const counts = `${view.received} of ${view.sent} probes came through, in ${(view.tookMs / 1000).toFixed(1)} s`;
  const verdict =
    view.paths.length === 0
      ? "There is nothing to check: no two hosts are joined."
      : bad + untested === 0
        ? `All ${view.paths.length} paths pass: ${counts}.`
        : `${failureText(bad, untested, view.paths.length, "paths ")}: ${counts}.`;
  const lines = [paint(verdict, bad > 0 ? "bad" : untested > 0 ? "warn" : "good", style)];
  if (view.seed !== null) {
    const chosen = `These are a sample of ${view.possible} paths: weft check --seed ${view.seed} has the same again, --all has all, and HOST those of one host.`;
    lines.push(...wrap(chosen, style.width));
  }
  const direct = view.paths.filter(({ kind }) => kind !== "network");
  if (direct.length > 0) lines.push("", ...matrixLines(view, direct, style));
  const networks = [...new Set(view.paths.filter(({ kind }) => kind === "network").map(({ name }) => name))];
  if (networks.length > 0) lines.push("", paint("Networks", "strong", style));
  for (const name of networks) {
    const own = view.paths.filter((path) => path.kind === "network" && path.name === name);
    const well = own.filter(({ state }) => state === "ok").length;
    const fits = Math.min(...own.map((path) => path.fits ?? 0));
    const untested = own.filter(({ state }) => state === "unchecked").length;
    const rest = well === own.length ? `, packets of ${fits} bytes` : untested > 0 ? `, ${untested} untested` : "";
    const text = `${well} of ${own.length} ways pass${rest}`;
    lines.push(`  ${printable(name)}: ${paint(text, well === own.length ? "good" : "bad", style)}`);
  }
  const problems = view.problems.map((problem) => ({ where: null, problem }));
  lines.push(...problemLines(problems, style, "weft check --json"));
  return `${lines.join("\n")}\n`;
}

/** Of what was not tested nobody knows whether it passes. */
function failureText(bad: number, untested: number, all: number, what: string): string {
  if (bad === 0) return `${untested} of ${all} ${what}untested`;
  return `${bad} of ${all} ${what}do not pass${untested === 0 ? "" : `, ${untested} untested`}`;
}

const TONES: Readonly<Record<CheckPathView["state"], Tone>> = {
  ok: "good",
  loss: "warn",
  mtu: "bad",
  dead: "bad",
  unchecked: "warn",
};

function cellText({ state, roundTripUs, fits, sizes }: CheckPathView): string {
  switch (state) {
    case "ok":
      return roundTripUs === null ? "ok" : `${(roundTripUs / 1000).toFixed(2)} ms`;
    case "loss": {
      const [sent, received] = [
        sizes.reduce((sum, one) => sum + one.sent, 0),
        sizes.reduce((sum, one) => sum + one.received, 0),
      ];
      return `${Math.ceil((100 * (sent - received)) / Math.max(1, sent))}% lost`;
    }
    case "mtu":
      return `MTU ${fits ?? 0}`;
    case "dead":
      return "nothing";
    case "unchecked":
      return "?";
  }
}

/** From the row's host to the column's. */
function matrixLines(view: CheckView, paths: readonly CheckPathView[], style: Style): readonly string[] {
  const types = [...new Set(paths.map(({ kind, type }) => printable(type ?? kind)))].sort().join(", ");
  const title = paint(`Round trips, or what does not pass, from row to column (${types})`, "strong", style);
  const passing = paths.filter(({ state }) => state === "ok").length;
  const summary = [title, `  ${passing} of ${paths.length} pass`];
  if (view.hosts.length > MATRIX_HOSTS) return [...summary, ...hostLines(view, style)];
  const names = view.hosts.map(({ name }) => printable(name));
  const cells = new Map<string, CheckPathView>();
  for (const path of paths) {
    const key = `${path.from}\0${path.to}`;
    const before = cells.get(key);
    // Of two tunnels side by side the one that is not well.
    if (before === undefined || before.state === "ok") cells.set(key, path);
  }
  const rows = view.hosts.map((from) => view.hosts.map((to) => cells.get(`${from.id}\0${to.id}`) ?? null));
  const textOf = (path: CheckPathView | null): string => (path === null ? NOTHING : cellText(path));
  const first = Math.max(...names.map(widthOf));
  const widths = names.map((name, at) =>
    Math.max(widthOf(name), ...rows.map((row) => widthOf(textOf(row[at] ?? null)))),
  );
  const whole = 2 + first + widths.reduce((sum, width) => sum + width + 2, 0);
  if (style.width !== null && whole > style.width) return [...summary, ...hostLines(view, style)];
  return [
    title,
    `  ${pad("", first)}  ${names.map((name, at) => pad(name, widths[at] ?? 0)).join("  ")}`.trimEnd(),
    ...rows.map((row, at) => {
      const line = row.map((path, column) => {
        const text = textOf(path);
        const space = " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(text)));
        return paint(text, path === null ? "dim" : TONES[path.state], style) + space;
      });
      return `  ${pad(names[at] ?? "", first)}  ${line.join("  ")}`.trimEnd();
    }),
  ];
}

/** In place of a matrix: hosts with paths that do not pass, the worst first. Its peers' lists have what one host lacks, too. */
function hostLines({ hosts, paths }: CheckView, style: Style): readonly string[] {
  const untested = new Map<string, number>();
  for (const { from, to, state } of paths) {
    if (state !== "unchecked") continue;
    for (const id of [from, to]) untested.set(id, (untested.get(id) ?? 0) + 1);
  }
  const share = ({ checked, failed }: CheckHostView): number => failed / Math.max(1, checked);
  const bad = hosts.filter(({ failed }) => failed > 0);
  if (bad.length === 0) return [];
  const worst = [...bad].sort((a, b) => share(b) - share(a) || b.failed - a.failed || (a.name < b.name ? -1 : 1));
  const shown = worst.slice(0, HOSTS_SHOWN);
  const width = Math.max(...shown.map(({ name }) => widthOf(printable(name))));
  const rest = worst.length - shown.length;
  return [
    "",
    paint("Hosts, the worst first: of the paths from and to each", "strong", style),
    ...shown.map((host) => {
      const unknown = untested.get(host.id) ?? 0;
      const text = failureText(host.failed - unknown, unknown, host.checked, "");
      return `  ${pad(printable(host.name), width)}  ${paint(text, share(host) > MOST ? "bad" : "warn", style)}`;
    }),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    `  ${hosts.length - bad.length} hosts have none that does not pass`,
  ];
}
