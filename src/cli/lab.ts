// The options of `weft lab`: Open vSwitch hosts on this machine, real or simulated, to try things on.
import { type Command, Option } from "commander";
import { TUNNEL_TYPES } from "../config/types.ts";
import { addLabFaultCommands } from "./lab-faults.ts";
import { DEFAULT_LAB, MOST_HOSTS, type UpOptions } from "./lab-options.ts";
import { controlPath, globalSettings } from "./settings.ts";
import { addressAndPort, wholeNumber } from "./values.ts";

/** The lab's code is read only where it is used: `weft hosts` has no need of it. */
const actions = () => import("./lab-actions.ts");

/** `script` is what runs this program: simulated hosts are a process of it. */
export function addLabCommand(program: Command, script: string): void {
  const lab = program
    .command("lab")
    .description("hosts to try things on: real Open vSwitch in network namespaces (needs root), or simulated ones")
    .addHelpText(
      "after",
      `
Examples:
  weft controller &
  weft lab up 3
  weft lab exec g1a -- ping -c 3 10.0.2.1
  weft lab down
  weft lab up 200 --simulated`,
    );
  addUp(lab, script);
  addDown(lab);
  addExec(lab);
  addStatus(lab);
  addLabFaultCommands(lab);
  addSimulate(lab);
}

function addUp(lab: Command, script: string): void {
  lab
    .command("up")
    .description("make hosts with guests, and join them to the running controller")
    .argument("<hosts>", "how many", wholeNumber("a number of hosts", 1, MOST_HOSTS.simulated))
    .option("--guests <n>", "guests on each host", wholeNumber("a number of guests", 0, 26), 2)
    .addOption(
      new Option("--tunnel <type>", "the guests' MTU fits this type (default: every type)").choices(TUNNEL_TYPES),
    )
    .option("--simulated", "simulated hosts: no root, no Open vSwitch, up to thousands; frames go in memory")
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

Up to ${MOST_HOSTS.real} real hosts, or ${MOST_HOSTS.simulated} simulated ones: these are a process that speaks OVSDB and OpenFlow with the
controller as Open vSwitch does, and runs until weft lab down.

Examples:
  weft lab up 3
  weft lab up 5 --guests 1 --tunnel vxlan
  weft lab up 200 --simulated
  weft lab up 2 --name other --controller 192.0.2.1:6640
  weft --control /run/weft/lab.sock lab up 3`,
    )
    .action(async (hosts: number, options: UpOptions, command: Command) => {
      const { labUp } = await actions();
      await labUp(hosts, options, controlPath(command), script);
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
    .description(
      "run a command in a guest, or on a host with that host's Open vSwitch; simulated ones have ping, ovs-vsctl show and ovs-ofctl dump-flows",
    )
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

/** The process of a simulated lab: started by this program, not typed. */
function addSimulate(lab: Command): void {
  lab
    .command("simulate", { hidden: true })
    .argument("<directory>")
    .option("--until-stdin-ends")
    .action(async (directory: string, { untilStdinEnds }: { untilStdinEnds?: true }) => {
      const { runFleetProcess } = await import("../lab/simulated/index.ts");
      await runFleetProcess({ directory, untilStdinEnds: untilStdinEnds === true });
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
