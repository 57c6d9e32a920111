// `weft plan` and `weft apply`: what another weft.yaml would change, and its installation.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { type ApplyView, callControl, type PlanView, planText, render, WeftError } from "../api/index.ts";
import { controlPath, globalSettings, stdoutStyle } from "./settings.ts";

/** With hundreds of hosts everything is compiled several times over. */
const TIMEOUT_MS = 300_000;
const STDIN = 0;

export function addPlanCommands(program: Command): void {
  program
    .command("plan")
    .description("tell what another configuration would change, and what traffic it touches; nothing is written")
    .argument("<file>", "a weft.yaml, or - for standard input")
    .option("--verbose", "row by row and flow by flow")
    .addHelpText(
      "after",
      `
What is wrong in the file is told with line and column, as weft reload tells it. The exit code is 0 whether or not
anything would change. Switches without OVSDB are not foreseen.

Examples:
  weft plan weft.yaml.new
  weft plan weft.yaml.new --verbose
  weft plan weft.yaml.new --json | jq '.hosts[] | {host, flows}'`,
    )
    .action(async (file: string, options: { verbose?: true }, command: Command) => {
      const view = await ask<PlanView>(command, "plan", [nameOf(file), textOf(file)]);
      const { format } = globalSettings(command);
      process.stdout.write(
        format === "table"
          ? planText(view, stdoutStyle(), options.verbose === true)
          : render({ kind: "plan", view }, format, stdoutStyle()),
      );
    });
  program
    .command("apply")
    .description(
      "check a configuration, show what it changes, and put it in force and in the place of the controller's file",
    )
    .argument("<file>", "a weft.yaml, or - for standard input")
    .option("--restart", "also where keys differ that are in force only after a restart of the controller")
    .addHelpText(
      "after",
      `
The controller's file (weft controller --config) is replaced whole or not at all; what it said before is kept beside it,
with .before behind its name. Nothing is written where anything is wrong.

Examples:
  weft apply weft.yaml.new
  weft apply weft.yaml.new --restart`,
    )
    .action(async (file: string, options: { restart?: true }, command: Command) => {
      const args = [nameOf(file), textOf(file), ...(options.restart === true ? ["restart"] : [])];
      const view = await ask<ApplyView>(command, "apply", args);
      process.stdout.write(render({ kind: "apply", view }, globalSettings(command).format, stdoutStyle()));
    });
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

function textOf(file: string): string {
  try {
    return readFileSync(file === "-" ? STDIN : file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeftError("config/unreadable", `cannot read the configuration file ${nameOf(file)}: ${why}`, { cause });
  }
}

async function ask<View>(command: Command, method: string, args: readonly string[]): Promise<View> {
  return JSON.parse(await callControl(controlPath(command), method, ["--json", "--", ...args], TIMEOUT_MS)) as View;
}
