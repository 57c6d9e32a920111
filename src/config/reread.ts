// Reads a configuration file again while a controller runs: a file that is only half there must not count.
import { setTimeout as sleep } from "node:timers/promises";
import { configFrom, readConfig } from "./parse.ts";
import { ConfigError, type ConfigProblem, formatConfigProblem } from "./problem.ts";
import type { WeftConfig } from "./types.ts";

/** An editor that writes a file in several steps is done with it by then. */
const SETTLE_MS = 200;

/**
 * Unlike at the start, nothing is not taken for the defaults: it would undo everything that was configured.
 * @throws ConfigError with line and column, and nothing has changed then.
 */
export async function rereadConfig(path: string): Promise<WeftConfig> {
  const source = readConfig(path);
  const config = configFrom(source, path);
  await sleep(SETTLE_MS);
  if (readConfig(path) !== source) throw unfinishedError(path, source, "the file is being written; try again");
  checkFinished(source, path);
  return config;
}

/** @throws ConfigError for a text that is empty, or ends in the middle of a line */
export function checkFinished(source: string, fileName: string): void {
  const problem = unfinished(source);
  if (problem !== null) throw unfinishedError(fileName, source, problem);
}

function unfinishedError(file: string, source: string, message: string): ConfigError {
  const found: ConfigProblem = { file, ...placeOfEnd(source), path: "", message };
  return new ConfigError("config/unfinished", formatConfigProblem(found), [found]);
}

function placeOfEnd(source: string): { readonly line: number; readonly column: number } {
  const lines = source.split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** A text that was cut between two lines can't be told from a whole one; one that was cut within a line can. */
function unfinished(source: string): string | null {
  const hasContent = source.split("\n").some((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  if (!hasContent) return "the file is empty; for the defaults alone write {}";
  if (source.endsWith("\n") || /[}\]]\s*$/.test(source)) return null;
  return "the last line does not end: the file seems to be half written; end it with a newline";
}
