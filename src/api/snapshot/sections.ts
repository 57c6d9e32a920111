// What a snapshot holds: a line for each query.
import { WeftError } from "../../../proto/bytes/errors.ts";
import type { Rest } from "../in-slices.ts";
import type { Queries } from "../views.ts";

const ALL_EVENTS = Number.MAX_SAFE_INTEGER;

/** In memory each is a few hundred bytes as text, twice; and what is larger nobody could read back. */
const MAX_FLOWS = 300_000;

/** @throws WeftError `snapshot/too-large` rather than have the controller run out of memory */
function mustFit(queries: Queries): void {
  const flows = queries.hosts().reduce((sum, host) => sum + host.flows.installed, 0);
  if (flows <= MAX_FLOWS) return;
  const message = `all switches together hold ${flows} flows, and a snapshot at most ${MAX_FLOWS}; weft flows HOST tells those of one`;
  throw new WeftError("snapshot/too-large", message);
}

function pictureOf(queries: Queries) {
  mustFit(queries);
  return queries.picture();
}

/** Asked one after the other, since some read every switch. */
export const SECTIONS = {
  status: (queries: Queries) => queries.status(),
  hosts: (queries: Queries) => queries.hosts(),
  ports: (queries: Queries) => queries.ports(),
  topology: (queries: Queries) => queries.topology(),
  events: (queries: Queries) => queries.events.since(0, ALL_EVENTS),
  doctor: (queries: Queries) => queries.doctor(),
  drift: (queries: Queries) => queries.drift(),
  picture: (queries: Queries) => pictureOf(queries),
  flows: (queries: Queries) => allFlows(queries),
  rates: (queries: Queries) => queries.rates(),
} as const;

export type SectionName = keyof typeof SECTIONS;
export type SectionValue<Name extends SectionName> = Awaited<ReturnType<(typeof SECTIONS)[Name]>>;

/** A host that does not answer leaves the others be. */
async function allFlows(queries: Queries) {
  mustFit(queries);
  const all = [];
  for (const { id } of queries.hosts()) all.push(await queries.flows(id).catch(() => null));
  return all.filter((view) => view !== null);
}

/** What was asked, or why there is no answer. */
export type Section = { readonly value: unknown } | { readonly error: string };

export interface Snapshot {
  readonly weftSnapshot: typeof SNAPSHOT_SCHEMA;
  /** Of the program that wrote it. */
  readonly version: string;
  /** ISO 8601. */
  readonly at: string;
  readonly sections: Readonly<Record<string, Section>>;
}

export const SNAPSHOT_SCHEMA = 1;

export async function takeSnapshot(queries: Queries, version: string, now: Date, rest: Rest): Promise<Snapshot> {
  const sections: Record<string, Section> = Object.create(null);
  for (const [name, ask] of Object.entries(SECTIONS)) {
    await rest();
    try {
      sections[name] = { value: await ask(queries) };
    } catch (error) {
      sections[name] = { error: error instanceof Error ? error.message : String(error) };
    }
  }
  return { weftSnapshot: SNAPSHOT_SCHEMA, version, at: now.toISOString(), sections };
}

/** The code by which a host shows that it was approved stands in its rows, and so in what is told of them. */
const SECRETS = /(weft-approval"?\s*[=:]\s*)(\\?"[^"]*"|[^\s,}\]]+)/g;

/** No keys and no approvals: a snapshot is made to be sent to somebody. */
export async function writeSnapshot(snapshot: Snapshot, rest: Rest): Promise<string> {
  const parts: string[] = [];
  await write(snapshot, DEPTH_IN_PARTS, parts, rest);
  return parts.join("");
}

function leaveOut(_key: string, value: unknown): unknown {
  return typeof value === "string" && value.includes("weft-approval")
    ? value.replaceAll(SECRETS, "$1(left out)")
    : value;
}

/** As far down as one host, or one tunnel of a million. */
const DEPTH_IN_PARTS = 5;

/** As JSON.stringify does of plain values. @param depth what lies deeper is written at once */
async function write(value: unknown, depth: number, parts: string[], rest: Rest): Promise<void> {
  if (depth === 0 || typeof value !== "object" || value === null) {
    parts.push(JSON.stringify(value, leaveOut) ?? "null");
    return;
  }
  const isList = Array.isArray(value);
  parts.push(isList ? "[" : "{");
  let isFirst = true;
  for (const [key, one] of Object.entries(value)) {
    if (one === undefined && !isList) continue;
    await rest();
    if (!isFirst) parts.push(",");
    isFirst = false;
    if (!isList) parts.push(`${JSON.stringify(key)}:`);
    await write(one, depth - 1, parts, rest);
  }
  parts.push(isList ? "]" : "}");
}
