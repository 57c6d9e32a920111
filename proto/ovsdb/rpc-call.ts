// Every method a client can call (RFC 7047, section 4.1, and ovsdb-server(7)): its params, and how its result is read.
import { encodeTransaction } from "./encode-operation.ts";
import { isJsonArray, isJsonObject, type Json, member } from "./json-text.ts";
import {
  decodeMonitorReply,
  encodeConditionChange,
  encodeMonitorRequest,
  type MonitorConditions,
  type MonitorMethod,
  type MonitorTables,
  type RawUpdates,
} from "./monitor.ts";
import { decodeTransactionReply, type OperationResult } from "./operation-result.ts";
import type { Operation } from "./operations.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";
import { type DatabaseSchema, parseSchema } from "./schema.ts";

/** A request that was not sent yet. `decode` throws OvsdbProtocolError when the result has a form it may not have. */
export interface RpcCall<Result> {
  readonly method: string;
  readonly params: readonly Json[];
  decode(result: Json): Result;
}

function call<Result>(method: string, params: readonly Json[], decode: (result: Json) => Result): RpcCall<Result> {
  return Object.freeze({ method, params, decode });
}

/** For results that say nothing but that it worked. */
const nothing = (): void => undefined;

function nameArray(method: string, result: Json): readonly string[] {
  if (!isJsonArray(result) || !result.every((name) => typeof name === "string")) {
    throw new OvsdbProtocolError(method, "the result must be an array of names", result);
  }
  return result as readonly string[];
}

/** RFC 7047, section 4.1.1. */
export function listDatabases(): RpcCall<readonly string[]> {
  return call("list_dbs", [], (result) => nameArray("list_dbs", result));
}

/** RFC 7047, section 4.1.2. */
export function getSchema(database: string): RpcCall<DatabaseSchema> {
  return call("get_schema", [database], parseSchema);
}

/**
 * RFC 7047, section 4.1.3. RpcPeer.cancel gives it up while it waits.
 * @throws OvsdbSchemaError for what this server would refuse; decode throws OvsdbTransactionError
 */
export function transact(
  schema: DatabaseSchema,
  operations: readonly Operation[],
): RpcCall<readonly OperationResult[]> {
  return call("transact", encodeTransaction(schema, operations), (result) =>
    decodeTransactionReply(schema, operations, result),
  );
}

/** `monitor` (RFC 7047, section 4.1.5), `monitor_cond` or `monitor_cond_since`. @throws OvsdbSchemaError */
export function monitor(
  method: MonitorMethod,
  schema: DatabaseSchema,
  monitorId: Json,
  tables: MonitorTables,
  lastTransaction?: string,
): RpcCall<RawUpdates> {
  const params = encodeMonitorRequest(method, schema, monitorId, tables, lastTransaction);
  return call(method, params, (result) => decodeMonitorReply(method, result));
}

/** Changes the conditions of a monitor that was made by `monitor_cond` or `monitor_cond_since`; it may get a new id. */
export function monitorConditionChange(
  schema: DatabaseSchema,
  monitorId: Json,
  newMonitorId: Json,
  conditions: MonitorConditions,
): RpcCall<void> {
  return call("monitor_cond_change", encodeConditionChange(schema, monitorId, newMonitorId, conditions), nothing);
}

/** RFC 7047, section 4.1.7. */
export function monitorCancel(monitorId: Json): RpcCall<void> {
  return call("monitor_cancel", [monitorId], nothing);
}

function decodeLocked(method: string, result: Json): boolean {
  const locked = isJsonObject(result) ? member(result, "locked") : undefined;
  if (typeof locked !== "boolean")
    throw new OvsdbProtocolError(method, `the result must have a boolean "locked"`, result);
  return locked;
}

/** RFC 7047, section 4.1.8. False: not owned yet, a `locked` notification will tell. */
export function lock(name: string): RpcCall<boolean> {
  return call("lock", [name], (result) => decodeLocked("lock", result));
}

/** RFC 7047, section 4.1.8. Takes the lock from its owner: ovs-vswitchd destroys its bridges when it loses `ovs_vswitchd`. */
export function steal(name: string): RpcCall<boolean> {
  return call("steal", [name], (result) => decodeLocked("steal", result));
}

/** RFC 7047, section 4.1.8. */
export function unlock(name: string): RpcCall<void> {
  return call("unlock", [name], nothing);
}

/** RFC 7047, section 4.1.11. Gives the params back. */
export function echo(params: readonly Json[]): RpcCall<readonly Json[]> {
  return call("echo", params, (result) => {
    if (!isJsonArray(result)) throw new OvsdbProtocolError("echo", "the result must be an array", result);
    return result;
  });
}

/** ovsdb-server(7): whether the connection may live on when a database is added, removed or converted. */
export function setDbChangeAware(aware: boolean): RpcCall<void> {
  return call("set_db_change_aware", [aware], nothing);
}

/** ovsdb-server(7): a UUID that the server process keeps until it exits. */
export function getServerId(): RpcCall<string> {
  return call("get_server_id", [], (result) => {
    if (typeof result !== "string")
      throw new OvsdbProtocolError("get_server_id", "the result must be a string", result);
    return result;
  });
}
