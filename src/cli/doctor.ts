// `weft doctor` and `weft drift`: questions whose answer is an exit code as well.
import type { Command } from "commander";
import { callControl, type DriftView, type FindingView, render } from "../api/index.ts";
import { SilentFailure } from "./failure.ts";
import { controlPath, globalSettings, stdoutStyle } from "./settings.ts";

/** Every switch may be asked, and looked at twice. */
const TIMEOUT_MS = 120_000;

export function addDoctorCommands(program: Command): void {
  program
    .command("doctor")
    .description("find everything that is odd, the worst first, each with the command that mends it or shows more")
    .argument("[host]", "a host's id, name or index: only what concerns it")
    .addHelpText(
      "after",
      `
The exit code is 1 where there is anything critical or a warning; notes alone leave it 0.

Examples:
  weft doctor
  weft doctor host2
  weft doctor --json | jq -r '.[] | select(.severity == "critical") | "\\(.host) \\(.subject): \\(.command)"'`,
    )
    .action(async (host: string | undefined, _options: unknown, command: Command) => {
      const view = await ask<readonly FindingView[]>(command, "doctor", host);
      process.stdout.write(render({ kind: "doctor", view }, globalSettings(command).format, stdoutStyle()));
      if (view.some(({ severity }) => severity !== "note")) throw new SilentFailure();
    });
  program
    .command("drift")
    .description("compare what hosts and switches hold now with what they should hold: rows, flows, groups, meters")
    .argument("[host]", "a host's id, name or index; all unless given")
    .addHelpText(
      "after",
      `
The switches are read anew. The exit code is 1 where anything differs, or a host could not be compared.

Examples:
  weft drift
  weft drift host2
  weft drift --json | jq '.[] | select(.deviations != [])'`,
    )
    .action(async (host: string | undefined, _options: unknown, command: Command) => {
      const view = await ask<readonly DriftView[]>(command, "drift", host);
      process.stdout.write(render({ kind: "drift", view }, globalSettings(command).format, stdoutStyle()));
      if (view.some(({ deviations, reason }) => deviations.length > 0 || reason !== null)) throw new SilentFailure();
    });
}

async function ask<View>(command: Command, method: string, host: string | undefined): Promise<View> {
  const args = ["--json", "--", ...(host === undefined ? [] : [host])];
  return JSON.parse(await callControl(controlPath(command), method, args, TIMEOUT_MS)) as View;
}
