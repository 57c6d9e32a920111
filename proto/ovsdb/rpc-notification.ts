// What a server tells unasked (RFC 7047, sections 4.1.6, 4.1.9 and 4.1.10, and ovsdb-server(7)).
import { isJsonObject, type Json } from "./json-text.ts";
import type { RawUpdates } from "./monitor.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";

export type RpcNotification =
  | ({ readonly kind: "update"; readonly monitorId: Json } & RawUpdates)
  /** The lock that was asked for is owned now. */
  | { readonly kind: "locked"; readonly lock: string }
  | { readonly kind: "stolen"; readonly lock: string }
  /** The server ended a monitor, since its database went away. */
  | { readonly kind: "monitor_canceled"; readonly monitorId: Json }
  | { readonly kind: "unknown"; readonly method: string };

type UpdateMethod = "update" | "update2" | "update3";

function decodeUpdate(method: UpdateMethod, params: readonly Json[]): RpcNotification {
  const [monitorId, ...rest] = params;
  const lastTransaction = method === "update3" ? rest.shift() : undefined;
  const [updates] = rest;
  if (monitorId === undefined || rest.length !== 1 || !isJsonObject(updates)) {
    throw new OvsdbProtocolError(method, "params must be a monitor id and an object of table updates");
  }
  if (method === "update3" && typeof lastTransaction !== "string") {
    throw new OvsdbProtocolError(method, "the last transaction must be a string", lastTransaction ?? null);
  }
  return {
    kind: "update",
    monitorId,
    version: method === "update" ? 1 : 2,
    updates,
    incremental: true,
    ...(typeof lastTransaction === "string" ? { lastTransaction } : {}),
  };
}

/** @throws OvsdbProtocolError */
export function decodeNotification(method: string, params: readonly Json[]): RpcNotification {
  switch (method) {
    case "update":
    case "update2":
    case "update3":
      return decodeUpdate(method, params);
    case "locked":
    case "stolen": {
      const [lock] = params;
      if (typeof lock !== "string") throw new OvsdbProtocolError(method, "params must name the lock", [...params]);
      return { kind: method, lock };
    }
    case "monitor_canceled": {
      const [monitorId] = params;
      if (monitorId === undefined) throw new OvsdbProtocolError(method, "params must name the monitor");
      return { kind: "monitor_canceled", monitorId };
    }
    default:
      return { kind: "unknown", method };
  }
}
