// JSON given on a command line, read as exactly as JSON from a server.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { type Json, JsonFramer } from "../../../proto/ovsdb/index.ts";

const MAX_DEPTH = 64;

/** @throws WeftError `ovsdb/json` */
export function parseJsonArgument(text: string): Json {
  const found: Json[] = [];
  const framer = new JsonFramer((json) => found.push(json), { maxDepth: MAX_DEPTH });
  try {
    framer.push(new TextEncoder().encode(text));
  } catch (cause) {
    if (!(cause instanceof WeftError)) throw cause;
    throw new WeftError("ovsdb/json", `the JSON is not right: ${cause.message}`, { cause });
  }
  const [json] = found;
  if (json === undefined || found.length > 1 || !framer.atBoundary) {
    throw new WeftError("ovsdb/json", "the JSON must be one whole array or object");
  }
  return json;
}
