// Turns a byte stream into an OvsdbSession: the handshake and the updates, as one state machine.

import {
  MONITOR_METHODS,
  type MonitorMethod,
  type MonitorTables,
  type RawUpdates,
} from "../../../proto/ovsdb/monitor.ts";
import type { OperationResult } from "../../../proto/ovsdb/operation-result.ts";
import type { Operation } from "../../../proto/ovsdb/operations.ts";
import { OvsdbProtocolError, OvsdbRequestError } from "../../../proto/ovsdb/ovsdb-error.ts";
import {
  applyUpdates,
  emptyReplica,
  type MonitoredColumns,
  monitoredColumns,
  type Replica,
  type RowChange,
  rowBytes,
  sliceUpdates,
  type UpdateDraft,
} from "../../../proto/ovsdb/replica.ts";
import { echo, getSchema, listDatabases, monitor, type RpcCall, transact } from "../../../proto/ovsdb/rpc-call.ts";
import type { RpcNotification } from "../../../proto/ovsdb/rpc-notification.ts";
import type { DatabaseSchema } from "../../../proto/ovsdb/schema.ts";
import { nextVswitchRows, planVswitchMonitor } from "../../../proto/ovsdb/vswitch-replica.ts";
import { EMPTY_VSWITCH_ROWS, VSWITCH_DATABASE, type VswitchRows } from "../../../proto/ovsdb/vswitch-rows.ts";
import type { PeerFault } from "../peer-fault.ts";
import type { ByteStream } from "../stream/byte-stream.ts";
import { type Clock, systemClock, type Timer } from "../stream/clock.ts";
import { type LinkOptions, RpcLink } from "./link.ts";
import type { OvsdbHandlers, OvsdbSession } from "./session.ts";

export interface OvsdbOptions extends LinkOptions {
  /** For the whole of the handshake. Default 10000. */
  readonly handshakeMs?: number;
  /** For the first word of the peer. Default 5000. */
  readonly firstAnswerMs?: number;
  /** For the answer to a transaction. Default 60000. */
  readonly transactMs?: number;
  /** Rows of all monitored tables. Default 65536. */
  readonly maxRows?: number;
  /** All rows of all monitored tables together, in about the server's text. Default 16 MiB. */
  readonly maxBytes?: number;
}

const DEFAULT_HANDSHAKE_MS = 10_000;
const DEFAULT_FIRST_ANSWER_MS = 5_000;
const DEFAULT_TRANSACT_MS = 60_000;
/** A port is two rows: some 30,000 ports. Each update of a host costs the more the more rows it has. */
const DEFAULT_MAX_ROWS = 65_536;
/**
 * What one message may have, since the first answer tells all rows in one: a database that has grown beyond that could
 * not be read again. One host's rows are some 100 KiB.
 */
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const MAX_DIAGNOSTICS = 100;
/** Rows that are taken in before anything else gets its turn: some 2 ms. */
const ROWS_PER_TURN = 128;
const MONITOR_ID = "weft";

interface Monitored {
  readonly columns: MonitoredColumns;
  readonly replica: Replica;
}

/** Each state is left by the reply it waits for, `ready` by updates to itself, and `closed` by nothing. */
type State =
  | { readonly kind: "listing databases" }
  | { readonly kind: "reading the schema" }
  | { readonly kind: "starting the monitor"; readonly method: MonitorMethod }
  | { readonly kind: "ready"; readonly session: OvsdbSession; readonly monitored: Monitored }
  | { readonly kind: "closed"; readonly session: OvsdbSession | undefined };

class Connection {
  readonly #handlers: OvsdbHandlers;
  readonly #link: RpcLink;
  readonly #clock: Clock;
  readonly #transactMs: number;
  readonly #maxRows: number;
  readonly #maxBytes: number;
  /** Of the rows that are held. */
  #bytes = 0;
  #deadline: Timer;
  readonly #diagnostics: string[] = [];
  #state: State = { kind: "listing databases" };
  #rows: VswitchRows = EMPTY_VSWITCH_ROWS;

