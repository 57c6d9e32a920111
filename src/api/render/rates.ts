// What goes by each tunnel and port: the busiest first, or as somebody sorts it.
import { compareNames } from "../order.ts";
import type { PortRateView, Rates, RatesView, TunnelRateView } from "../rate-views.ts";
import type { CsvField } from "./csv.ts";
import type { HostNames } from "./names.ts";
import { paint, printable, type Style } from "./style.ts";
import { type Column, tableLines } from "./table.ts";

export const RATE_SORTS = ["rate", "rx", "tx", "packets", "drops", "name"] as const;
export type RateSort = (typeof RATE_SORTS)[number];

export interface RatesShown {
  readonly sort: RateSort;
  /** Lines there are; null for as many as it takes. */
  readonly height: number | null;
  readonly names: HostNames;
}

type Line = Rates & { readonly host: string; readonly name: string };

const WEIGHTS: Readonly<Record<Exclude<RateSort, "name">, (rates: Rates) => number>> = {
  rate: (one) => one.rxBytesPerSec + one.txBytesPerSec,
  rx: (one) => one.rxBytesPerSec,
  tx: (one) => one.txBytesPerSec,
  packets: (one) => one.rxPacketsPerSec + one.txPacketsPerSec,
  drops: (one) => one.dropsPerSec,
};

export function sortRates<Row extends Line>(rows: readonly Row[], sort: RateSort): readonly Row[] {
  const weight = sort === "name" ? () => 0 : WEIGHTS[sort];
  return [...rows].sort(
    (a, b) => weight(b) - weight(a) || compareNames(a.host, b.host) || compareNames(a.name, b.name),
  );
}

const UNITS = ["", "k", "M", "G", "T"] as const;

/** Bits a second, to three digits: `9.84M`. */
export function bits(bytesPerSec: number): string {
  let value = bytesPerSec * 8;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${UNITS[unit]}`;
}

const count = (perSec: number): string => (perSec > 0 && perSec < 10 ? perSec.toFixed(1) : String(Math.round(perSec)));

/** Narrower than this there is room for the bits alone. */
const NARROW = 64;

function measures<Row extends Rates>({ width }: Style): readonly Column<Row>[] {
  const short: readonly Column<Row>[] = [
    { title: "RX b/s", value: (row) => bits(row.rxBytesPerSec), align: "right" },
    { title: "TX b/s", value: (row) => bits(row.txBytesPerSec), align: "right" },
  ];
  if (width !== null && width < NARROW) return short;
  return [
    ...short,
    { title: "RX p/s", value: (row) => count(row.rxPacketsPerSec), align: "right" },
    { title: "TX p/s", value: (row) => count(row.txPacketsPerSec), align: "right" },
    {
      title: "DROPS",
      value: (row) => count(row.dropsPerSec),
      align: "right",
      tone: (row) => (row.dropsPerSec > 0 ? "bad" : undefined),
    },
  ];
}

/** Lines without their newlines. */
export function ratesLines(view: RatesView, style: Style, { sort, height, names }: RatesShown): readonly string[] {
  const nameOf = (id: string): string => names.get(id) ?? id;
  const tunnels = sortRates(view.tunnels, sort);
  const ports = sortRates(view.ports, sort);
  const head = headLines(view, style);
  // Headings and the blank lines before them.
  const room = height === null ? null : Math.max(2, height - head.length - 6);
  const forTunnels =
    room === null ? tunnels.length : Math.min(tunnels.length, Math.max(room - ports.length, room >> 1));
  const forPorts = room === null ? ports.length : Math.min(ports.length, room - forTunnels);
  const tunnelColumns: readonly Column<TunnelRateView>[] = [
    { title: "HOST", value: (row) => nameOf(row.host), shrinkTo: 6, tone: () => "strong" },
    { title: "TUNNEL", value: (row) => row.name, shrinkTo: 6 },
    { title: "TO", value: (row) => (row.peer === null ? "all" : nameOf(row.peer)), shrinkTo: 6 },
    ...measures<TunnelRateView>(style),
  ];
  const portColumns: readonly Column<PortRateView>[] = [
    { title: "HOST", value: (row) => nameOf(row.host), shrinkTo: 6, tone: () => "strong" },
    { title: "PORT", value: (row) => row.name, shrinkTo: 6 },
    { title: "ENDPOINT", value: (row) => whose(row), shrinkTo: 8 },
    ...measures<PortRateView>(style),
  ];
  return [
    ...head,
    ...section("Tunnels", tunnelColumns, tunnels, forTunnels, style),
    ...section("Ports", portColumns, ports, forPorts, style),
  ];
}

function whose({ endpoints }: PortRateView): string | null {
  const [first = null] = endpoints;
  return endpoints.length > 1 ? `${first} +${endpoints.length - 1}` : first;
}

function headLines({ switches, packetInsPerSec, flowModsPerSec, eventLoopLagMs, seconds }: RatesView, style: Style) {
  const silent = switches.asked - switches.answered;
  const answered = `${switches.answered} of ${switches.asked} switches`;
  const parts = [
    silent > 0 ? `${answered} (${silent} silent)` : answered,
    `packet-ins ${count(packetInsPerSec)}/s`,
    `flow-mods ${count(flowModsPerSec)}/s`,
    `event loop late ${eventLoopLagMs.mean} ms, max ${eventLoopLagMs.max}`,
  ];
  return packed([...parts, `over ${seconds} s`], style.width);
}

/** As many on a line as it holds. */
function packed(parts: readonly string[], width: number | null): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const longer = `${lines.at(-1) ?? ""}  ${part}`;
    if (lines.length > 0 && (width === null || longer.length <= width)) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

function section<Row>(
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  shown: number,
  style: Style,
): readonly string[] {
  const more = rows.length > shown ? ` (${shown} of ${rows.length})` : "";
  const table = rows.length === 0 ? ["none"] : tableLines(columns, rows.slice(0, shown), style);
  return ["", paint(`${title}${more}`, "strong", style), ...table];
}

export function ratesText(view: RatesView, style: Style, names: HostNames): string {
  return `${ratesLines(view, style, { sort: "rate", height: null, names }).join("\n")}\n`;
}

type RateRow = Line & { readonly what: string; readonly to: string };

export function rateRows(view: RatesView): readonly RateRow[] {
  return [
    ...view.tunnels.map((row): RateRow => ({ ...row, what: "tunnel", to: row.peer ?? "all" })),
    ...view.ports.map((row): RateRow => ({ ...row, what: "port", to: row.endpoints.join(" ") })),
  ];
}

export const RATE_FIELDS: readonly CsvField<RateRow>[] = [
  { name: "what", value: (row) => row.what },
  { name: "host", value: (row) => row.host },
  { name: "name", value: (row) => printable(row.name) },
  { name: "to", value: (row) => row.to },
  { name: "rxBytesPerSec", value: (row) => row.rxBytesPerSec },
  { name: "txBytesPerSec", value: (row) => row.txBytesPerSec },
  { name: "rxPacketsPerSec", value: (row) => row.rxPacketsPerSec },
  { name: "txPacketsPerSec", value: (row) => row.txPacketsPerSec },
  { name: "dropsPerSec", value: (row) => row.dropsPerSec },
];
