// What is wrong in a configuration file, and where.
import { WeftError } from "../../proto/bytes/errors.ts";

export interface ConfigProblem {
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** The key, such as `networks.blue.tag`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** `file:line:column: path: message`, as compilers and editors know it. */
export function formatConfigProblem(problem: ConfigProblem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === "" ? `${where}: ${problem.message}` : `${where}: ${problem.path}: ${problem.message}`;
}

/** Codes: `config/unreadable`, `config/invalid`. The message holds one line for each problem. */
export class ConfigError extends WeftError {
  readonly problems: readonly ConfigProblem[];

  constructor(code: string, message: string, problems: readonly ConfigProblem[], cause?: unknown) {
    super(code, message, { cause, context: { problems } });
    this.problems = problems;
  }
}
