// All commands of `weft`, as commander knows them.
import { Command } from "commander";
import { addCheckCommand } from "./check.ts";
import { addCompletionCommand } from "./completion/command.ts";
import { addControllerCommand } from "./controller.ts";
import { addDemoCommand } from "./demo/command.ts";
import { addDoctorCommands } from "./doctor.ts";
import { addEventsCommand } from "./events.ts";
import { tidy } from "./failure.ts";
import { HELP_LAYOUT } from "./help-layout.ts";
import { addLabCommand } from "./lab.ts";
import { addOvsdbCommand } from "./ovsdb.ts";
import { packageVersion } from "./package-version.ts";
import { addPkiCommand } from "./pki.ts";
import { addPlaceCommands } from "./places.ts";
import { addPlanCommands } from "./plan.ts";
import { addGlobalOptions, addQueryCommands } from "./queries.ts";
import { addSnapshotCommand } from "./snapshot.ts";
import { addTopCommand } from "./top/command.ts";
import { addTraceCommand } from "./trace.ts";
import { addWatchCommand } from "./watch.ts";
import { addWireCommands } from "./wire.ts";

/** `script` is what runs this program: the demo starts its controller with it. */
export function createProgram(script: string): Command {
  const program = new Command("weft")
    .description("Weaves Open vSwitch hosts into one layer-2 network.")
    .version(`weft ${packageVersion()}`, "-V, --version", "print the version")
    .showHelpAfterError("(--help shows how it is used)")
    .configureOutput({ outputError: (text, write) => write(tidy(text.replace(/^error: /, "weft: "))) })
    .configureHelp(HELP_LAYOUT)
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  weft demo                                 see it work on this machine
  weft controller                           run the controller
  ovs-vsctl set-manager tcp:ADDRESS:6640    join a host: run this on it
  weft topology                             see what has become of it

Exit codes: 0 it worked, 1 it did not, 2 the command line is wrong.`,
    );
  addGlobalOptions(program);
  addControllerCommand(program);
  addQueryCommands(program);
  addTraceCommand(program);
  addPlaceCommands(program);
  addEventsCommand(program);
  addSnapshotCommand(program);
  addTopCommand(program);
  addWatchCommand(program, script);
  addDoctorCommands(program);
  addCheckCommand(program);
  addPlanCommands(program);
  addLabCommand(program, script);
  addDemoCommand(program, script);
  addWireCommands(program);
  addOvsdbCommand(program);
  addPkiCommand(program);
  addCompletionCommand(program);
  return inheritSettings(program);
}

/** Commander copies settings to a command when it is made; those of `addCommand` and deeper ones are copied here. */
function inheritSettings(command: Command): Command {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritSettings(child);
  }
  return command;
}