  constructor(stream: ByteStream, handlers: OvsdbHandlers, clock: Clock, options: OvsdbOptions) {
    this.#handlers = handlers;
    const linkHandlers = {
      onNotification: (notification: RpcNotification) => this.#notified(notification),
      onStopped: () => this.#stopped(),
      onClosed: (reason: string) => handlers.onClosed(this.#sessionIfAny(), stream.label, reason),
      onFault: (fault: PeerFault) => handlers.onFault?.(fault),
    };
    this.#clock = clock;
    this.#transactMs = options.transactMs ?? DEFAULT_TRANSACT_MS;
    this.#maxRows = options.maxRows ?? DEFAULT_MAX_ROWS;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#link = new RpcLink(stream, linkHandlers, clock, options);
    const startedMs = clock.now();
    const handshakeMs = options.handshakeMs ?? DEFAULT_HANDSHAKE_MS;
    const firstAnswerMs = Math.min(options.firstAnswerMs ?? DEFAULT_FIRST_ANSWER_MS, handshakeMs);
    const giveUpAfter = (ms: number, of: number): Timer =>
      clock.setTimer(ms, () =>
        this.#link.close(`no OVSDB handshake within ${of} ms: the peer stopped answering while ${this.#state.kind}`),
      );
    this.#deadline = giveUpAfter(firstAnswerMs, firstAnswerMs);
    this.#ask(
      listDatabases(),
      (names) => {
        this.#deadline.cancel();
        this.#deadline = giveUpAfter(handshakeMs - (clock.now() - startedMs), handshakeMs);
        this.#databasesListed(names);
      },
      (refusal) => this.#refused(refusal),
    );
  }

