// What goes wrong in the lab: a command that failed, a missing program, a name that is taken.
import { WeftError } from "../../proto/bytes/errors.ts";

/** Codes start with `lab/`; the message names the command, host or guest, and the remedy where there is one. */
export class LabError extends WeftError {}
