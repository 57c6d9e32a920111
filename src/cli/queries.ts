// The commands that ask a running controller and print what it says.
import { type Command, Option } from "commander";
import { callControl, FORMATS, render } from "../api/index.ts";
import { packageVersion } from "./package-version.ts";
import { controlPath, globalSettings, stdoutStyle } from "./settings.ts";

interface Query {
  readonly name: string;
  readonly summary: string;
  readonly examples: string;
}

const QUERIES: readonly Query[] = [
  {
    name: "tunnels",
    summary: "list the tunnels between hosts, and why one is not up",
    examples: `
  weft tunnels
  weft tunnels --json | jq '.[] | select(.state != "up")'`,
  },
  {
    name: "ports",
    summary: "list the ports of guests on all hosts",
    examples: `
  weft ports
  weft ports --format csv > ports.csv`,
  },
  {
    name: "endpoints",
    summary: "list the MAC and IP addresses known, and where they are",
    examples: `
  weft endpoints
  weft endpoints --json | jq -r '.[] | select(.host == "host1") | .mac'`,
  },
  {
    name: "networks",
    summary: "list the networks, their number in tunnels and their VLAN tag",
    examples: `
  weft networks`,
  },
  {
    name: "topology",
    summary: "show the whole fabric: hosts, guests, tunnels, networks",
    examples: `
  weft topology
  weft topology --json > topology.json`,
  },
  {
    name: "status",
    summary: "show how the controller is and what it has done",
    examples: `
  weft status
  weft --control /run/weft/other.sock status`,
  },
];

export function addGlobalOptions(program: Command): Command {
  return program
    .option("--control <socket>", "the controller's control socket (or $WEFT_CONTROL)")
    .addOption(new Option("--format <format>", "how to print an answer").choices(FORMATS))
    .addOption(new Option("--json", "the same as --format json").conflicts("format"));
}

export function addQueryCommands(program: Command): void {
  addHosts(program);
  for (const { name, summary, examples } of QUERIES) {
    program
      .command(name)
      .description(summary)
      .addHelpText("after", `\nExamples:${examples}`)
      .action((_options: unknown, command: Command) => print(command, name, []));
  }
  program
    .command("flows")
    .description("show the flows and groups a host should hold, table by table")
    .argument("<host>", "a host's id, name or index")
    .addHelpText(
      "after",
      "\nExamples:\n  weft flows host1\n  weft flows 1 --json | jq '.flows[] | select(.installed | not)'",
    )
    .action((host: string, _options: unknown, command: Command) => print(command, "flows", [host]));
  program
    .command("reload")
    .description(
      "have the controller read its configuration file again; it runs on with the old one if the new one is wrong",
    )
    .addHelpText("after", "\nExamples:\n  weft reload\n  weft reload --json | jq '.needsRestart'")
    .action((_options: unknown, command: Command) => print(command, "reload", []));
  program
    .command("version")
    .description("print the version of this program")
    .addHelpText("after", "\nExamples:\n  weft version\n  weft version --json")
    .action((_options: unknown, command: Command) => {
      const view = { name: "weft", version: packageVersion() } as const;
      process.stdout.write(render({ kind: "version", view }, globalSettings(command).format));
    });
}

function addHosts(program: Command): void {
  const hosts = program
    .command("hosts")
    .description("list the hosts, how they are, and what to do about those that are not well")
    .addHelpText("after", "\nExamples:\n  weft hosts\n  weft hosts --json\n  weft hosts forget host7")
    .action((_options: unknown, command: Command) => print(command, "hosts", []));
  hosts
    .command("forget")
    .description("forget a host that is away for good; its index may then go to another")
    .argument("<host>", "a host's id, name or index")
    .addHelpText("after", "\nExamples:\n  weft hosts forget host7")
    .action(async (host: string, _options: unknown, command: Command) => {
      process.stdout.write(await callControl(controlPath(command), "hosts/forget", ["--", host]));
    });
}

/** Names and colours are the controller's to put in; whether this is a terminal, and how wide, is known only here. */
async function print(command: Command, method: string, args: readonly string[]): Promise<void> {
  const { format } = globalSettings(command);
  const style = stdoutStyle();
  const options = [`--format=${format}`];
  if (style.color) options.push("--color");
  if (style.width !== null) options.push(`--width=${style.width}`);
  process.stdout.write(await callControl(controlPath(command), method, [...options, "--", ...args]));
}
