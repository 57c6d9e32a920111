// What a person is told when a command fails, and the exit code a script sees.
import { CommanderError } from "commander";
import { WeftError } from "../api/index.ts";
import { ConfigError } from "../config/problem.ts";

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** The operation failed, and what there is to say has been said. */
export class SilentFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number = EXIT.failed) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** The command line is at fault, in a way that only its values show. */
export class UsageError extends Error {}

export interface Failure {
  readonly exitCode: number;
  /** Lines for standard error; empty where everything has been said. */
  readonly text: string;
}

export function explainFailure(error: unknown): Failure {
  if (error instanceof SilentFailure) return { exitCode: error.exitCode, text: "" };
  // Commander has printed its own message.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.usage, text: "" };
  if (error instanceof UsageError) return { exitCode: EXIT.usage, text: `weft: ${error.message}\n` };
  // One line for each problem, in the form that editors jump by.
  if (error instanceof ConfigError && error.problems.length > 0) {
    return { exitCode: EXIT.failed, text: `${error.message}\n` };
  }
  if (error instanceof WeftError) return { exitCode: EXIT.failed, text: `weft: ${error.message}\n` };
  const message = error instanceof Error ? error.message : String(error);
  const stack = process.env.WEFT_DEBUG && error instanceof Error ? `\n${error.stack}` : "";
  const hint = stack === "" ? " (WEFT_DEBUG=1 shows where)" : "";
  return { exitCode: EXIT.failed, text: `weft: this should not have happened: ${message}${hint}${stack}\n` };
}