  /** A request of the handshake. Any error but a refusal is one with which the link ends by itself. */
  #ask<Result>(
    call: RpcCall<Result>,
    onResult: (result: Result) => void,
    onRefused: (refusal: OvsdbRequestError) => void,
  ): void {
    this.#link.request(call, (outcome) => {
      if (outcome.ok) onResult(outcome.result);
      else if (outcome.error instanceof OvsdbRequestError) onRefused(outcome.error);
    });
  }

  #refused(refusal: OvsdbRequestError): void {
    this.#link.close(`the server refused the handshake: ${refusal.message}`);
  }

  #databasesListed(names: readonly string[]): void {
    if (!names.includes(VSWITCH_DATABASE)) {
      const found = names.slice(0, 10).join(", ").slice(0, 200) || "none";
      const remedy = "set-manager belongs on the host's own ovsdb-server";
      this.#link.close(`the server has no ${VSWITCH_DATABASE} database, only: ${found}; ${remedy}`);
      return;
    }
    this.#state = { kind: "reading the schema" };
    this.#ask(
      getSchema(VSWITCH_DATABASE),
      (schema) => {
        const tables = planVswitchMonitor(schema, (text) => this.#diagnose(text));
        this.#startMonitor(schema, tables, MONITOR_METHODS);
      },
      (refusal) => this.#refused(refusal),
    );
  }

  /** Tries the methods from the newest to the oldest: a server that does not know one refuses it. */
  #startMonitor(schema: DatabaseSchema, tables: MonitorTables, methods: readonly MonitorMethod[]): void {
    const [method, ...older] = methods;
    if (method === undefined) return;
    this.#state = { kind: "starting the monitor", method };
    this.#ask(
      monitor(method, schema, MONITOR_ID, tables),
      (initial) => this.#monitored(schema, tables, initial),
      (refusal) => {
        const [next] = older;
        if (next === undefined) {
          this.#link.close(`the server refused to be monitored: ${refusal.message}`);
          return;
        }
        this.#diagnose(`the server refused ${method} (${refusal.serverError.error}); using ${next}`);
        this.#startMonitor(schema, tables, older);
      },
    );
  }

  #monitored(schema: DatabaseSchema, tables: MonitorTables, initial: RawUpdates): void {
    const columns = monitoredColumns(schema, tables);
    const session = this.#makeSession(schema);
    this.#apply(session, { columns, replica: emptyReplica(columns) }, initial, () => {
      this.#deadline.cancel();
      this.#handlers.onReady(session);
    });
  }

  /**
   * Takes an update in; a large one in several turns of the event loop, in which the old snapshot stands and later
   * messages wait.
   */
  #apply(
    session: OvsdbSession,
    { columns, replica: old }: Monitored,
    updates: RawUpdates,
    onApplied: () => void,
  ): void {
    const slices = sliceUpdates(updates, ROWS_PER_TURN);
    const draft: UpdateDraft = new Set();
    let replica = old;
    let rows = this.#rows;
    const applyLater = (slice: RawUpdates): void => {
      this.#link.hold();
      setImmediate(() => this.#link.attempt(() => this.#state.kind === "closed" || applySlice(slice)));
    };
    const applySlice = (slice: RawUpdates): void => {
      const next = applyUpdates(columns, replica, slice, draft);
      replica = next.replica;
      this.#checkSize(replica, next.changes);
      rows = nextVswitchRows(rows, replica, next.changes, (text) => this.#diagnose(text), draft);
      const { value: following } = slices.next();
      if (following !== undefined) {
        applyLater(following);
        return;
      }
      this.#rows = rows;
      this.#state = { kind: "ready", session, monitored: { columns, replica } };
      onApplied();
      this.#link.release();
    };
    const { value: first } = slices.next();
    if (first === updates) applySlice(first);
    else if (first !== undefined) applyLater(first);
  }

  #checkSize(replica: Replica, changes: readonly RowChange[]): void {
    let rows = 0;
    for (const table of replica.values()) rows += table.size;
    if (rows > this.#maxRows) this.#tooLarge(`it has more than ${this.#maxRows} rows`);
    for (const { before, after } of changes) this.#bytes += rowBytes(after) - rowBytes(before);
    if (this.#bytes > this.#maxBytes) this.#tooLarge(`its rows have more than ${this.#maxBytes} bytes`);
  }

  #tooLarge(what: string): never {
    const reason = `${what}, which is no host's database`;
    const { remoteAddress, label } = this.#link.stream;
    this.#handlers.onTooLarge?.(remoteAddress ?? label, reason);
    throw new OvsdbProtocolError("update", reason);
  }

  #notified(notification: RpcNotification): void {
    // Anything else, such as `locked`, means nothing to a client that asked for none.
    if (notification.kind !== "update") return;
    if (this.#state.kind !== "ready" || notification.monitorId !== MONITOR_ID) {
      throw new OvsdbProtocolError("update", "an update of a monitor that was not asked for", notification.monitorId);
    }
    const { session, monitored } = this.#state;
    this.#apply(session, monitored, notification, () => this.#handlers.onChange(session));
  }

  #transact(schema: DatabaseSchema, operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    return new Promise((resolve, reject) => {
      const call = transact(schema, operations);
      let late: Timer | undefined;
      let isOver = false;
      this.#link.request(call, (outcome) => {
        isOver = true;
        late?.cancel();
        if (outcome.ok) resolve(outcome.result);
        else reject(outcome.error);
      });
      if (isOver) return;
      late = this.#clock.setTimer(this.#transactMs, () =>
        this.#link.close(`the server did not answer a transaction within ${this.#transactMs} ms`),
      );
    });
  }

  #probe(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#link.request(echo([]), (outcome) => {
        if (outcome.ok) resolve();
        else reject(outcome.error);
      });
    });
  }

  #makeSession(schema: DatabaseSchema): OvsdbSession {
    const { stream } = this.#link;
    const currentRows = (): VswitchRows => this.#rows;
    return Object.freeze({
      label: stream.label,
      transport: stream.transport,
      ...(stream.certificate === undefined ? {} : { certificate: stream.certificate }),
      ...(stream.remoteAddress === undefined ? {} : { remoteAddress: stream.remoteAddress }),
      ...(stream.localAddress === undefined ? {} : { localAddress: stream.localAddress }),
      schema,
      get rows() {
        return currentRows();
      },
      diagnostics: this.#diagnostics,
      transact: (operations: readonly Operation[]) => this.#transact(schema, operations),
      probe: () => this.#probe(),
      close: (reason: string) => this.#link.close(reason),
    });
  }

  #diagnose(text: string): void {
    if (this.#diagnostics.length < MAX_DIAGNOSTICS && !this.#diagnostics.includes(text)) this.#diagnostics.push(text);
  }

  #sessionIfAny(): OvsdbSession | undefined {
    return "session" in this.#state ? this.#state.session : undefined;
  }

  #stopped(): void {
    this.#deadline.cancel();
    this.#state = { kind: "closed", session: this.#sessionIfAny() };
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
