// Turns a byte stream into an OvsdbSession: handshake, updates, liveness, and the end, as one state machine.
import { WeftError, WireError } from "../../../proto/bytes/errors.ts";
import { encodeTransaction } from "../../../proto/ovsdb/encode-operation.ts";
import { JsonFramer } from "../../../proto/ovsdb/json-framer.ts";
import { isJsonArray, type Json } from "../../../proto/ovsdb/json-text.ts";
import {
  decodeMonitorReply,
  decodeUpdateNotification,
  encodeMonitorRequest,
  MONITOR_METHODS,
  type MonitorMethod,
  type MonitorTables,
  type RawUpdates,
} from "../../../proto/ovsdb/monitor.ts";
import { decodeTransactionReply, type OperationResult } from "../../../proto/ovsdb/operation-result.ts";
import type { Operation } from "../../../proto/ovsdb/operations.ts";
import { OvsdbProtocolError, OvsdbRequestError } from "../../../proto/ovsdb/ovsdb-error.ts";
import {
  applyUpdates,
  emptyReplica,
  type MonitoredColumns,
  monitoredColumns,
  type Replica,
} from "../../../proto/ovsdb/replica.ts";
import { RpcPeer } from "../../../proto/ovsdb/rpc-peer.ts";
import { type DatabaseSchema, parseSchema } from "../../../proto/ovsdb/schema.ts";
import { nextVswitchRows, planVswitchMonitor } from "../../../proto/ovsdb/vswitch-replica.ts";
import { EMPTY_VSWITCH_ROWS, VSWITCH_DATABASE, type VswitchRows } from "../../../proto/ovsdb/vswitch-rows.ts";
import type { ByteStream, StreamEnd } from "../stream/byte-stream.ts";
import { type Clock, systemClock, type Timer } from "../stream/clock.ts";
import { DEFAULT_LIVENESS, Liveness, type LivenessOptions } from "./liveness.ts";
import { remedyFor } from "./remedy.ts";
import type { OvsdbHandlers, OvsdbSession } from "./session.ts";

export interface OvsdbOptions {
  /** For the whole of the handshake. Default 10000. */
  readonly handshakeMs?: number;
  readonly liveness?: LivenessOptions;
  /** The longest message a peer may send; a large database arrives in one. Default 64 MiB. */
  readonly maxMessageBytes?: number;
}

const DEFAULT_HANDSHAKE_MS = 10_000;
const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** RPC messages nest about ten deep; more is not OVSDB. */
const MAX_DEPTH = 64;
const MAX_DIAGNOSTICS = 100;
const MONITOR_ID = "weft";

interface Monitored {
  readonly schema: DatabaseSchema;
  readonly columns: MonitoredColumns;
  readonly replica: Replica;
}

/** Each state is left by the reply it waits for; `closed` by nothing. */
type State =
  | { readonly kind: "listing databases" }
  | { readonly kind: "reading the schema" }
  | { readonly kind: "starting the monitor"; readonly method: MonitorMethod }
  | ({ readonly kind: "ready" } & Monitored)
  | { readonly kind: "closed" };

const encoder = new TextEncoder();

class Connection {
  readonly #stream: ByteStream;
  readonly #handlers: OvsdbHandlers;
  readonly #peer: RpcPeer;
  readonly #framer: JsonFramer;
  readonly #liveness: Liveness;
  readonly #deadline: Timer;
  readonly #diagnostics: string[] = [];
  #state: State = { kind: "listing databases" };
  #rows: VswitchRows = EMPTY_VSWITCH_ROWS;
  #session: OvsdbSession | undefined;

