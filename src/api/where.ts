// Where a station is, was, and who moved: from the endpoints and the journal. Pure.
import { WeftError } from "../../proto/bytes/errors.ts";
import { nearest } from "../config/nearest.ts";
import type { EventView } from "./event-views.ts";
import type { EndpointView, PortView, ProblemView } from "./views.ts";
import type { DisputeView, PlaceView, WhereView } from "./where-views.ts";

export interface Sources {
  readonly endpoints: readonly EndpointView[];
  readonly ports: readonly PortView[];
  /** The oldest first. */
  readonly events: readonly EventView[];
  /** Of all hosts. */
  readonly problems?: readonly ProblemView[];
}

/** What a person types of a MAC: any case, - or . or nothing for : */
export function canonicalSubject(text: string): string {
  const digits = text.replaceAll(/[:.-]/g, "").toLowerCase();
  if (/^[0-9a-f]{12}$/.test(digits) && /^[0-9a-f:.-]+$/i.test(text)) return (digits.match(/../g) ?? []).join(":");
  return text.includes(":") ? text.toLowerCase() : text;
}

/** By MAC, address, owner (or its beginning), port, `HOST:PORT`, or host. */
export function matchesEndpoint(endpoint: EndpointView, subject: string, nameOf: (id: string) => string): boolean {
  const { mac, ips, owner, host, port } = endpoint;
  if (mac === subject || ips.includes(subject) || owner === subject || port === subject) return true;
  if (host === subject || nameOf(host) === subject) return true;
  if (port !== null && (`${host}:${port}` === subject || `${nameOf(host)}:${port}` === subject)) return true;
  return owner !== undefined && subject.length >= MIN_PREFIX && owner.startsWith(subject);
}

/** As much of an id as docker shows of one is enough to name it. */
const MIN_PREFIX = 4;
const KINDS = /^(endpoint|address)\//;

/**
 * @param atMs the moment asked for; null for now
 * @throws WeftError `where/unknown` naming what is near, for what was never heard of
 */
export function whereIs(
  sources: Sources,
  text: string,
  atMs: number | null,
  nameOf: (id: string) => string = (id) => id,
): WhereView {
  const subject = canonicalSubject(text);
  const { endpoints, ports, events } = sources;
  const present = endpoints.filter((one) => matchesEndpoint(one, subject, nameOf));
  const told = events.filter((event) => KINDS.test(event.kind));
  const macs = new Set(present.map(({ network, mac }) => `${network} ${mac}`));
  for (const event of told) if (isAbout(event, subject)) macs.add(`${event.details.network} ${event.details.mac}`);
  if (macs.size === 0) throw unknown(text, endpoints);
  // Who has had an address, and whom it went to, is part of its story; other addresses of the same station are not.
  const isIp = endpoints.some(({ ips }) => ips.includes(subject)) || told.some(({ details }) => details.ip === subject);
  const ofMacs = told.filter((event) => macs.has(`${event.details.network} ${event.details.mac}`));
  const history = isIp
    ? ofMacs.filter((event) => isAbout(event, subject) || !event.kind.startsWith("address/"))
    : ofMacs;
  const places =
    atMs === null ? present.map((one) => placeNow(one, ports, ofMacs)) : placesAt(ofMacs, endpoints, macs, atMs);
  const at = atMs === null ? null : new Date(atMs).toISOString();
  const shown = atMs === null || !isIp ? places : places.filter(({ ips }) => ips.includes(subject));
  const disputes = atMs === null ? disputesOf(shown, sources) : [];
  return {
    subject,
    at,
    places: shown,
    ...(disputes.length === 0 ? {} : { disputes }),
    history: atMs === null ? history : history.filter((one) => Date.parse(one.at) <= atMs),
  };
}

const DISPUTES = /^endpoint\/(?:duplicate|flapping)\b/;

/** @param words such as `MAC 02:00:00:00:00:01 ` */
export function disputedSince(events: readonly EventView[], words: string): string | null {
  return events.findLast(({ kind, message }) => DISPUTES.test(kind) && message.includes(words))?.at ?? null;
}

