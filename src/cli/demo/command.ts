// The options of `weft demo`.
import { dirname, join } from "node:path";
import { type Command, Option } from "commander";
import { TUNNEL_TYPES, type TunnelType } from "../../config/types.ts";
import { defaultControlPath, globalSettings, stdoutStyle } from "../settings.ts";
import { wholeNumber } from "../values.ts";

interface Options {
  readonly hosts: number;
  readonly guests: number;
  readonly tunnel: TunnelType;
  readonly exit?: true;
  readonly simulated?: true;
}

/** Taken where another controller has the usual one: beside that. */
const SPARE_CONTROL = "demo.sock";

export function addDemoCommand(program: Command, script: string): void {
  program
    .command("demo")
    .description(
      "watch Open vSwitch hosts become one network, on this machine: real ones for root, else simulated ones",
    )
    .option("--hosts <n>", "how many hosts", wholeNumber("a number of hosts", 1, 32), 3)
    .option("--guests <n>", "guests on each host", wholeNumber("a number of guests", 1, 26), 2)
    .addOption(new Option("--tunnel <type>", "the type of the tunnels").choices(TUNNEL_TYPES).default("geneve"))
    .option("--simulated", "simulated hosts, as where root or Open vSwitch is missing")
    .option("--exit", "end after the pings; exit code 0 only if every pair answers")
    .addHelpText(
      "after",
      "\nExamples:\n  weft demo\n  weft demo --simulated\n  weft demo --hosts 5 --tunnel gre\n  weft demo --hosts 5 --guests 1 --exit && echo it works",
    )
    .action(async (options: Options, command: Command) => {
      const { control } = globalSettings(command);
      const defaultControl = defaultControlPath();
      const { runDemo } = await import("./demo.ts");
      await runDemo({
        hosts: options.hosts,
        guests: options.guests,
        tunnel: options.tunnel,
        exit: options.exit === true,
        simulated: options.simulated === true,
        controls: control === undefined ? [defaultControl, join(dirname(defaultControl), SPARE_CONTROL)] : [control],
        defaultControl,
        script,
        style: stdoutStyle(),
      });
    });
}
