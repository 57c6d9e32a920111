// What the command line may say to `weft controller`.
import type { LogLevel } from "../config/types.ts";

export interface ControllerOptions {
  readonly ovsdb?: readonly string[];
  readonly openflow?: readonly string[];
  /** Where to serve it; false: nowhere. */
  readonly http?: string | boolean;
  readonly config?: string;
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
  readonly untilStdinEnds?: true;
}
