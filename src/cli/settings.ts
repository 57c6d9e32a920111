// What the global options and the environment say, for every command.
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
  // A service of systemd that is not root has a place for it there, where root's queries look (systemd.exec(5)).
  const [given] = (process.env.RUNTIME_DIRECTORY ?? "").split(":");
  if (given) return join(given, "weft.sock");
  return join(process.env.XDG_RUNTIME_DIR || `/tmp/weft-${process.getuid?.() ?? "user"}`, "weft.sock");
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
