// What a person is told when a command fails, and the exit code a script sees.
import { CommanderError } from "commander";
import { WeftError } from "../api/index.ts";
import { ConfigError } from "../config/problem.ts";
import { visible } from "../config/visible.ts";

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

const MAX_TEXT = 3_000;

/** Lines stay lines; what was typed, or was sent by others, is shown as far as a person reads and as a terminal bears. */
export function tidy(text: string): string {
  const half = MAX_TEXT / 2;
  const short = text.length <= MAX_TEXT ? text : `${text.slice(0, half)} ... ${text.slice(-half)}`;
  return short.split("\n").map(visible).join("\n");
}

export function explainFailure(error: unknown): Failure {
  const { exitCode, text } = explain(error);
  // Of many problems in a file each is short, and has its line.
  return { exitCode, text: error instanceof ConfigError || isDebugging() ? text : tidy(text) };
}

function isDebugging(): boolean {
  return Boolean(process.env.WEFT_DEBUG);
}

function explain(error: unknown): Failure {
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
