// What the model of a switch can't follow, said by name: it never guesses and never skips.
import { WeftError } from "../../proto/bytes/errors.ts";

/** `trace/unsupported`: a field, action or instruction the model does not know. `trace/unknown`: no such host or port. */
export class TraceError extends WeftError {}

export function unsupported(what: string, context: Readonly<Record<string, unknown>> = {}): TraceError {
  return new TraceError("trace/unsupported", `the model of the switch does not know ${what}`, { context });
}
