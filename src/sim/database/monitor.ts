// What a client has asked to be told of: the first answer, and each change as `update`, `update2` or `update3` (RFC 7047, section 4.1.6; ovsdb-server(7)).
import { equalData } from "../../../proto/ovsdb/datum.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from "../../../proto/ovsdb/json-text.ts";
import { OvsdbProtocolError } from "../../../proto/ovsdb/ovsdb-error.ts";
import { readWhere, type Where } from "./conditions.ts";
import { type Database, LAYOUTS } from "./database.ts";
import { datumDiff, datumJson } from "./datum-json.ts";
import type { Column, Layout, Row, RowEdit } from "./rows.ts";

export type MonitorKind = "monitor" | "monitor_cond" | "monitor_cond_since";

interface Watched {
  readonly layout: Layout;
  readonly columns: readonly Column[];
  readonly where: Where | null;
}

export interface Monitor {
  readonly id: Json;
  readonly kind: MonitorKind;
  readonly tables: ReadonlyMap<string, Watched>;
}

function readTable(layout: Layout, json: Json): Watched {
  const request = isJsonArray(json) ? json[0] : json;
  if (!isJsonObject(request)) throw new OvsdbProtocolError("monitor", "a request must be an object", request ?? null);
  const [names, where] = [member(request, "columns"), member(request, "where")];
  const wanted = isJsonArray(names) ? names.map(String) : [...layout.columns.keys()];
  const columns = wanted.map((name) => {
    const column = layout.columns.get(name);
    if (column === undefined) throw new OvsdbProtocolError("monitor", `No column ${name.slice(0, 80)}.`);
    return column;
  });
  return { layout, columns, where: where === undefined ? null : readWhere(layout, where) };
}

/** @throws OvsdbProtocolError */
export function readMonitor(kind: MonitorKind, params: readonly Json[]): Monitor {
  const [, id, requests] = params;
  if (id === undefined || requests === undefined || !isJsonObject(requests))
    throw new OvsdbProtocolError(kind, "a monitor has an id and requests", [...params]);
  const tables = Object.entries(requests).map(([name, json]): [string, Watched] => {
    const layout = LAYOUTS.get(name);
    if (layout === undefined) throw new OvsdbProtocolError(kind, `No table named ${name.slice(0, 80)}.`);
    return [name, readTable(layout, json)];
  });
  return { id, kind, tables: new Map(tables) };
}

/** Without what the column holds anyway, as version 2 leaves it out. */
function rowJson({ columns, layout }: Watched, row: Row, whole: boolean): JsonObject {
  const shown = columns.filter(({ at }) => whole || !equalData(row[at] ?? [], layout.blank[at] ?? []));
  return Object.fromEntries(shown.map(({ name, type, at }) => [name, datumJson(type, row[at] ?? [])]));
}

function isWatched({ where }: Watched, uuid: string, row: Row | undefined): row is Row {
  return row !== undefined && (where === null || where.test(uuid, row));
}

/** Everything there is, as the reply to the request. */
export function initialReply(monitor: Monitor, database: Database, lastTransaction: string): Json {
  const tables: [string, JsonObject][] = [];
  for (const [name, watched] of monitor.tables) {
    const rows: [string, JsonObject][] = [];
    for (const [uuid, row] of database.rowsOf(name)) {
      if (!isWatched(watched, uuid, row)) continue;
      const shown = rowJson(watched, row, monitor.kind === "monitor");
      rows.push([uuid, monitor.kind === "monitor" ? { new: shown } : { initial: shown }]);
    }
    if (rows.length > 0) tables.push([name, Object.fromEntries(rows)]);
  }
  const updates = Object.fromEntries(tables);
  return monitor.kind === "monitor_cond_since" ? [false, lastTransaction, updates] : updates;
}

function changed(watched: Watched, before: Row, after: Row): readonly Column[] {
  return watched.columns.filter(({ at }) => !equalData(before[at] ?? [], after[at] ?? []));
}

function update1(watched: Watched, before: Row | undefined, after: Row | undefined): JsonObject | undefined {
  if (before === undefined) return after === undefined ? undefined : { new: rowJson(watched, after, true) };
  if (after === undefined) return { old: rowJson(watched, before, true) };
  const columns = changed(watched, before, after);
  if (columns.length === 0) return undefined;
  const old = columns.map(({ name, type, at }) => [name, datumJson(type, before[at] ?? [])] as const);
  return { old: Object.fromEntries(old), new: rowJson(watched, after, true) };
}

function update2(watched: Watched, before: Row | undefined, after: Row | undefined): JsonObject | undefined {
  if (before === undefined) return after === undefined ? undefined : { insert: rowJson(watched, after, false) };
  if (after === undefined) return { delete: null };
  const columns = changed(watched, before, after);
  if (columns.length === 0) return undefined;
  const diff = columns.map(({ name, type, at }) => {
    const value = datumDiff(type, before[at] ?? [], after[at] ?? []);
    return [name, datumJson(type, value)] as const;
  });
  return { modify: Object.fromEntries(diff) };
}

/** The notification about a transaction; undefined where nothing of it was asked for. */
export function updateOf(
  monitor: Monitor,
  edits: readonly RowEdit[],
  transaction: string,
): { readonly method: string; readonly params: readonly Json[] } | undefined {
  const tables = new Map<string, Record<string, Json>>();
  for (const { table, uuid, before, after } of edits) {
    const watched = monitor.tables.get(table);
    if (watched === undefined) continue;
    const [was, is] = [before, after].map((row) => (isWatched(watched, uuid, row) ? row : undefined));
    const update = monitor.kind === "monitor" ? update1(watched, was, is) : update2(watched, was, is);
    if (update === undefined) continue;
    const rows = tables.get(table) ?? {};
    rows[uuid] = update;
    tables.set(table, rows);
  }
  if (tables.size === 0) return undefined;
  const updates = Object.fromEntries(tables);
  if (monitor.kind === "monitor") return { method: "update", params: [monitor.id, updates] };
  if (monitor.kind === "monitor_cond") return { method: "update2", params: [monitor.id, updates] };
  return { method: "update3", params: [monitor.id, transaction, updates] };
}
