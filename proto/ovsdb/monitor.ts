// Monitoring a database: the requests of RFC 7047, section 4.1.5, and Open vSwitch's `monitor_cond` and `monitor_cond_since` (ovsdb-server(7)).

import { NIL_UUID } from "./atom.ts";
import { columnOf, encodeCondition, tableOf } from "./encode-operation.ts";
import { isJsonArray, type Json } from "./json-text.ts";
import type { Condition } from "./operations.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";
import type { DatabaseSchema } from "./schema.ts";

export const MONITOR_METHODS = ["monitor_cond_since", "monitor_cond", "monitor"] as const;
export type MonitorMethod = (typeof MONITOR_METHODS)[number];

/** What to tell about one table. */
export interface MonitorTable {
  readonly columns: readonly string[];
  /** Which rows; all when absent. Not for the method `monitor`, which has no conditions. */
  readonly where?: readonly Condition[];
  /** Which kinds of change; all when absent. */
  readonly select?: {
    readonly initial?: boolean;
    readonly insert?: boolean;
    readonly delete?: boolean;
    readonly modify?: boolean;
  };
}

export type MonitorTables = ReadonlyMap<string, MonitorTable>;

/**
 * The `params` of a monitor request.
 * @param monitorId any JSON; updates carry it
 * @param lastTransaction for `monitor_cond_since`: what was seen last; the nil UUID asks for everything
 * @throws OvsdbSchemaError
 */
export function encodeMonitorRequest(
  method: MonitorMethod,
  schema: DatabaseSchema,
  monitorId: Json,
  tables: MonitorTables,
  lastTransaction: string = NIL_UUID,
): readonly Json[] {
  const requests = [...tables].map(([name, request]) => {
    const path = `${method}, table ${name}`;
    const table = tableOf(schema, name, path);
    for (const column of request.columns) columnOf(table, column, path);
    const where = request.where?.map((condition) => encodeCondition(table, condition, path));
    return [
      name,
      [
        {
          columns: request.columns,
          ...(where === undefined || method === "monitor" ? {} : { where }),
          ...(request.select === undefined ? {} : { select: { ...request.select } }),
        },
      ],
    ] as const;
  });
  const params: Json[] = [schema.name, monitorId, Object.fromEntries(requests)];
  if (method === "monitor_cond_since") params.push(lastTransaction);
  return params;
}

/** Updates as they came, not decoded yet: `<table-updates>` of version 1, `<table-updates2>` of version 2. */
export interface RawUpdates {
  readonly version: 1 | 2;
  readonly updates: Json;
  /** For `monitor_cond_since`. */
  readonly lastTransaction?: string;
  /** Whether rows known from before are still right; false asks to forget them all. */
  readonly incremental: boolean;
}

/** Reads the reply to a monitor request. @throws OvsdbProtocolError */
export function decodeMonitorReply(method: MonitorMethod, result: Json): RawUpdates {
  if (method === "monitor") return { version: 1, updates: result, incremental: false };
  if (method === "monitor_cond") return { version: 2, updates: result, incremental: false };
  if (!isJsonArray(result) || result.length !== 3) {
    throw new OvsdbProtocolError(method, "the result must be [found, last-txn-id, updates]", result);
  }
  const [found, lastTransaction, updates] = result;
  if (typeof found !== "boolean" || typeof lastTransaction !== "string" || updates === undefined) {
    throw new OvsdbProtocolError(method, "the result must be [boolean, string, object]", result);
  }
  return { version: 2, updates, lastTransaction, incremental: found };
}

/** New conditions by table; tables that are not named keep theirs. */
export type MonitorConditions = ReadonlyMap<string, readonly Condition[]>;

/** The `params` of `monitor_cond_change`. @throws OvsdbSchemaError */
export function encodeConditionChange(
  schema: DatabaseSchema,
  monitorId: Json,
  newMonitorId: Json,
  conditions: MonitorConditions,
): readonly Json[] {
  const requests = [...conditions].map(([name, where]) => {
    const path = `monitor_cond_change, table ${name}`;
    const table = tableOf(schema, name, path);
    return [name, [{ where: where.map((condition) => encodeCondition(table, condition, path)) }]] as const;
  });
  return [monitorId, newMonitorId, Object.fromEntries(requests)];
}
