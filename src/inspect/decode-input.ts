// What `weft decode` does: input of any form to one printed document for each message, and the problems on the way.
import { WeftError, WireError } from "../../proto/bytes/errors.ts";
import { toHex } from "../../proto/bytes/hex.ts";
import { decode, peekHeader } from "../../proto/openflow13/index.ts";
import { isCapture, readCapture } from "./capture/read-capture.ts";
import { parseHexInput } from "./openflow/hex-input.ts";
import { messageText } from "./openflow/message-text.ts";
import { messageToJson, type PlainJson } from "./openflow/message-to-json.ts";
import { splitMessages } from "./openflow/split-messages.ts";

export interface DecodeOptions {
  /** How the input is called in problems: a file's name, "standard input". */
  readonly name: string;
  readonly form: "json" | "text";
  readonly pretty: boolean;
  readonly ports?: readonly number[];
}

export type DecodeOutput =
  | { readonly kind: "document"; readonly text: string }
  /** A line for standard error; the operation then counts as failed, and goes on. */
  | { readonly kind: "problem"; readonly text: string };

type Document = { readonly [key: string]: PlainJson };

function problem(name: string, text: string): DecodeOutput {
  return { kind: "problem", text: `${name}: ${text}` };
}

function errorJson(error: WeftError): Document {
  const { offset, field } = error.context;
  return {
    code: error.code,
    message: error.message,
    ...(typeof offset === "number" ? { offset } : {}),
    ...(typeof field === "string" ? { field } : {}),
  };
}

/** A message's own document: its fields, or what is wrong with it and its bytes. */
function describe(bytes: Uint8Array, options: DecodeOptions): { json: Document; text: string; error?: WeftError } {
  try {
    const message = decode(bytes);
    if (options.form === "text") return { json: {}, text: messageText(message) };
    return { json: messageToJson(message) as Document, text: "" };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    const header = peekHeader(bytes);
    const json = {
      kind: "undecoded",
      ...(header === undefined ? {} : { version: header.version, type: header.type, xid: header.xid }),
      error: errorJson(error),
      bytes: toHex(bytes),
    };
    return { json, text: `undecoded (${error.message})\n ${toHex(bytes)}`, error };
  }
}

function print(json: Document, options: DecodeOptions): string {
  return `${JSON.stringify(json, undefined, options.pretty ? 2 : undefined)}\n`;
}

/**
 * Bytes of a capture, of messages in a row, or hexadecimal text of these.
 * @throws WeftError for input that is none of them
 */
export function* decodeInput(input: Uint8Array, options: DecodeOptions): Generator<DecodeOutput> {
  if (isCapture(input)) {
    yield* decodeCapture(input, options);
    return;
  }
  yield* decodeMessages(isBinary(input) ? input : parseHexText(input, options.name), options);
}

/** Text has no control characters but white space; every OpenFlow message begins with one. */
function isBinary(input: Uint8Array): boolean {
  const first = input[0] ?? 0x20;
  return first < 0x20 && first !== 0x09 && first !== 0x0a && first !== 0x0d;
}

function parseHexText(input: Uint8Array, name: string): Uint8Array {
  const text = new TextDecoder().decode(input);
  try {
    return parseHexInput(text);
  } catch (cause) {
    if (!(cause instanceof WeftError)) throw cause;
    const what = "neither a capture nor OpenFlow messages in hexadecimal digits";
    throw new WeftError("inspect/input", `${name}: ${what}: ${cause.message}`, { cause, context: { name } });
  }
}

function* decodeMessages(bytes: Uint8Array, options: DecodeOptions): Generator<DecodeOutput> {
  if (bytes.length === 0) throw new WeftError("inspect/input", `${options.name}: there are no bytes in it`);
  let number = 0;
  for (const slice of splitMessages(bytes)) {
    number += 1;
    const described = describe(slice.bytes, options);
    const error = slice.error ?? described.error;
    const json = slice.error === undefined ? described.json : { ...described.json, error: errorJson(slice.error) };
    yield { kind: "document", text: options.form === "text" ? `${described.text}\n` : print(json, options) };
    if (error === undefined) continue;
    const where = `message ${number}, at byte ${slice.offset}`;
    yield problem(options.name, `${where}: ${error.message}`);
  }
}

/** ISO 8601 with all the digits that the capture has. */
export function formatTime(timeNs: bigint): string {
  const seconds = timeNs / 1_000_000_000n;
  const fraction = String(timeNs % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/000$/, "");
  const milliseconds = Number(seconds) * 1000;
  // A date beyond what a calendar has is a fault of the capture, and no reason to stop.
  if (Math.abs(milliseconds) > 8.64e15 || timeNs < 0n) return `${seconds}.${fraction}`;
  return `${new Date(milliseconds).toISOString().slice(0, -5)}.${fraction}Z`;
}

function* decodeCapture(file: Uint8Array, options: DecodeOptions): Generator<DecodeOutput> {
  try {
    for (const item of readCapture(file, options.ports)) {
      if ("problem" in item) {
        yield problem(options.name, `frame ${item.frame}: ${item.problem}`);
        continue;
      }
      const { frame, timeNs, source, destination, piece } = item;
      const place: Document = {
        frame,
        ...(timeNs === undefined ? {} : { time: formatTime(timeNs) }),
        src: source,
        dst: destination,
      };
      const title = `${frame} ${place.time ?? "-"} ${source} > ${destination}`;
      if (piece.kind === "skipped") {
        const json = { ...place, skipped: piece.why, bytes: toHex(piece.bytes) };
        yield { kind: "document", text: options.form === "text" ? `${title}: ${piece.why}\n` : print(json, options) };
        yield problem(options.name, `frame ${frame}: ${source} > ${destination}: ${piece.why}`);
        continue;
      }
      const described = describe(piece.bytes, options);
      const json = { ...place, message: described.json };
      yield {
        kind: "document",
        text: options.form === "text" ? `${title}: ${described.text}\n` : print(json, options),
      };
      if (described.error !== undefined) yield problem(options.name, `frame ${frame}: ${described.error.message}`);
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    yield problem(options.name, error.message);
  }
}
