// A namespace of the lab, with the device that counts in it: where commands run and packets are looked at.
import type { ChildProcess } from "node:child_process";
import { type CommandOptions, type CommandResult, inNamespace, run, start } from "./command.ts";

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
