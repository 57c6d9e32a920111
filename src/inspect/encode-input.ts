// What `weft encode` does: the JSON that `weft decode` prints, back to hexadecimal bytes, a line for each message.
import { WeftError } from "../../proto/bytes/errors.ts";
import { fromHex, toHex } from "../../proto/bytes/hex.ts";
import { isJsonArray, isJsonObject, type Json, JsonFramer, member } from "../../proto/ovsdb/index.ts";
import { bytesFromJson } from "./openflow/message-from-json.ts";

/** Messages nest about ten deep. */
const MAX_DEPTH = 64;
const CHUNK = 1024 * 1024;

/** What stands in a capture's document around its message; and bytes that could not be decoded stay as they are. */
function bytesOf(document: Json): Uint8Array | undefined {
  if (!isJsonObject(document)) return bytesFromJson(document);
  const message = member(document, "message");
  if (member(document, "kind") === undefined && message !== undefined) return bytesOf(message);
  if (typeof member(document, "skipped") === "string") return undefined;
  if (member(document, "kind") === "undecoded") {
    const bytes = member(document, "bytes");
    if (typeof bytes !== "string")
      throw new WeftError("inspect/message", "undecoded.bytes: must be hexadecimal digits");
    return fromHex(bytes);
  }
  return bytesFromJson(document);
}

/**
 * Documents in a row, or arrays of them.
 * @throws WeftError that names `name`, the document's number and the member, after the lines before it
 */
export function* encodeInput(input: Uint8Array, name: string): Generator<string> {
  const documents: Json[] = [];
  const framer = new JsonFramer((json) => documents.push(json), { maxBytes: input.length + 1, maxDepth: MAX_DEPTH });
  let number = 0;
  for (let at = 0; at < input.length; at += CHUNK) {
    let broken: WeftError | undefined;
    try {
      framer.push(input.subarray(at, at + CHUNK));
    } catch (cause) {
      if (!(cause instanceof WeftError)) throw cause;
      broken = new WeftError("inspect/input", `${name}: ${cause.message}`, { cause, context: { name } });
    }
    for (const document of documents.splice(0).flatMap((json) => (isJsonArray(json) ? json : [json]))) {
      number += 1;
      try {
        const bytes = bytesOf(document);
        if (bytes !== undefined) yield `${toHex(bytes)}\n`;
      } catch (cause) {
        if (!(cause instanceof WeftError)) throw cause;
        const context = { name, document: number };
        throw new WeftError(cause.code, `${name}: document ${number}: ${cause.message}`, { cause, context });
      }
    }
    if (broken !== undefined) throw broken;
  }
  if (!framer.atBoundary) throw new WeftError("inspect/input", `${name}: it ends in the middle of a document`);
  if (number === 0) throw new WeftError("inspect/input", `${name}: there is no JSON in it`);
}
