// What the global options and the environment say, for every command.
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { type Format, type Style, snapshotTarget } from "../api/index.ts";

export interface GlobalSettings {
  /** The control socket that was asked for, by option or environment. */
  readonly control: string | undefined;
  readonly format: Format;
  /** The snapshot that is asked in the place of a controller. */
  readonly snapshot: string | undefined;
}

export function globalSettings(command: Command): GlobalSettings {
  const { control, format, json, snapshot } = command.optsWithGlobals<{
    control?: string;
    format?: Format;
    json?: true;
    snapshot?: string;
  }>();
  const wanted = control ?? process.env.WEFT_CONTROL;
  return {
    control: wanted === undefined || wanted === "" ? undefined : wanted,
    format: json === true ? "json" : (format ?? "table"),
    snapshot,
  };
}

/** Where a controller's socket is unless anyone says otherwise. */
export function defaultControlPath(): string {
  if (process.getuid?.() === 0) return "/run/weft/weft.sock";
  // A service of systemd that is not root has a place for it there, where root's queries look (systemd.exec(5)).
  const [given] = (process.env.RUNTIME_DIRECTORY ?? "").split(":");
  if (given) return join(given, "weft.sock");
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

/** Whom to ask: the control socket, or a snapshot. */
export function controlPath(command: Command): string {
  const { control, snapshot } = globalSettings(command);
  return snapshot === undefined ? (control ?? defaultControlPath()) : snapshotTarget(snapshot);
}

/** How standard output wants its text: https://no-color.org is honoured. */
export function stdoutStyle(): Style {
  const { stdout, env } = process;
  // weft watch runs a query in a process of its own, and tells it what it shows the answer on.
  const watched = /^(\d{1,4})(,color)?$/.exec(env.WEFT_WATCHED ?? "");
  if (watched !== null) return { color: watched[2] !== undefined, width: Number(watched[1]) };
  if (!stdout.isTTY) return { color: false, width: null };
  return { color: !env.NO_COLOR && stdout.hasColors(), width: stdout.columns > 0 ? stdout.columns : null };
}
