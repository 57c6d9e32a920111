// What may stand where the cursor is: read off the commands as commander knows them. Pure.
import type { Argument, Command, Option } from "commander";

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What only a running controller knows. */
export type Subject = "host" | "waiting" | "network" | "endpoint";

export interface Completion {
  /** In the order they are shown in; all begin with what was typed. */
  readonly candidates: readonly Candidate[];
  /** Names of these are wanted beside, each with `prefix` before it. */
  readonly subject: Subject | null;
  readonly files: "files" | "directories" | null;
  /** What has been typed of the word before the value begins: `--network=`. */
  readonly prefix: string;
  /** The control socket that the line names. */
  readonly control: string | null;
}

const SUBJECTS: readonly (readonly [RegExp, Subject])[] = [
  [/^hosts?$/, "host"],
  [/^networks?$/, "network"],
  [/^(endpoint|address|mac|ip|what|who|src|dst|source|destination|from|to)\b/, "endpoint"],
];

/** @param words what follows the program's name; the last is the one that is being typed, and may be empty. */
export function complete(program: Command, words: readonly string[]): Completion {
  const current = words.at(-1) ?? "";
  const line = readLine(program, words.slice(0, -1));
  const found = at(line, current);
  return {
    ...found,
    candidates: found.candidates.filter(({ value }) => value.startsWith(current)),
    control: line.control,
  };
}

interface Line {
  readonly command: Command;
  /** Whose value comes next. */
  readonly pending: Option | undefined;
  readonly operands: readonly string[];
  /** After `--` nothing is an option. */
  readonly optionsEnded: boolean;
  readonly control: string | null;
}

function readLine(program: Command, words: readonly string[]): Line {
  let command = program;
  let pending: Option | undefined;
  let optionsEnded = false;
  let control: string | null = null;
  const operands: string[] = [];
  for (const word of words) {
    if (pending !== undefined) {
      if (pending.attributeName() === "control") control = word;
      pending = undefined;
    } else if (optionsEnded) operands.push(word);
    else if (word === "--") optionsEnded = true;
    else if (word.startsWith("-")) {
      const [name = "", value] = splitOnce(word);
      const option = optionsOf(command).find(({ long, short }) => name === long || name === short);
      if (option?.attributeName() === "control" && value !== undefined) control = value;
      if (option?.required === true && value === undefined) pending = option;
    } else {
      const child = operands.length === 0 ? childNamed(command, word) : undefined;
      if (child === undefined) operands.push(word);
      else command = child;
    }
  }
  return { command, pending, operands, optionsEnded, control };
}

function splitOnce(word: string): readonly [string, string?] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function childNamed(command: Command, word: string): Command | undefined {
  return command.commands.find((child) => child.name() === word || child.aliases().includes(word));
}

/** Its own and those of the commands above it. */
function optionsOf(command: Command): readonly Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)];
}

type Found = Omit<Completion, "control">;

const NOTHING: Found = { candidates: [], subject: null, files: null, prefix: "" };

function at({ command, pending, operands, optionsEnded }: Line, current: string): Found {
  if (pending !== undefined) return valuesOf(pending, valueName(pending), "");
  if (!optionsEnded && current.startsWith("-")) {
    const [name, value] = splitOnce(current);
    if (value === undefined) return { ...NOTHING, candidates: optionCandidates(command) };
    const option = optionsOf(command).find(({ long }) => long === name);
    return option?.required === true ? valuesOf(option, valueName(option), `${name}=`) : NOTHING;
  }
  const help = command.createHelp();
  const children = operands.length === 0 ? help.visibleCommands(command) : [];
  const commands = children.map((child) => ({ value: child.name(), description: help.subcommandDescription(child) }));
  const argument = argumentAt(command, operands.length);
  const found = argument === undefined ? NOTHING : valuesOf(argument, subjectName(command, argument), "");
  return { ...found, candidates: [...commands, ...found.candidates] };
}

function optionCandidates(command: Command): readonly Candidate[] {
  const byName = new Map<string, Candidate>();
  for (const { long, description } of optionsOf(command)) {
    if (long !== undefined && long !== null && !byName.has(long)) byName.set(long, { value: long, description });
  }
  return [...byName.values()].sort((a, b) => (a.value < b.value ? -1 : 1));
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return command.registeredArguments[index] ?? (last?.variadic === true ? last : undefined);
}

/** `file` of `--config <file>`. */
function valueName({ flags }: Option): string {
  return /[<[]([^>\].]+)/.exec(flags)?.[1] ?? "";
}

/** `hosts approve` takes the ids of hosts that wait, not of those that are there. */
function subjectName(command: Command, argument: Argument): string {
  return command.name() === "approve" ? "waiting" : argument.name();
}

function valuesOf({ argChoices }: Argument | Option, name: string, prefix: string): Found {
  if (argChoices !== undefined) {
    const candidates = argChoices.map((value) => ({ value: prefix + value, description: "" }));
    return { ...NOTHING, candidates, prefix };
  }
  if (/^(file|socket|path)$/.test(name)) return { ...NOTHING, files: "files", prefix };
  if (name === "directory") return { ...NOTHING, files: "directories", prefix };
  const subject = name === "waiting" ? name : SUBJECTS.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
  return { ...NOTHING, subject: subject ?? null, prefix };
}
