// OVSDB (RFC 7047, with the extensions of ovsdb-server(7)) for TypeScript: everything between a byte stream and typed rows, without sockets or clocks.
export { ATOMIC_TYPES, type Atom, type AtomicType, compareAtoms, isUuid, NIL_UUID } from "./atom.ts";
export {
  applyDatumDiff,
  type Datum,
  decodeDatum,
  decodeDatumDiff,
  defaultDatum,
  equalData,
  isMapDatum,
} from "./datum.ts";
export { encodeTransaction } from "./encode-operation.ts";
export { encodeValue } from "./encode-value.ts";
export { DEFAULT_MAX_JSON_BYTES, DEFAULT_MAX_JSON_DEPTH, JsonFramer, type JsonLimits } from "./json-framer.ts";
export { parseStrictJson } from "./json-parse.ts";
export { isJsonArray, isJsonObject, type Json, type JsonObject, jsonText, member } from "./json-text.ts";
export {
  MONITOR_METHODS,
  type MonitorConditions,
  type MonitorMethod,
  type MonitorTable,
  type MonitorTables,
  type RawUpdates,
} from "./monitor.ts";
export { type DatumRow, decodeTransactionReply, type OperationResult } from "./operation-result.ts";
export {
  abort,
  assertLock,
  byUuid,
  type Condition,
  type ConditionFunction,
  comment,
  commit,
  del,
  insert,
  type Mutation,
  type Mutator,
  mutate,
  type Operation,
  select,
  update,
  wait,
} from "./operations.ts";
export {
  OvsdbProtocolError,
  OvsdbRequestError,
  OvsdbSchemaError,
  OvsdbTransactionError,
  type ServerError,
} from "./ovsdb-error.ts";
export {
  applyUpdates,
  emptyReplica,
  type MonitoredColumns,
  monitoredColumns,
  type Replica,
  type RowChange,
} from "./replica.ts";
export {
  echo,
  getSchema,
  getServerId,
  listDatabases,
  lock,
  monitor,
  monitorCancel,
  monitorConditionChange,
  type RpcCall,
  setDbChangeAware,
  steal,
  transact,
  unlock,
} from "./rpc-call.ts";
export { decodeRpcMessage, encodeRpcMessage, type RpcMessage } from "./rpc-message.ts";
export { decodeNotification, type RpcNotification } from "./rpc-notification.ts";
export { type RpcOutcome, RpcPeer, type RpcPeerHandlers } from "./rpc-peer.ts";
export {
  type BaseType,
  type ColumnSchema,
  type ColumnType,
  type DatabaseSchema,
  parseColumnType,
  parseSchema,
  type TableSchema,
} from "./schema.ts";
export {
  type AtomValue,
  type MapValue,
  type NamedUuid,
  namedUuid,
  type OvsValue,
  ovsMap,
  ovsSet,
  type RowValue,
  type SetValue,
  type UuidRef,
  uuidRef,
} from "./values.ts";
export * from "./vswitch-rows.ts";
