// The commands that ask a running controller and print what it says.
import { type Command, Option } from "commander";
import { callControl, FORMATS, moment, openSnapshot, render } from "../api/index.ts";
import { packageVersion } from "./package-version.ts";
import { controlPath, globalSettings, stdoutStyle } from "./settings.ts";
import { path } from "./values.ts";

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
    name: "networks",
    summary: "list the networks, their number in tunnels and their VLAN tag",
    examples: `
  weft networks`,
  },
  {
    name: "topology",
    summary: "show the whole fabric: hosts, guests, tunnels, relays in use, networks",
    examples: `
  weft topology
  weft topology --format tree
  weft topology --format dot | dot -Tsvg > topology.svg
  weft topology --format mermaid
  weft topology --json > topology.json`,
  },
  {
    name: "status",
    summary: "show the whole on one screen: what is wrong, hosts, tunnels, networks, endpoints, the controller",
    examples: `
  weft status
  weft status --json | jq '.problems[].remedy'
  weft --control /run/weft/other.sock status`,
  },
];

export function addGlobalOptions(program: Command): Command {
  return program
    .option("--control <socket>", "the controller's control socket (or $WEFT_CONTROL)")
    .addOption(
      new Option("--format <format>", "how to print an answer; tree, dot and mermaid draw the topology").choices(
        FORMATS,
      ),
    )
    .addOption(new Option("--json", "the same as --format json").conflicts("format"))
    .addOption(
      new Option("--snapshot <file>", "ask a file of weft snapshot, and no controller")
        .argParser(path)
        .conflicts("control"),
    )
    .hook("preAction", (_program, command) => tellOfSnapshot(command));
}

/** So that nobody takes yesterday for today. */
function tellOfSnapshot(command: Command): void {
  const { snapshot } = globalSettings(command);
  if (snapshot === undefined) return;
  const { at, version } = openSnapshot(snapshot);
  process.stderr.write(`weft: this is snapshot ${snapshot} of ${moment(at)}, by weft ${version}\n`);
}

export function addQueryCommands(program: Command): void {
  addHosts(program);
  addTls(program);
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
  addAdoption(program);
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

function addAdoption(program: Command): void {
  program
    .command("adopt")
    .description("take over a bridge that was there before, with its guests and hand-made tunnels")
    .argument("<host...>", "hosts' ids, names or indexes; best all hosts of a hand-made mesh at once")
    .option("--bridge <name>", "the bridge, where it is not the one the host waits with")
    .option("--now", "do not wait until the hosts at the far ends of hand-made tunnels are adopted too")
    .addHelpText(
      "after",
      "\nExamples:\n  weft adopt host1 host2 host3\n  weft adopt host4 --bridge br0\n  weft adopt host5 --now",
    )
    .action(async (hosts: readonly string[], options: { bridge?: string; now?: true }, command: Command) => {
      const rest = [options.bridge ?? "", options.now === true ? "now" : ""];
      for (const host of hosts) {
        process.stdout.write(await callControl(controlPath(command), "adopt", ["--", host, ...rest]));
      }
    });
  program
    .command("release")
    .description("hand a host back as it was before it joined; what Weft made on it goes, its manager included")
    .argument("<host...>", "hosts' ids, names or indexes")
    .addHelpText("after", "\nExamples:\n  weft release host1\n  weft release host1 host2 host3")
    .action(async (hosts: readonly string[], _options: unknown, command: Command) => {
      for (const host of hosts) {
        process.stdout.write(await callControl(controlPath(command), "release", ["--", host]));
      }
    });
}

function addTls(program: Command): void {
  program
    .command("tls")
    .description("the controller's own keys")
    .addHelpText("after", "\nExamples:\n  weft tls reload")
    .command("reload")
    .description("read the files of tls.* again now; they are read by themselves some seconds after they change")
    .addHelpText("after", "\nExamples:\n  weft tls reload")
    .action(async (_options: unknown, command: Command) => {
      process.stdout.write(await callControl(controlPath(command), "tls/reload", []));
    });
}

function addHosts(program: Command): void {
  const hosts = program
    .command("hosts")
    .description("list the hosts, how they are, and what to do about those that are not well")
    .addHelpText(
      "after",
      "\nExamples:\n  weft hosts\n  weft hosts --json\n  weft hosts approve host8\n  weft hosts forget host7",
    )
    .action((_options: unknown, command: Command) => print(command, "hosts", []));
  hosts
    .command("approve")
    .description("let hosts join that wait for it, with admit: approve")
    .argument("<id...>", "the ids that weft hosts shows as waiting")
    .addHelpText("after", "\nExamples:\n  weft hosts approve 9a7d3c1e-52f0-4c55-8d5b-0f3a2b1c4d5e")
    .action(async (ids: readonly string[], _options: unknown, command: Command) => {
      for (const id of ids) process.stdout.write(await callControl(controlPath(command), "hosts/approve", ["--", id]));
    });
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
export async function print(command: Command, method: string, args: readonly string[]): Promise<void> {
  const { format } = globalSettings(command);
  const style = stdoutStyle();
  const options = [`--format=${format}`];
  if (style.color) options.push("--color");
  if (style.width !== null) options.push(`--width=${style.width}`);
  process.stdout.write(await callControl(controlPath(command), method, [...options, "--", ...args]));
}