/** A problem of two hosts is told once. */
function disputesOf(places: readonly PlaceView[], { problems = [], events }: Sources): readonly DisputeView[] {
  const found = new Map<string, DisputeView>();
  for (const words of places.flatMap(({ mac, ips }) => [`MAC ${mac} `, ...ips.map((ip) => `address ${ip} `)])) {
    for (const { code, message, remedy } of problems) {
      if (!DISPUTES.test(code) || !message.includes(words)) continue;
      found.set(message, { code, message, remedy, since: disputedSince(events, words) });
    }
  }
  return [...found.values()];
}

function isAbout({ details, subject }: EventView, wanted: string): boolean {
  if (details.mac === wanted || subject === wanted || details.ip === wanted) return true;
  return typeof details.ips === "string" && details.ips.split(" ").includes(wanted);
}

function ofEndpoint(one: EndpointView, events: readonly EventView[]): readonly EventView[] {
  return events.filter(({ details }) => details.mac === one.mac && details.network === one.network);
}

function placeNow(one: EndpointView, ports: readonly PortView[], events: readonly EventView[]): PlaceView {
  const port = ports.find(({ host, name }) => host === one.host && name === one.port);
  const arrived = ofEndpoint(one, events).findLast(
    ({ kind, details }) =>
      ARRIVALS.has(kind) && details.host === one.host && (one.port === null || details.port === one.port),
  );
  return {
    mac: one.mac,
    ips: one.ips,
    network: one.network,
    host: one.host,
    port: one.port,
    origin: one.origin,
    declaredBy: one.declaredBy ?? null,
    owner: one.owner ?? null,
    since: arrived?.at ?? null,
    portState: port === undefined ? null : port.blocked ? "blocked" : port.state,
  };
}

const ARRIVALS: ReadonlySet<string> = new Set(["endpoint/appeared", "endpoint/moved"]);

/** The last word before that moment; else where the first move after it came from; else where it is now. */
function placesAt(
  events: readonly EventView[],
  endpoints: readonly EndpointView[],
  macs: ReadonlySet<string>,
  atMs: number,
): readonly PlaceView[] {
  return [...macs].flatMap((key): PlaceView[] => {
    const own = events.filter(({ details }) => `${details.network} ${details.mac}` === key);
    const before = own.findLast((event) => Date.parse(event.at) <= atMs);
    if (before !== undefined) {
      if (before.kind === "endpoint/gone") return [];
      const arrived = own.findLast((event) => Date.parse(event.at) <= atMs && ARRIVALS.has(event.kind));
      return [placeFrom(before, before.details.host, before.details.port, arrived?.at ?? null)];
    }
    const [after] = own.filter((event) => Date.parse(event.at) > atMs);
    if (after === undefined) {
      const now = endpoints.find(({ network, mac }) => `${network} ${mac}` === key);
      return now === undefined ? [] : [placeNow(now, [], [])];
    }
    if (after.kind === "endpoint/appeared") return [];
    const { fromHost, fromPort, host, port } = after.details;
    return [
      after.kind === "endpoint/moved" ? placeFrom(after, fromHost, fromPort, null) : placeFrom(after, host, port, null),
    ];
  });
}

type Detail = EventView["details"][string] | undefined;

function placeFrom({ details }: EventView, host: Detail, port: Detail, since: string | null): PlaceView {
  return {
    mac: String(details.mac),
    ips: String(details.ips ?? "")
      .split(" ")
      .filter((ip) => ip !== ""),
    network: String(details.network),
    host: String(host),
    port: typeof port === "string" ? port : null,
    origin: null,
    declaredBy: null,
    owner: null,
    since,
    portState: null,
  };
}

const MAX_NEAR = 3;

function unknown(text: string, endpoints: readonly EndpointView[]): WeftError {
  const subject = canonicalSubject(text);
  const names = new Set(endpoints.flatMap(({ mac, ips, owner, port }) => [mac, ...ips, owner ?? mac, port ?? mac]));
  const near: string[] = [];
  while (near.length < MAX_NEAR) {
    const found = nearest(subject, names);
    if (found === undefined) break;
    near.push(found);
    names.delete(found);
  }
  const hint =
    near.length > 0
      ? `; near it: ${near.join(", ")}`
      : endpoints.length === 0
        ? "; no endpoint is known: one is when a guest sends its first frame"
        : "; weft endpoints lists all that are known";
  return new WeftError("where/unknown", `nothing is known of "${text}"${hint}`, { context: { subject: text } });
}
