// What `weft ovsdb` does: one command to one server, its answer as rows or as JSON.
import { WeftError } from "../../../proto/bytes/errors.ts";
import {
  applyUpdates,
  type ColumnSchema,
  type Condition,
  type DatabaseSchema,
  type DatumRow,
  emptyReplica,
  getSchema,
  isJsonArray,
  isJsonObject,
  type Json,
  listDatabases,
  MONITOR_METHODS,
  member,
  monitor,
  monitoredColumns,
  OvsdbRequestError,
  type RowChange,
  type RpcNotification,
  select,
  type TableSchema,
  transact,
} from "../../../proto/ovsdb/index.ts";
import type { OvsdbClient } from "../../southbound/ovsdb/index.ts";
import { connectOvsdb } from "./connect.ts";
import { isCondition, parseCondition } from "./parse-condition.ts";
import { parseJsonArgument } from "./parse-json.ts";

export interface TableRows {
  readonly table: string;
  readonly columns: readonly ColumnSchema[];
  readonly rows: readonly DatumRow[];
}

export interface RowEvent {
  readonly table: string;
  readonly columns: readonly ColumnSchema[];
  readonly uuid: string;
  readonly action: "initial" | "insert" | "modify" | "delete";
  readonly before: DatumRow | undefined;
  readonly after: DatumRow | undefined;
}

export type OvsdbOutput =
  | { readonly kind: "names"; readonly names: readonly string[] }
  | {
      readonly kind: "json";
      readonly json: Json /** Whether the server refused part of it. */;
      readonly failed: boolean;
    }
  | { readonly kind: "tables"; readonly tables: readonly TableRows[] }
  | { readonly kind: "events"; readonly events: readonly RowEvent[] };

export interface OvsdbCommandOptions {
  readonly method: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly database: string;
  readonly timeoutMs: number;
  /** For `ssl:` and `pssl:`; null where none are given. */
  readonly tls?: { readonly privateKey: string; readonly certificate: string; readonly caCertificate: string } | null;
  onOutput(output: OvsdbOutput): void;
}

export const OVSDB_COMMANDS = ["list-dbs", "get-schema", "dump", "select", "monitor", "transact"] as const;

/** The command line is at fault. */
function usage(why: string): WeftError {
  return new WeftError("ovsdb/usage", why);
}

/** A `monitor` ends when the connection does, everything else with its answer. */
export async function runOvsdbCommand(options: OvsdbCommandOptions): Promise<void> {
  const { command, args, timeoutMs } = options;
  if (!(OVSDB_COMMANDS as readonly string[]).includes(command)) {
    throw usage(`"${command}" is no command of weft ovsdb; there are ${OVSDB_COMMANDS.join(", ")}`);
  }
  const transaction = command === "transact" ? readTransaction(args, options.database) : [];
  if ((command === "monitor" || command === "select") && args.length === 0) throw usage(`${command} needs a table`);
  let onNotification: (notification: RpcNotification) => void = () => undefined;
  let onClosed: (reason: string) => void = () => undefined;
  const handlers = {
    onNotification: (notification: RpcNotification) => onNotification(notification),
    onClosed: (reason: string) => onClosed(reason),
  };
  const tlsFiles = options.tls == null ? null : { ...options.tls, crl: null };
  const connection = await connectOvsdb(options.method, timeoutMs, handlers, tlsFiles);
  const { client } = connection;
  try {
    if (command === "monitor") {
      const ended = new Promise<never>((_resolve, reject) => {
        onClosed = (reason) => reject(new WeftError("ovsdb/closed", `${client.label}: ${reason}`, { retryable: true }));
      });
      ended.catch(() => undefined);
      const watched = await within(startMonitor(client, options), timeoutMs, client.label);
      onNotification = watched.onNotification;
      for (const early of watched.early) onNotification(early);
      await ended;
    }
    const work = answer(client, options, transaction);
    options.onOutput(await within(work, timeoutMs, client.label));
  } finally {
    await connection.close();
  }

  async function startMonitor(peer: OvsdbClient, { database, onOutput }: OvsdbCommandOptions) {
    const early: RpcNotification[] = [];
    onNotification = (notification) => early.push(notification);
    const schema = await readSchema(peer, database);
    const table = tableOf(schema, args[0] ?? "");
    const columns = columnsOf(table, args.slice(1));
    const plan = new Map([
      [table.name, { columns: columns.map(({ name }) => name).filter((name) => name !== "_uuid") }],
    ]);
    const kept = monitoredColumns(schema, plan);
    const shown = columns.filter(({ name }) => name !== "_uuid");
    const { updates } = await firstMethod(peer, schema, plan);
    let { replica, changes } = applyUpdates(kept, emptyReplica(kept), updates);
    const tell = (initial: boolean, list: readonly RowChange[]): void => {
      const events = list.map((change): RowEvent => {
        const modified = change.before === undefined ? "insert" : change.after === undefined ? "delete" : "modify";
        return { ...change, columns: shown, action: initial ? "initial" : modified };
      });
      if (events.length > 0) onOutput({ kind: "events", events });
    };
    tell(true, changes);
    return {
      early,
      onNotification: (notification: RpcNotification): void => {
        if (notification.kind !== "update") return;
        ({ replica, changes } = applyUpdates(kept, replica, notification));
        tell(false, changes);
      },
    };
  }
}

