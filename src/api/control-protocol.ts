// The messages of the control socket: JSON-RPC 1.0 as Open vSwitch's daemons speak it with ovs-appctl (unixctl.man).
import { isJsonArray, isJsonObject, type Json, member } from "../../proto/ovsdb/json-text.ts";

export interface ControlRequest {
  readonly id: Json;
  readonly method: string;
  readonly params: readonly string[];
}

export type ControlReply =
  | { readonly id: Json; readonly result: string; readonly error: null }
  | { readonly id: Json; readonly result: null; readonly error: string };

/** null for anything but a request with text parameters. */
export function readRequest(message: Json): ControlRequest | null {
  if (!isJsonObject(message)) return null;
  const id = member(message, "id");
  const method = member(message, "method");
  const params = member(message, "params");
  if (id === undefined || id === null || typeof method !== "string" || !isJsonArray(params)) return null;
  if (!params.every((param) => typeof param === "string")) return null;
  return { id, method, params };
}

/** null for anything but a reply. */
export function readReply(message: Json): ControlReply | null {
  if (!isJsonObject(message)) return null;
  const id = member(message, "id") ?? null;
  const result = member(message, "result") ?? null;
  const error = member(message, "error") ?? null;
  if (typeof error === "string" && result === null) return { id, result, error };
  return typeof result === "string" && error === null ? { id, result, error } : null;
}

const encoder = new TextEncoder();

export function encodeControlMessage(message: ControlReply | ControlRequest): Uint8Array {
  const text = JSON.stringify(message, (_, value) => (typeof value === "bigint" ? Number(value) : value));
  return encoder.encode(text);
}
