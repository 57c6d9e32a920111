// The options of `weft controller`.
import { type Command, Option } from "commander";
import { LOG_LEVELS } from "../config/types.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { globalSettings } from "./settings.ts";
import { collect } from "./values.ts";

export function addControllerCommand(program: Command): void {
  program
    .command("controller")
    .description("run the controller; hosts join it by: ovs-vsctl set-manager tcp:ADDRESS:6640")
    .option("--ovsdb <method>", "where to meet hosts' databases; repeatable (default: ptcp:6640)", collect)
    .option("--openflow <method>", "where to meet switches; repeatable (default: ptcp:6653)", collect)
    .option("--http <address>", "where to serve HTTP: the page, the api, metrics (default: 127.0.0.1:6680)")
    .option("--no-http", "serve no HTTP")
    .option("--config <file>", "weft.yaml; options here come before it")
    .addOption(new Option("--log-level <level>", "how much to log (default: info)").choices(LOG_LEVELS))
    .option("--log-file <file>", "log there, as JSON lines, not to standard output")
    .addOption(new Option("--until-stdin-ends", "stop when standard input ends").hideHelp())
    .addHelpText(
      "after",
      `
Methods are Open vSwitch's: ptcp:[PORT][:HOST], pssl:[PORT][:HOST], punix:PATH, and for --ovsdb also tcp:HOST[:PORT],
ssl:HOST[:PORT], unix:PATH. The keys for pssl: and ssl: are named in weft.yaml; SIGHUP reads them again.

Examples:
  weft controller
  weft controller --ovsdb ptcp:6640:192.0.2.1 --openflow ptcp:6653:192.0.2.1
  weft controller --ovsdb tcp:192.0.2.10 --ovsdb tcp:192.0.2.11
  weft controller --http 127.0.0.1:8080
  weft --control /run/weft/lab.sock controller --config lab.yaml --log-level debug`,
    )
    .action(async (options: ControllerOptions, command: Command) => {
      const { runController } = await import("./run-controller.ts");
      await runController(options, globalSettings(command).control);
    });
}