async function firstMethod(client: OvsdbClient, schema: DatabaseSchema, plan: Parameters<typeof monitor>[3]) {
  let refused: unknown;
  for (const method of MONITOR_METHODS) {
    try {
      return { method, updates: await client.call(monitor(method, schema, "weft", plan)) };
    } catch (error) {
      // An older server does not know the newer methods.
      if (!(error instanceof OvsdbRequestError)) throw error;
      refused = error;
    }
  }
  throw refused;
}

async function answer(
  client: OvsdbClient,
  options: OvsdbCommandOptions,
  transaction: readonly Json[],
): Promise<OvsdbOutput> {
  const { command, args } = options;
  switch (command) {
    case "list-dbs":
      return { kind: "names", names: [...(await client.call(listDatabases()))].sort() };
    case "get-schema": {
      const params = [args[0] ?? options.database];
      const json = await client.call({ method: "get_schema", params, decode: (result) => result });
      return { kind: "json", json, failed: false };
    }
    case "transact": {
      const json = await client.call({ method: "transact", params: transaction, decode: (result) => result });
      return { kind: "json", json, failed: isJsonArray(json) && json.some(isFailure) };
    }
    default:
      return readTables(client, options);
  }
}

function isFailure(result: Json): boolean {
  return isJsonObject(result) && typeof member(result, "error") === "string";
}

async function readTables(client: OvsdbClient, { command, args, database }: OvsdbCommandOptions): Promise<OvsdbOutput> {
  const schema = await readSchema(client, database);
  const queries: { table: TableSchema; columns: readonly ColumnSchema[]; where: readonly Condition[] }[] = [];
  if (command === "select") {
    const table = tableOf(schema, args[0] ?? "");
    const rest = args.slice(1);
    const columns = columnsOf(
      table,
      rest.filter((text) => !isCondition(text)),
    );
    queries.push({ table, columns, where: rest.filter(isCondition).map((text) => parseCondition(table, text)) });
  } else {
    const names = args.length > 0 ? args : [...schema.tables.keys()].sort();
    for (const name of names) {
      const table = tableOf(schema, name);
      queries.push({ table, columns: columnsOf(table, []), where: [] });
    }
  }
  // One transaction: all tables are of one moment.
  const operations = queries.map(({ table, columns, where }) =>
    select(
      table.name,
      where,
      columns.map(({ name }) => name),
    ),
  );
  const results = await client.call(transact(schema, operations));
  const tables = queries.map(({ table, columns }, i): TableRows => {
    const result = results[i];
    return { table: table.name, columns, rows: result?.op === "select" ? sorted(result.rows) : [] };
  });
  return { kind: "tables", tables };
}

/** By name where rows have one, else by UUID: the same database is always printed alike. */
function sorted(rows: readonly DatumRow[]): readonly DatumRow[] {
  const key = (row: DatumRow): string => `${row.get("name") ?? ""}\0${row.get("_uuid") ?? ""}`;
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

async function readSchema(client: OvsdbClient, database: string): Promise<DatabaseSchema> {
  return client.call(getSchema(database));
}

function tableOf(schema: DatabaseSchema, name: string): TableSchema {
  const table = schema.tables.get(name);
  if (table !== undefined) return table;
  throw new WeftError(
    "ovsdb/no-table",
    `database ${schema.name} has no table "${name}"; it has ${[...schema.tables.keys()].sort().join(", ")}`,
  );
}

/** Those that are named, or all but `_version`, the UUID first. */
function columnsOf(table: TableSchema, names: readonly string[]): readonly ColumnSchema[] {
  const wanted = names.flatMap((name) => name.split(",")).filter((name) => name !== "");
  if (wanted.length === 0) {
    const all = [...table.columns.values()].filter(({ name }) => name !== "_version");
    return all.sort((a, b) => (a.name === "_uuid" || (b.name !== "_uuid" && a.name < b.name) ? -1 : 1));
  }
  return wanted.map((name) => {
    const column = table.columns.get(name);
    if (column !== undefined) return column;
    const known = [...table.columns.keys()].sort().join(", ");
    throw new WeftError("ovsdb/no-column", `table ${table.name} has no column "${name}"; it has ${known}`);
  });
}

/** `["DB", op, …]` as ovsdb-client wants it, `[op, …]` or one operation. */
function readTransaction(args: readonly string[], database: string): readonly Json[] {
  const [text, ...more] = args;
  if (text === undefined || more.length > 0) throw usage("transact needs one argument, a JSON array of operations");
  const json = parseJsonArgument(text);
  if (isJsonObject(json)) return [database, json];
  if (!isJsonArray(json)) throw usage("transact needs a JSON array of operations");
  return typeof json[0] === "string" ? json : [database, ...json];
}

async function within<T>(work: Promise<T>, timeoutMs: number, label: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(new WeftError("ovsdb/timeout", `${label}: no answer within ${timeoutMs / 1000} s`, { retryable: true })),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
