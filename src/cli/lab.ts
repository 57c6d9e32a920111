// The options of `weft lab`: real Open vSwitch hosts on this machine, to try things on.
import { type Command, Option } from "commander";
import { TUNNEL_TYPES } from "../config/types.ts";
import { DEFAULT_LAB, type UpOptions } from "./lab-options.ts";
import { controlPath, globalSettings } from "./settings.ts";
import { addressAndPort, wholeNumber } from "./values.ts";

/** The lab's code is read only where it is used: `weft hosts` has no need of it. */
const actions = () => import("./lab-actions.ts");

export function addLabCommand(program: Command): void {
  const lab = program
    .command("lab")
    .description("real Open vSwitch hosts in network namespaces, for trying things out (needs root)")
    .addHelpText(
      "after",
      `
Examples:
  weft controller &
  weft lab up 3
  weft lab exec g1a -- ping -c 3 10.0.2.1
  weft lab down`,
    );
  addUp(lab);
  addDown(lab);
  addExec(lab);
  addStatus(lab);
}

function addUp(lab: Command): void {
  lab
    .command("up")
    .description("make hosts with guests, and join them to the running controller")
    .argument("<hosts>", "how many", wholeNumber("a number of hosts", 1, 64))
    .option("--guests <n>", "guests on each host", wholeNumber("a number of guests", 0, 26), 2)
    .addOption(
      new Option("--tunnel <type>", "the guests' MTU fits this type (default: every type)").choices(TUNNEL_TYPES),
    )
    .option("--name <name>", "the lab's name", DEFAULT_LAB)
    .option(
      "--controller <address:port>",
      "the controller to join (default: the one that answers on the control socket)",
      addressAndPort,
    )
    .addHelpText(
      "after",
      `
Hosts are named h1, h2, ...; guests g1a, g1b, g2a, ... with the addresses 10.0.1.1, 10.0.1.2, 10.0.2.1, ...

Examples:
  weft lab up 3
  weft lab up 5 --guests 1 --tunnel vxlan
  weft lab up 2 --name other --controller 192.0.2.1:6640
  weft --control /run/weft/lab.sock lab up 3`,
    )
    .action(async (hosts: number, options: UpOptions, command: Command) => {
      const { labUp } = await actions();
      await labUp(hosts, options, controlPath(command));
    });
}

function addDown(lab: Command): void {
  lab
    .command("down")
    .description("remove a lab and everything in it")
    .option("--name <name>", "which lab, where there are several")
    .option("--all", "all labs, those that crashed and those of demos and tests that run too")
    .addHelpText("after", "\nExamples:\n  weft lab down\n  weft lab down --name other\n  weft lab down --all")
    .action(async ({ name, all }: { name?: string; all?: true }) => {
      const { labDown } = await actions();
      await labDown(name, all === true);
    });
}

function addExec(lab: Command): void {
  lab
    .command("exec")
    .description("run a command in a guest, or on a host with that host's Open vSwitch")
    .argument("<member>", "a guest or host, such as g1a or h1")
    .argument("<command...>", "the command; write -- before it")
    .option("--name <name>", "which lab, where there are several")
    .addHelpText(
      "after",
      "\nExamples:\n  weft lab exec g1a -- ping -c 3 10.0.2.1\n  weft lab exec h1 -- ovs-vsctl show\n  weft lab exec g1a -- bash",
    )
    .action(async (member: string, command: readonly string[], { name }: { name?: string }) => {
      const { labExec } = await actions();
      await labExec(name, member, command);
    });
}

function addStatus(lab: Command): void {
  lab
    .command("status")
    .description("list the labs, their hosts and guests")
    .addHelpText("after", "\nExamples:\n  weft lab status\n  weft lab status --json")
    .action(async (_options: unknown, command: Command) => {
      const { labStatus } = await actions();
      await labStatus(globalSettings(command).format);
    });
}