  constructor(stream: ByteStream, handlers: OvsdbHandlers, clock: Clock, options: OvsdbOptions) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#peer = new RpcPeer({
      send: (text) => stream.write(encoder.encode(text)),
      onNotification: (method, params) => this.#notified(method, params),
    });
    this.#framer = new JsonFramer((message) => this.#peer.receive(message), {
      maxBytes: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
      maxDepth: MAX_DEPTH,
    });
    const handshakeMs = options.handshakeMs ?? DEFAULT_HANDSHAKE_MS;
    this.#deadline = clock.setTimer(handshakeMs, () =>
      this.#close(`no OVSDB handshake within ${handshakeMs} ms: the peer stopped answering while ${this.#state.kind}`),
    );
    this.#liveness = new Liveness(
      clock,
      options.liveness ?? DEFAULT_LIVENESS,
      () => this.#request("echo", [], () => undefined),
      (silentMs) => this.#close(`the peer was silent for ${Math.round(silentMs)} ms and did not answer an echo`),
    );
    stream.onClose((end) => this.#ended(end));
    stream.onData((bytes) => this.#received(bytes));
    this.#request("list_dbs", [], (result) => this.#databasesListed(result));
  }

  #received(bytes: Uint8Array): void {
    this.#liveness.heard();
    this.#guard(() => this.#framer.push(bytes));
  }

  /** What the peer did wrong ends this connection, and nothing else. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof WireError) && !(error instanceof OvsdbProtocolError)) throw error;
      this.#close(`${this.#stream.label}: ${error.message}; ${remedyFor(error)}`);
    }
  }

  /** A request of the handshake: a refusal ends it. */
  #request(
    method: string,
    params: readonly Json[],
    onResult: (result: Json) => void,
    onRefused?: (error: WeftError) => void,
  ): void {
    this.#peer.request(method, params, (outcome) => {
      if (this.#state.kind === "closed") return;
      if (outcome.ok) onResult(outcome.result);
      else if (onRefused !== undefined) onRefused(outcome.error);
      else if (method !== "echo") this.#close(`the server refused the handshake: ${outcome.error.message}`);
    });
  }

  #databasesListed(result: Json): void {
    const names = isJsonArray(result) ? result.filter((name) => typeof name === "string") : undefined;
    if (names === undefined) throw new OvsdbProtocolError("list_dbs", "the result must be an array of names", result);
    if (!names.includes(VSWITCH_DATABASE)) {
      const found = names.slice(0, 10).join(", ").slice(0, 200);
      this.#close(
        `the server has no ${VSWITCH_DATABASE} database, only: ${found || "none"}; set-manager belongs on the host's own ovsdb-server`,
      );
      return;
    }
    this.#state = { kind: "reading the schema" };
    this.#request("get_schema", [VSWITCH_DATABASE], (schema) => this.#schemaRead(parseSchema(schema)));
  }

  #schemaRead(schema: DatabaseSchema): void {
    const tables = planVswitchMonitor(schema, (text) => this.#diagnose(text));
    this.#startMonitor(schema, tables, MONITOR_METHODS);
  }

  /** Tries the methods from the newest to the oldest: a server that does not know one refuses it. */
  #startMonitor(schema: DatabaseSchema, tables: MonitorTables, methods: readonly MonitorMethod[]): void {
    const [method, ...older] = methods;
    if (method === undefined) return;
    this.#state = { kind: "starting the monitor", method };
    this.#request(
      method,
      encodeMonitorRequest(method, schema, MONITOR_ID, tables),
      (result) => this.#monitored(schema, tables, decodeMonitorReply(method, result)),
      (error) => {
        const next = older[0];
        if (next === undefined || !(error instanceof OvsdbRequestError)) {
          this.#close(`the server refused to be monitored: ${error.message}`);
          return;
        }
        this.#diagnose(`the server refused ${method} (${error.serverError.error}); using ${next}`);
        this.#startMonitor(schema, tables, older);
      },
    );
  }

  #monitored(schema: DatabaseSchema, tables: MonitorTables, initial: RawUpdates): void {
    const columns = monitoredColumns(schema, tables);
    this.#apply({ schema, columns, replica: emptyReplica(columns) }, initial);
    this.#deadline.cancel();
    this.#session = this.#makeSession(schema);
    this.#handlers.onReady(this.#session);
  }

  #apply(monitored: Monitored, updates: RawUpdates): void {
    const { schema, columns } = monitored;
    const { replica, changes } = applyUpdates(columns, monitored.replica, updates);
    this.#rows = nextVswitchRows(this.#rows, replica, changes, (text) => this.#diagnose(text));
    this.#state = { kind: "ready", schema, columns, replica };
  }

  #notified(method: string, params: readonly Json[]): void {
    const update = decodeUpdateNotification(method, params);
    // Other notifications (`locked`, `stolen`, an echo without an id) mean nothing to a client that asked for none.
    if (update === undefined) return;
    if (this.#state.kind !== "ready" || this.#session === undefined || update.monitorId !== MONITOR_ID) {
      throw new OvsdbProtocolError(method, "an update of a monitor that was not asked for", update.monitorId);
    }
    this.#apply(this.#state, update);
    this.#handlers.onChange(this.#session);
  }

  #transact(schema: DatabaseSchema, operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    return new Promise((resolve, reject) => {
      const params = encodeTransaction(schema, operations);
      this.#peer.request("transact", params, (outcome) => {
        if (!outcome.ok) {
          reject(outcome.error);
          return;
        }
        try {
          resolve(decodeTransactionReply(schema, operations, outcome.result));
        } catch (error) {
          reject(error);
          if (error instanceof OvsdbProtocolError) throw error;
        }
      });
    });
  }

  #makeSession(schema: DatabaseSchema): OvsdbSession {
    const stream = this.#stream;
    const currentRows = (): VswitchRows => this.#rows;
    return Object.freeze({
      label: stream.label,
      transport: stream.transport,
      ...(stream.remoteAddress === undefined ? {} : { remoteAddress: stream.remoteAddress }),
      ...(stream.localAddress === undefined ? {} : { localAddress: stream.localAddress }),
      schema,
      get rows() {
        return currentRows();
      },
      diagnostics: this.#diagnostics,
      transact: (operations: readonly Operation[]) => this.#transact(schema, operations),
      close: (reason: string) => this.#close(reason),
    });
  }

  #diagnose(text: string): void {
    if (this.#diagnostics.length < MAX_DIAGNOSTICS && !this.#diagnostics.includes(text)) this.#diagnostics.push(text);
  }

  #close(reason: string): void {
    this.#stream.close(reason);
    this.#stop(reason);
  }

  /** Nothing that is still under way may act any more; `onClosed` comes with the stream's end. */
  #stop(reason: string): void {
    if (this.#state.kind === "closed") return;
    this.#state = { kind: "closed" };
    this.#deadline.cancel();
    this.#liveness.stop();
    const { label } = this.#stream;
    const context = { peer: label, reason };
    this.#peer.close(
      new WeftError("ovsdb/closed", `the connection to ${label} ended: ${reason}`, { retryable: true, context }),
    );
  }

  #ended(end: StreamEnd): void {
    const cut = end.by === "here" || this.#framer.atBoundary ? "" : " in the middle of a message";
    const reason = `${end.reason}${cut}`;
    this.#stop(reason);
    this.#handlers.onClosed(this.#session, this.#stream.label, reason);
  }
}

/** Speaks OVSDB on the stream until it ends. Takes the stream over: nobody else may set its handlers. */
export function serveOvsdb(
  stream: ByteStream,
  handlers: OvsdbHandlers,
  clock: Clock = systemClock,
  options: OvsdbOptions = {},
): void {
  new Connection(stream, handlers, clock, options);
}
