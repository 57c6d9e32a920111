// OpenFlow messages as JSON, under the specification's field names; message-from-json.ts is the way back.
import { toHex } from "../../../proto/bytes/hex.ts";
import { ipv4FromNumber, ipv6FromBigInt } from "../../../proto/bytes/ip.ts";
import { bigIntToMac } from "../../../proto/bytes/mac.ts";
import { type OpenFlowMessage, type OxmField, oxmFieldByName } from "../../../proto/openflow13/index.ts";
import { wireName } from "./field-names.ts";
import { BYTES_KEYS, COUNTER_KEYS, HEX_INTEGER, HEX_NUMBER_KEYS, hexText, TEXT_KEYS } from "./json-forms.ts";

/** What JSON.stringify takes as it is. */
export type PlainJson = null | boolean | number | string | readonly PlainJson[] | { readonly [key: string]: PlainJson };

function bytesToJson(bytes: Uint8Array, key: string): PlainJson {
  return BYTES_KEYS.has(key) ? toHex(bytes) : { hex: toHex(bytes) };
}

function textToJson(text: string, key: string): PlainJson {
  const ambiguous = BYTES_KEYS.has(key) || HEX_NUMBER_KEYS.has(key) || COUNTER_KEYS.has(key) || HEX_INTEGER.test(text);
  return ambiguous && !TEXT_KEYS.has(key) ? { text } : text;
}

function bigToJson(value: bigint, key: string): PlainJson {
  if (!COUNTER_KEYS.has(key)) return hexText(value);
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
}

function numberToJson(value: number, key: string): PlainJson {
  const digits = HEX_NUMBER_KEYS.get(key);
  return digits === undefined ? value : hexText(value, digits);
}

/** A match field's value, or mask, as people write it. */
function fieldValueToJson(field: OxmField, value: unknown): PlainJson {
  if (typeof value === "number") {
    if (field.format === "ipv4") return ipv4FromNumber(value);
    return field.format === "hex" ? hexText(value, Math.ceil(field.bits / 4)) : value;
  }
  if (typeof value !== "bigint") return toJson(value, "value");
  if (field.format === "mac") return bigIntToMac(value);
  if (field.format === "ipv6") return ipv6FromBigInt(value);
  return hexText(value);
}

function objectToJson(object: object): PlainJson {
  const { kind, field: fieldName } = object as { kind?: unknown; field?: unknown };
  const field = typeof fieldName === "string" && "value" in object ? oxmFieldByName(fieldName) : undefined;
  const json: Record<string, PlainJson> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const key = wireName(name, kind);
    const isFieldValue = field !== undefined && (name === "value" || name === "mask");
    json[key] = isFieldValue ? fieldValueToJson(field, value) : toJson(value, key);
  }
  return json;
}

function toJson(value: unknown, key: string): PlainJson {
  switch (typeof value) {
    case "number":
      return numberToJson(value, key);
    case "bigint":
      return bigToJson(value, key);
    case "string":
      return textToJson(value, key);
    case "boolean":
      return value;
    case "object":
      if (value === null) return null;
      if (value instanceof Uint8Array) return bytesToJson(value, key);
      if (Array.isArray(value)) return value.map((item) => toJson(item, key));
      return objectToJson(value);
    default:
      throw new TypeError(`a message holds a ${typeof value} under ${key}`);
  }
}

/** Total: every message has a JSON form, and `messageFromJson` gives the same message back. */
export function messageToJson(message: OpenFlowMessage): PlainJson {
  return objectToJson(message);
}
