// What the rest of Weft sees of one host's database: a snapshot that stays current, and transactions.
import type { OperationResult } from "../../../proto/ovsdb/operation-result.ts";
import type { Operation } from "../../../proto/ovsdb/operations.ts";
import type { DatabaseSchema } from "../../../proto/ovsdb/schema.ts";
import type { VswitchRows } from "../../../proto/ovsdb/vswitch-rows.ts";
import type { PeerFault } from "../peer-fault.ts";
import type { PeerCertificate, Transport } from "../stream/index.ts";

/** A connection to an ovsdb-server whose Open_vSwitch database has been read. */
export interface OvsdbSession {
  readonly label: string;
  readonly transport: Transport;
  /** What the peer has shown, over TLS. */
  readonly certificate?: PeerCertificate;
  /** The peer's address; absent for a Unix socket. */
  readonly remoteAddress?: string;
  /** The address the peer reached us at; absent for a Unix socket. */
  readonly localAddress?: string;
  readonly schema: DatabaseSchema;
  /** The latest snapshot: a new object for each update. */
  readonly rows: VswitchRows;
  /** What this server's schema or data lacks of what Weft reads, for people. */
  readonly diagnostics: readonly string[];
  /**
   * Runs the operations as one transaction. When it resolves, `rows` shows what the transaction did.
   * @throws OvsdbSchemaError before anything is sent; OvsdbTransactionError naming the operation that failed;
   *   OvsdbRequestError; WeftError `ovsdb/closed` (retryable) when the connection ends first: then it is not known
   *   whether the transaction took place
   */
  transact(operations: readonly Operation[]): Promise<readonly OperationResult[]>;
  /** Resolves when the server answers; rejects when the connection ends first. */
  probe(): Promise<void>;
  close(reason: string): void;
}

export interface OvsdbHandlers {
  /** The database was read whole. */
  onReady(session: OvsdbSession): void;
  /** Once for each update of the server, when `session.rows` is new already. */
  onChange(session: OvsdbSession): void;
  /** The connection is over; `session` is absent when it never became ready. Called exactly once. */
  onClosed(session: OvsdbSession | undefined, label: string, reason: string): void;
  /**
   * The database is beyond what one host may have; the connection ends for it.
   * @param who the address it is at: it comes again and again, from another port each time
   */
  onTooLarge?(who: string, reason: string): void;
  /** This controller failed at a message of the peer, and ends the connection for it. */
  onFault?(fault: PeerFault): void;
}
