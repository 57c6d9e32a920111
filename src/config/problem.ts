// What is wrong in a configuration file, and where.
import { WeftError } from "../../proto/bytes/errors.ts";
import { visible } from "./visible.ts";

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
  const path = problem.path === "" ? "" : `${shortened(problem.path)}: `;
  return visible(`${where}: ${path}${problem.message}`);
}

/** The end of a path is what is wrong. */
function shortened(path: string): string {
  return path.length <= 200 ? path : `...${path.slice(-197)}`;
}

/** Codes: `config/unreadable`, `config/invalid`. The message holds one line for each problem. */
export class ConfigError extends WeftError {
  readonly problems: readonly ConfigProblem[];

  constructor(code: string, message: string, problems: readonly ConfigProblem[], cause?: unknown) {
    super(code, message, { cause, context: { problems } });
    this.problems = problems;
  }
}
