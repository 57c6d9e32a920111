// What the global options and the environment say, for every command.
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { Format, Style } from "../api/index.ts";

export interface GlobalSettings {
  /** The control socket that was asked for, by option or environment. */
  readonly control: string | undefined;
  readonly format: Format;
}

export function globalSettings(command: Command): GlobalSettings {
  const { control, format, json } = command.optsWithGlobals<{ control?: string; format?: Format; json?: true }>();
  const wanted = control ?? process.env.WEFT_CONTROL;
  return {
    control: wanted === undefined || wanted === "" ? undefined : wanted,
    format: json === true ? "json" : (format ?? "table"),
  };
}

/** Where a controller's socket is unless anyone says otherwise. */
export function defaultControlPath(): string {
  if (process.getuid?.() === 0) return "/run/weft/weft.sock";
  return join(process.env.XDG_RUNTIME_DIR || `/tmp/weft-${process.getuid?.() ?? "user"}`, "weft.sock");
}

/** Where a controller's journal is unless anyone says otherwise: a controller with a socket of its own has it beside that. */
export function journalPath(control: string | null): string {
  const [stateDirectory = ""] = (process.env.STATE_DIRECTORY ?? "").split(":");
  if (stateDirectory.startsWith("/")) return join(stateDirectory, "journal.jsonl");
  if (control !== null && control !== defaultControlPath()) return `${control}.journal`;
  if (process.getuid?.() === 0) return "/var/lib/weft/journal.jsonl";
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "weft/journal.jsonl");
}

export function controlPath(command: Command): string {
  return globalSettings(command).control ?? defaultControlPath();
}

/** How standard output wants its text: https://no-color.org is honoured. */
export function stdoutStyle(): Style {
  const { stdout, env } = process;
  if (!stdout.isTTY) return { color: false, width: null };
  return { color: !env.NO_COLOR && stdout.hasColors(), width: stdout.columns > 0 ? stdout.columns : null };
}
