// JSON back to OpenFlow messages and their bytes, with errors that name the member that is wrong.
import { WeftError, WireError } from "../../../proto/bytes/errors.ts";
import { fromHex } from "../../../proto/bytes/hex.ts";
import { ipv4ToNumber, ipv6ToBigInt } from "../../../proto/bytes/ip.ts";
import { macToBigInt } from "../../../proto/bytes/mac.ts";
import {
  decode,
  encode,
  type OpenFlowMessage,
  type OxmField,
  oxmFieldByName,
} from "../../../proto/openflow13/index.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from "../../../proto/ovsdb/index.ts";
import { modelName } from "./field-names.ts";
import {
  BYTES_KEYS,
  COUNTER_KEYS,
  DECIMAL_INTEGER,
  HEX_INTEGER,
  HEX_NUMBER_KEYS,
  TEXT_KEYS,
  WIDE_KEYS,
} from "./json-forms.ts";
import { watchReads } from "./watched-reads.ts";

function invalid(path: string, why: string, cause?: unknown): WeftError {
  return new WeftError("inspect/message", `${path}: ${why}`, { cause, context: { path } });
}

function hexBytes(text: string, path: string): Uint8Array {
  try {
    return fromHex(text.replace(/^0x/, ""));
  } catch (cause) {
    throw invalid(path, `must be bytes in hexadecimal digits; ${(cause as Error).message}`, cause);
  }
}

function integer(text: string, path: string): bigint {
  if (!HEX_INTEGER.test(text) && !DECIMAL_INTEGER.test(text)) {
    throw invalid(path, `"${text.slice(0, 80)}" is not a number; write 31 or "0x1f"`);
  }
  return BigInt(text);
}

function textFromJson(text: string, key: string, path: string): unknown {
  if (BYTES_KEYS.has(key)) return hexBytes(text, path);
  if (TEXT_KEYS.has(key)) return text;
  if (HEX_NUMBER_KEYS.has(key)) return Number(integer(text, path));
  if (COUNTER_KEYS.has(key)) return integer(text, path);
  return HEX_INTEGER.test(text) ? BigInt(text) : text;
}

function numberFromJson(value: number | bigint, key: string, path: string): number | bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw invalid(path, `${value} is not a whole number`);
  return WIDE_KEYS.has(key) || COUNTER_KEYS.has(key) ? BigInt(value) : value;
}

/** A match field's value or mask, in any way of writing it that the field has. */
function fieldValue(field: OxmField, json: Json, path: string): number | bigint {
  const wide = field.bytes > 4 || field.variable;
  try {
    if (typeof json === "string") {
      if (field.format === "mac" && /[:-]/.test(json)) return macToBigInt(json);
      if (field.format === "ipv4" && json.includes(".")) return ipv4ToNumber(json);
      if (field.format === "ipv6" && json.includes(":")) return ipv6ToBigInt(json);
      return wide ? integer(json, path) : Number(integer(json, path));
    }
  } catch (cause) {
    throw cause instanceof WeftError && cause.code !== "inspect/message" ? invalid(path, cause.message, cause) : cause;
  }
  if (typeof json !== "number" && typeof json !== "bigint") {
    throw invalid(path, `must be a number or text, for ${field.wireName}`);
  }
  if (typeof json === "number" && !Number.isSafeInteger(json)) throw invalid(path, `${json} is not a whole number`);
  return wide ? BigInt(json) : Number(json);
}

function objectFromJson(json: JsonObject, path: string): unknown {
  const keys = Object.keys(json);
  if (keys.length === 1) {
    const [hex, text] = [member(json, "hex"), member(json, "text")];
    if (typeof hex === "string") return hexBytes(hex, path);
    if (typeof text === "string") return text;
  }
  const kind = member(json, "kind");
  const fieldName = member(json, "field");
  let field: OxmField | undefined;
  if (typeof fieldName === "string" && Object.hasOwn(json, "value")) {
    field = oxmFieldByName(fieldName);
    if (field === undefined) throw invalid(`${path}.field`, `no match field is named "${fieldName.slice(0, 80)}"`);
  }
  const object: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    const name = modelName(key, kind);
    const inner = `${path}.${key.slice(0, 80)}`;
    if (name === undefined) throw invalid(inner, "no message has such a member");
    const isFieldValue = field !== undefined && (name === "value" || name === "mask");
    object[name] = isFieldValue && field !== undefined ? fieldValue(field, value, inner) : fromJson(value, key, inner);
  }
  return object;
}

