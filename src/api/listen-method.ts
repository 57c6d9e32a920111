// Checks a connection method before anything is started with it.
import { WeftError } from "../../proto/bytes/errors.ts";
import { isPassive, OPENFLOW_PORT, OVSDB_PORT, parseConnectionMethod } from "../southbound/connection-method.ts";

/**
 * OVSDB may be waited for and called; OpenFlow is only waited for.
 * @throws WeftError `connection-method/invalid`, `connection-method/unsupported`, with the text and the remedy.
 */
export function checkListenMethod(protocol: "ovsdb" | "openflow", text: string): void {
  const method = parseConnectionMethod(text, protocol === "ovsdb" ? OVSDB_PORT : OPENFLOW_PORT);
  if (protocol === "openflow" && !isPassive(method)) {
    throw unsupported(text, "switches call the controller; write ptcp:[PORT][:HOST], pssl:[PORT][:HOST] or punix:PATH");
  }
}

function unsupported(text: string, why: string): WeftError {
  return new WeftError("connection-method/unsupported", `"${text}" cannot be used here: ${why}`, { context: { text } });
}
