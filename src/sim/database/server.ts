// The server's side of one OVSDB connection (RFC 7047, section 4; ovsdb-server(7)): what it is asked for and what it tells.
import { randomUUID } from "node:crypto";
import { JsonFramer } from "../../../proto/ovsdb/json-framer.ts";
import { isJsonArray, type Json, jsonText } from "../../../proto/ovsdb/json-text.ts";
import { OvsdbProtocolError } from "../../../proto/ovsdb/ovsdb-error.ts";
import { decodeRpcMessage } from "../../../proto/ovsdb/rpc-message.ts";
import { VSWITCH_DATABASE } from "../../../proto/ovsdb/vswitch-rows.ts";
import type { Database } from "./database.ts";
import { initialReply, type Monitor, type MonitorKind, readMonitor, updateOf } from "./monitor.ts";
import type { RowEdit } from "./rows.ts";
import { VSWITCH_SCHEMA_TEXT } from "./vswitch-schema.ts";

/** How many transactions were asked for, and what for: for tests and figures. */
export interface ServerCounts {
  transactions: number;
  operations: number;
}

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export class DatabaseServer {
  readonly #database: Database;
  readonly #send: (text: string) => void;
  readonly #framer: JsonFramer;
  readonly #monitors = new Map<string, Monitor>();
  readonly #unwatch: () => void;
  readonly #counts: ServerCounts;
  #isClosed = false;

  /** @param send writes to the peer; nothing is sent after `close` */
  constructor(database: Database, counts: ServerCounts, send: (text: string) => void) {
    this.#database = database;
    this.#counts = counts;
    this.#send = send;
    this.#framer = new JsonFramer((message) => this.#received(message), { maxBytes: MAX_MESSAGE_BYTES });
    this.#unwatch = database.watch((edits) => this.#tell(edits));
  }

  /** @throws WireError, OvsdbProtocolError where the peer speaks no OVSDB */
  push(bytes: Uint8Array): void {
    this.#framer.push(bytes);
  }

  close(): void {
    this.#isClosed = true;
    this.#unwatch();
  }

  #received(json: Json): void {
    const message = decodeRpcMessage(json);
    if (message.kind !== "request") return;
    const { id, method, params } = message;
    if (method === "get_schema") {
      this.#write(`{"id":${jsonText(id)},"result":${VSWITCH_SCHEMA_TEXT},"error":null}`);
      return;
    }
    if (method === "transact") {
      this.#counts.transactions += 1;
      this.#counts.operations += params.length - 1;
      this.#database.transact(params.slice(1), (results) => this.#reply(id, results));
      return;
    }
    try {
      this.#reply(id, this.#answer(method, params));
    } catch (error) {
      if (!(error instanceof OvsdbProtocolError)) throw error;
      this.#write(jsonText({ id, result: null, error: { error: "syntax error", details: error.message } }));
    }
  }

  #answer(method: string, params: readonly Json[]): Json {
    switch (method) {
      case "list_dbs":
        return [VSWITCH_DATABASE];
      case "echo":
        return params;
      case "monitor":
      case "monitor_cond":
      case "monitor_cond_since":
        return this.#startMonitor(method, params);
      case "monitor_cancel":
        this.#monitors.delete(jsonText(params[0] ?? null));
        return {};
      case "get_server_id":
        return randomUUID();
      case "set_db_change_aware":
        return {};
      default:
        throw new OvsdbProtocolError(method.slice(0, 80), "unknown method");
    }
  }

  #startMonitor(kind: MonitorKind, params: readonly Json[]): Json {
    const monitor = readMonitor(kind, params);
    const key = jsonText(monitor.id);
    if (this.#monitors.has(key)) throw new OvsdbProtocolError(kind, "duplicate monitor ID");
    this.#monitors.set(key, monitor);
    return initialReply(monitor, this.#database, randomUUID());
  }

  #tell(edits: readonly RowEdit[]): void {
    for (const monitor of this.#monitors.values()) {
      const update = updateOf(monitor, edits, randomUUID());
      if (update !== undefined) this.#write(jsonText({ id: null, ...update } as unknown as Json));
    }
  }

  #reply(id: Json, result: Json): void {
    this.#write(jsonText({ id, result: isJsonArray(result) ? [...result] : result, error: null }));
  }

  #write(text: string): void {
    if (!this.#isClosed) this.#send(text);
  }
}
