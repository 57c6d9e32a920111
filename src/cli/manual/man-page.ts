// The manual page weft(1), in the macros of man(7), written out of the commands themselves.
import type { Command, Option } from "commander";
import { textAfterHelp } from "./text-after-help.ts";

export function manPage(program: Command, version: string): string {
  const commands = withChildren(program).slice(1);
  return `${[
    `.TH WEFT 1 "" "weft ${roff(version)}" "User Commands"`,
    ".SH NAME",
    `weft \\- ${roff(firstSmall(program.description()))}`,
    ".SH SYNOPSIS",
    ".B weft",
    ".RI [ options ]",
    ".I command",
    ".RI [ arguments ]",
    ".SH DESCRIPTION",
    ...paragraphs(DESCRIPTION),
    ".SH OPTIONS",
    ...options(program),
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH ENVIRONMENT",
    ...definitions(ENVIRONMENT),
    ".SH FILES",
    ...definitions(FILES),
    ".SH EXIT STATUS",
    ...definitions(EXIT_STATUS),
    ".SH EXAMPLES",
    ...literal(textAfterHelp(program)),
    ".SH SEE ALSO",
    ".BR ovs\\-vsctl (8),",
    ".BR ovs\\-vswitchd.conf.db (5),",
    ".BR ovs\\-ofctl (8)",
  ].join("\n")}\n`;
}

const DESCRIPTION = `
Weft is a controller for Open vSwitch. A host joins by "ovs-vsctl set-manager tcp:CONTROLLER:6640"; Weft makes its bridge, its
tunnels to the other hosts and its flows, so that the guests of all hosts are on one network.

"weft controller" runs the controller. The queries ask a running one on its control socket; "weft lab" and "weft demo" make hosts
to try things on.
`;

const ENVIRONMENT = [
  ["WEFT_CONTROL", "the control socket, where --control names none"],
  ["NO_COLOR", "no colours on a terminal, whatever its value"],
  ["WEFT_DEBUG", "a stack with an error that should not have happened"],
  ["RUNTIME_DIRECTORY", "set by systemd: where the control socket of a service is"],
] as const;

const FILES = [
  ["/etc/weft/weft.yaml", "the configuration of the system's service; it says itself what may stand in it"],
  ["/run/weft/weft.sock", "the control socket of the system's service and of root"],
  ["/var/lib/weft", "what the system's service keeps"],
] as const;

const EXIT_STATUS = [
  ["0", "it worked"],
  ["1", "it did not; standard error says why"],
  ["2", "the command line is wrong"],
] as const;

function withChildren(command: Command): readonly Command[] {
  const children = command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== "help");
  return [command, ...children.flatMap(withChildren)];
}

function section(command: Command): readonly string[] {
  return [
    `.SS ${quoted(command.createHelp().commandUsage(command))}`,
    roff(capital(command.description())),
    ...definitions(command.registeredArguments.map((argument) => [argument.name(), argument.description] as const)),
    ...options(command),
    ...literal(textAfterHelp(command)),
  ];
}

function options(command: Command): readonly string[] {
  const help = command.createHelp();
  const own = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  return definitions(own.map((option: Option) => [option.flags, help.optionDescription(option)] as const));
}

function definitions(pairs: readonly (readonly [string, string])[]): readonly string[] {
  return pairs.flatMap(([term, text]) => [".TP", `.B ${roff(term)}`, roff(text === "" ? "as it says" : text)]);
}

function paragraphs(text: string): readonly string[] {
  return text
    .trim()
    .split("\n\n")
    .flatMap((part) => [".PP", ...part.split("\n").map(roff)]);
}

/** Examples and the like, as they stand. */
function literal(text: string): readonly string[] {
  const lines = text.trim().split("\n");
  return text.trim() === "" ? [] : [".PP", ".nf", ...lines.map(roff), ".fi"];
}

/** A hyphen that a shell shall take must be one on paper too; a line may not begin as a request does. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replace(/^\./, "\\&.");
}

function quoted(text: string): string {
  return `"${roff(text).replaceAll('"', '""')}"`;
}

function firstSmall(text: string): string {
  return (text.slice(0, 1).toLowerCase() + text.slice(1)).replace(/\.$/, "");
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
