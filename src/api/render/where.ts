// Where a station is, and how it came there.
import type { PlaceView, WhereView } from "../where-views.ts";
import type { CsvField } from "./csv.ts";
import { eventLines, moment } from "./events.ts";
import type { HostNames } from "./names.ts";
import { paint, printable, type Style } from "./style.ts";

export const PLACE_FIELDS: readonly CsvField<PlaceView>[] = [
  { name: "mac", value: (place) => place.mac },
  { name: "ips", value: (place) => place.ips.join(" ") },
  { name: "network", value: (place) => place.network },
  { name: "host", value: (place) => place.host },
  { name: "port", value: (place) => place.port },
  { name: "origin", value: (place) => place.origin },
  { name: "since", value: (place) => place.since },
];

/** The latest so many; the rest is in the JSON. */
const EVENTS_SHOWN = 20;

export function whereText(view: WhereView, style: Style, names: HostNames): string {
  const when = view.at === null ? "" : ` at ${moment(view.at)}`;
  const lines: string[] = [];
  for (const place of view.places) lines.push(...placeLines(place, view.at !== null, style, names));
  for (const { code, message, remedy, since } of view.disputes ?? []) {
    const time = since === null ? "" : `, since ${moment(printable(since))}`;
    lines.push(
      `  ${paint(`${printable(message)}${time} (${printable(code)})`, "bad", style)}`,
      `  ${paint(printable(remedy), "warn", style)}`,
    );
  }
  if (lines.length === 0) {
    const was = view.at === null ? "is nowhere now" : "was nowhere that the journal knows of";
    lines.push(`${paint(printable(view.subject), "strong", style)} ${was}${when}`);
  }
  if (view.history.length > 0) {
    const more = view.history.length - EVENTS_SHOWN;
    const dropped = more > 0 ? ` (the last ${EVENTS_SHOWN} of ${view.history.length})` : "";
    lines.push(
      "",
      paint(`Journal${dropped}`, "strong", style),
      ...eventLines(view.history.slice(-EVENTS_SHOWN), style),
    );
  }
  return `${lines.join("\n")}\n`;
}

function placeLines(place: PlaceView, isPast: boolean, style: Style, names: HostNames): readonly string[] {
  const { mac, ips, network, host, port, origin, declaredBy, owner, since, portState } = place;
  const who = [mac, ...ips].map(printable).join("  ");
  const owned = owner === null ? "" : `  ${printable(owner)}`;
  const name = printable(names.get(host) ?? host);
  const where = port === null ? `on ${name}, port not known yet` : `on ${name} port ${printable(port)}`;
  const said =
    origin === "declared"
      ? `declared by ${printable(declaredBy ?? "its rows")}`
      : origin === "observed"
        ? "observed"
        : null;
  const state = portState === null ? null : `port ${portState}`;
  const facts = [`network ${printable(network)}`, said, state].filter((one) => one !== null).join(", ");
  const long = isPast ? "since before the journal tells" : "for longer than the journal tells";
  const time = since === null ? long : `since ${moment(printable(since))}`;
  return [
    `${paint(who, "strong", style)}${owned}`,
    `  ${where}, ${time}`,
    `  ${paint(facts, portState === "error" || portState === "blocked" ? "bad" : "dim", style)}`,
  ];
}
