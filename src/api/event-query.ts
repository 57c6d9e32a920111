// Which events somebody asks for, and the wait for the next ones.
import { WeftError } from "../../proto/bytes/errors.ts";
import type { EventFeed, EventView } from "./event-views.ts";
import type { HostView, Queries } from "./views.ts";

export interface EventRequest {
  /** Those after this number; null: from the oldest that are kept. */
  readonly after: number | null;
  /** Those of this moment and later, in milliseconds since 1970. */
  readonly fromMs: number | null;
  /** The latest so many. */
  readonly limit: number;
  /** An id or a name. */
  readonly host: string | null;
  /** `tunnel/down`, or `tunnel` for all kinds that begin with it. */
  readonly kind: string | null;
  /** How long to wait for the first one, where there is none. */
  readonly waitMs: number;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 100_000;
const MAX_WAIT_SEC = 60;

const UNITS: ReadonlyMap<string, number> = new Map([
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** `10m`: so long ago; a time of day is one in ISO 8601, of this machine's zone unless it names one. @throws WeftError `events/time` */
export function readMoment(text: string, nowMs: number): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = UNITS.get(ago?.[2] ?? "");
  if (ago !== null && unit !== undefined) return nowMs - Number(ago[1]) * unit;
  const isDate = /^\d{4}-\d\d-\d\d/.test(text);
  const ms = isDate ? Date.parse(text.replace(" ", "T")) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  const message = `"${text}" is no time: say how long ago (30s, 10m, 2h, 1d) or when (2026-01-31T23:59:00Z)`;
  throw new WeftError("events/time", message);
}

/** Words `name=value`. @throws WeftError `control/usage` */
export function readEventRequest(words: readonly string[], nowMs: number): EventRequest {
  const given = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf("=");
    const name = word.slice(0, Math.max(0, at));
    if (!["since", "after", "limit", "host", "kind", "wait"].includes(name)) {
      throw new WeftError("control/usage", `"${word}" is not one of since=, after=, limit=, host=, kind=, wait=`);
    }
    given.set(name, word.slice(at + 1));
  }
  const since = given.get("since") ?? null;
  const isSeq = since !== null && /^\d{1,15}$/.test(since);
  const isOpen = since === null && !given.has("after");
  return {
    after: isSeq ? Number(since) - 1 : number("after", given.get("after"), 0, Number.MAX_SAFE_INTEGER),
    fromMs: since === null || isSeq ? null : readMoment(since, nowMs),
    limit: number("limit", given.get("limit"), 0, MAX_LIMIT) ?? (isOpen ? DEFAULT_LIMIT : MAX_LIMIT),
    host: given.get("host") ?? null,
    kind: given.get("kind") ?? null,
    waitMs: (number("wait", given.get("wait"), 0, MAX_WAIT_SEC) ?? 0) * 1000,
  };
}

function number(name: string, text: string | undefined, min: number, max: number): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new WeftError("control/usage", `${name} is a whole number from ${min} to ${max}, and not "${text}"`);
}

/** The oldest first. @throws WeftError `host/unknown` for a host of which neither the fabric nor any event tells */
export async function selectEvents(queries: Queries, request: EventRequest): Promise<readonly EventView[]> {
  const { events } = queries;
  const ids = request.host === null ? null : idsOf(request.host, queries.hosts(), events);
  const isWanted = (event: EventView): boolean => isAskedFor(event, request, ids);
  const found = events.since(goingOnAfter(request.after, events), Number.MAX_SAFE_INTEGER).filter(isWanted);
  if (found.length === 0 && request.waitMs > 0) return next(events, isWanted, request.waitMs);
  return request.limit === 0 ? [] : found.slice(-request.limit);
}

/** After which event to go on for somebody who knows that one: a journal that is younger than he has begun anew. */
export function goingOnAfter(after: number | null, events: EventFeed): number {
  if (after === null || after <= 0) return 0;
  return events.since(after - 1, 1).length > 0 ? after : 0;
}

function isAskedFor(event: EventView, { fromMs, kind }: EventRequest, ids: ReadonlySet<string> | null): boolean {
  if (fromMs !== null && Date.parse(event.at) < fromMs) return false;
  if (kind !== null && event.kind !== kind && !event.kind.startsWith(`${kind}/`)) return false;
  return ids === null || [event.host, ...hostsIn(event)].some((id) => id !== null && ids.has(id));
}

/** Hosts that have a part in it. */
function hostsIn({ details }: EventView): readonly (string | null)[] {
  return [details.host, details.from, details.to, details.by, details.fromHost].map((one) =>
    typeof one === "string" ? one : null,
  );
}

function idsOf(host: string, hosts: readonly HostView[], events: EventFeed): ReadonlySet<string> {
  const ids = new Set(hosts.filter(({ id, name }) => id === host || name === host).map(({ id }) => id));
  if (ids.size > 0) return ids.add(host);
  const was = events.since(0, Number.MAX_SAFE_INTEGER).filter((one) => one.host === host || one.details.name === host);
  for (const { host: id } of was) if (id !== null) ids.add(id);
  if (ids.size > 0) return ids;
  const known = hosts.map(({ name }) => name).join(", ");
  throw new WeftError("host/unknown", `no host is called "${host}"; known: ${known === "" ? "none" : known}`);
}

/** What comes in one turn comes together. */
function next(
  events: EventFeed,
  isWanted: (event: EventView) => boolean,
  waitMs: number,
): Promise<readonly EventView[]> {
  return new Promise((resolve) => {
    const found: EventView[] = [];
    const finish = (): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve(found);
    };
    const timer = setTimeout(finish, waitMs);
    const unsubscribe = events.subscribe((event) => {
      if (!isWanted(event)) return;
      found.push(event);
      if (found.length === 1) setImmediate(finish);
    });
  });
}
