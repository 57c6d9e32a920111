// A namespace of the lab, with the device that counts in it: where commands run and packets are looked at.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { type CommandOptions, type CommandResult, childEnv, inNamespace, run, start } from "./command.ts";

export interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly device: string;
  /** Marks what is started here as the lab's. */
  readonly env: Readonly<Record<string, string>>;
}

export function runAt(place: Place, argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return run(inNamespace(place.namespace, argv), { ...options, env: { ...place.env, ...options.env } });
}

/** Starts a program there that runs until it is told to end. */
export function startAt(place: Place, argv: readonly string[]): ChildProcess {
  return start(inNamespace(place.namespace, argv), place.env);
}

/** Runs a program there with this process's terminal. Resolves with its exit code, as a shell would give it. */
export async function attachAt(place: Place, argv: readonly string[]): Promise<number> {
  const [program = "", ...args] = inNamespace(place.namespace, argv);
  // The terminal sends Ctrl-C to both; it is meant for the program.
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      const child = spawn(program, args, { env: childEnv(place.env), stdio: "inherit" });
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}
