// The options of the `weft lab` commands that try what a fabric bears: pings, cut paths, more guests, hosts that misbehave.
import { Argument, type Command } from "commander";
import type { GuestWishes } from "./lab-options.ts";
import { globalSettings } from "./settings.ts";
import { wholeNumber } from "./values.ts";

const actions = () => import("./lab-fault-actions.ts");

interface Which {
  readonly name?: string;
}

const WHICH = ["--name <name>", "which lab, where there are several"] as const;
/** As `Misbehaviour` has them; `cut-off` and `flapping` say of what. */
const WAYS = [
  "slow",
  "silent",
  "lying",
  "flapping-connections",
  "flapping-links",
  "cut-off-controller",
  "cut-off-hosts",
];

export function addLabFaultCommands(lab: Command): void {
  addPing(lab);
  addCut(lab);
  addHeal(lab);
  addGuest(lab);
  addMisbehave(lab);
}

function addPing(lab: Command): void {
  lab
    .command("ping")
    .description("let every guest ping every other; exit code 0 only if all answer")
    .argument("[guests...]", "only these")
    .option(...WHICH)
    .addHelpText("after", "\nExamples:\n  weft lab ping\n  weft lab ping g1a g2a g3a\n  weft lab ping --json")
    .action(async (guests: readonly string[], { name }: Which, command: Command) => {
      const { labPing } = await actions();
      await labPing(name, guests, globalSettings(command).format);
    });
}

function addCut(lab: Command): void {
  lab
    .command("cut")
    .description("cut the path between two hosts: what one sends the other is lost")
    .argument("<from>", "a host, such as h1")
    .argument("<to>", "another one")
    .option("--one-way", "only what the first sends the second")
    .option(...WHICH)
    .addHelpText("after", "\nExamples:\n  weft lab cut h1 h2\n  weft lab cut h1 h2 --one-way")
    .action(async (from: string, to: string, { oneWay, name }: Which & { readonly oneWay?: true }) => {
      const { labCut } = await actions();
      await labCut(name, from, to, oneWay === true);
    });
}

function addHeal(lab: Command): void {
  lab
    .command("heal")
    .description("heal the path between two hosts, or all paths that are cut")
    .argument("[from]", "a host, such as h1")
    .argument("[to]", "another one")
    .option(...WHICH)
    .addHelpText("after", "\nExamples:\n  weft lab heal h1 h2\n  weft lab heal")
    .action(async (from: string | undefined, to: string | undefined, { name }: Which) => {
      const { labHeal } = await actions();
      await labHeal(name, from, to);
    });
}

function addGuest(lab: Command): void {
  lab
    .command("add-guest")
    .description("plug one guest more into a host's bridge")
    .argument("<host>", "such as h1")
    .argument("[guest]", "its name (default: the next one, such as g1c)")
    .option("--tag <vlan>", "the VLAN of its port", wholeNumber("a VLAN", 0, 4095))
    .option("--network <network>", "external_ids:weft-network of its port")
    .option(
      "--ip <address>",
      "its address, with a prefix length (/16 unless given) or without (default: the next one of its host)",
    )
    .option(...WHICH)
    .addHelpText(
      "after",
      "\nExamples:\n  weft lab add-guest h1\n  weft lab add-guest h2 web --network blue --ip 10.0.0.7",
    )
    .action(async (host: string, guest: string | undefined, options: Which & GuestWishes) => {
      const { labAddGuest } = await actions();
      await labAddGuest(options.name, host, guest, options);
    });
}

function addMisbehave(lab: Command): void {
  lab
    .command("misbehave")
    .description("make a simulated host misbehave, to see what the controller makes of it")
    .argument("<host>", "such as h3")
    .addArgument(new Argument("[how]", "what it does wrong").choices(WAYS))
    .option("--end", "it does as it should again")
    .option(...WHICH)
    .addHelpText(
      "after",
      `
  slow                  answers late, a few bytes at a time
  silent                keeps its connections, and neither says nor hears anything
  lying                 false counters and port numbers, flows it does not hold, removals that did not happen
  flapping-connections  its connections end and come back, again and again
  flapping-links        its guests' links go down and come up
  cut-off-controller    the controller can't be reached; other hosts can
  cut-off-hosts         other hosts can't be reached; the controller can

Examples:
  weft lab misbehave h3 silent
  weft lab misbehave h3 --end`,
    )
    .action(async (host: string, how: string | undefined, { end, name }: Which & { readonly end?: true }) => {
      const { labMisbehave } = await actions();
      await labMisbehave(name, host, end === true ? null : (how ?? ""));
    });
}