function fromJson(json: Json, key: string, path: string): unknown {
  switch (typeof json) {
    case "string":
      return textFromJson(json, key, path);
    case "number":
    case "bigint":
      return numberFromJson(json, key, path);
    case "boolean":
      return json;
    default:
      if (json === null) throw invalid(path, "null says nothing; leave the member out");
      if (isJsonArray(json)) return json.map((item, i) => fromJson(item, key, `${path}[${i}]`));
      return objectFromJson(json, path);
  }
}

/** The model's form; what it lacks, or has too much, shows when it is encoded. @throws WeftError `inspect/message` */
export function messageFromJson(json: Json): OpenFlowMessage {
  if (!isJsonObject(json)) throw invalid("message", "must be a JSON object");
  const kind = member(json, "kind");
  if (typeof kind !== "string") throw invalid("message.kind", `must name the message, such as "flow_mod"`);
  return objectFromJson(json, kind) as OpenFlowMessage;
}

/** Every `kind` of the message's parts, in order, with its path. */
function kindsOf(value: unknown, path: string, into: { path: string; kind: string }[]): typeof into {
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      kindsOf(item, `${path}[${i}]`, into);
    });
  } else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    const { kind } = value as { kind?: unknown };
    if (typeof kind === "string") into.push({ path, kind });
    for (const [name, inner] of Object.entries(value)) kindsOf(inner, `${path}.${name}`, into);
  }
  return into;
}

/** Opaque forms, which read back as what their bytes mean. */
const OPAQUE: ReadonlySet<string> = new Set(["experimenter", "unknown"]);

/** A kind that encodes to nothing at all has no other trace: what comes back has fewer parts. */
function checkKinds(message: OpenFlowMessage, bytes: Uint8Array): void {
  const given = kindsOf(message, message.kind, []);
  let back: OpenFlowMessage;
  try {
    back = decode(bytes);
  } catch (cause) {
    const hint = "is every kind in it spelt right?";
    throw invalid(message.kind, `it makes bytes that are no message; ${hint} ${(cause as Error).message}`, cause);
  }
  if (given.some(({ kind }) => OPAQUE.has(kind))) return;
  const got = kindsOf(back, back.kind, []);
  given.forEach(({ path, kind }, i) => {
    if (got[i]?.kind !== kind) throw invalid(`${path}.kind`, `"${kind.slice(0, 80)}" is not known here`);
  });
}

function unknownKind(message: OpenFlowMessage): string {
  return `there is no message of kind "${message.kind.slice(0, 80)}"`;
}

/** The bytes of a message in JSON. @throws WeftError that names the member that is missing, unknown or out of range */
export function bytesFromJson(json: Json): Uint8Array {
  const message = messageFromJson(json);
  const watched = watchReads(message, message.kind);
  let bytes: Uint8Array;
  try {
    bytes = encode(watched.value);
  } catch (cause) {
    if (cause instanceof WeftError) {
      if (cause instanceof WireError && cause.field === "header.type")
        throw invalid("kind", unknownKind(message), cause);
      const missing = watched.missing();
      const hint = missing !== undefined && cause.message.includes("undefined") ? ` (${missing} is missing)` : "";
      throw invalid(message.kind, `${cause.message}${hint}`, cause);
    }
    if (!(cause instanceof Error)) throw cause;
    throw invalid(watched.missing() ?? message.kind, "is missing, or is not of the right form", cause);
  }
  const unread = watched.unread();
  checkKinds(message, bytes);
  if (unread !== undefined) throw invalid(unread, "no such member is known here");
  return bytes;
}
