// JSON-RPC 1.0 messages as OVSDB uses them (RFC 7047, section 4).
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from "./json-text.ts";
import { OvsdbProtocolError } from "./ovsdb-error.ts";

export type RpcMessage =
  | { readonly kind: "request"; readonly id: Json; readonly method: string; readonly params: readonly Json[] }
  | { readonly kind: "notification"; readonly method: string; readonly params: readonly Json[] }
  | { readonly kind: "reply"; readonly id: Json; readonly result: Json }
  | { readonly kind: "error"; readonly id: Json; readonly error: Json };

const MEMBERS = new Set(["method", "params", "id", "result", "error"]);

/** A member that is absent or null, which JSON-RPC 1.0 does not tell apart. */
function present(object: JsonObject, name: string): Json | undefined {
  return member(object, name) ?? undefined;
}

function decodeCall(object: JsonObject): RpcMessage {
  const method = present(object, "method");
  if (typeof method !== "string") throw new OvsdbProtocolError("method", "must be a string", method ?? null);
  const params = present(object, "params");
  if (!isJsonArray(params)) throw new OvsdbProtocolError(`params of ${method}`, "must be an array", params ?? null);
  if (present(object, "result") !== undefined || present(object, "error") !== undefined) {
    throw new OvsdbProtocolError(method, "a request must not have a result or an error");
  }
  const id = present(object, "id");
  return id === undefined ? { kind: "notification", method, params } : { kind: "request", id, method, params };
}

/** @throws OvsdbProtocolError */
export function decodeRpcMessage(json: Json): RpcMessage {
  if (!isJsonObject(json)) throw new OvsdbProtocolError("message", "must be an object", json);
  const stranger = Object.keys(json).find((name) => !MEMBERS.has(name));
  if (stranger !== undefined) throw new OvsdbProtocolError("message", `unexpected member "${stranger.slice(0, 80)}"`);
  if (member(json, "method") !== undefined) return decodeCall(json);
  const id = present(json, "id");
  if (id === undefined) throw new OvsdbProtocolError("id", "a reply must name its request");
  if (present(json, "params") !== undefined) throw new OvsdbProtocolError("params", "a reply must not have any");
  const error = present(json, "error");
  const result = member(json, "result");
  if (error !== undefined) {
    if (result !== undefined && result !== null)
      throw new OvsdbProtocolError("result", "a reply has a result or an error, not both");
    return { kind: "error", id, error };
  }
  if (result === undefined) throw new OvsdbProtocolError("result", "a reply must have a result or an error");
  return { kind: "reply", id, result };
}

export function encodeRpcMessage(message: RpcMessage): Json {
  switch (message.kind) {
    case "request":
      return { id: message.id, method: message.method, params: message.params };
    case "notification":
      return { id: null, method: message.method, params: message.params };
    case "reply":
      return { id: message.id, result: message.result, error: null };
    case "error":
      return { id: message.id, result: null, error: message.error };
  }
}
