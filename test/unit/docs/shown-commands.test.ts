// Whatever command the documents show is one that is run by a test, or named with the reason why none can; and `weft` has it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Command, CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { WeftError } from "../../../proto/bytes/errors.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { CHAPTERS, NOT_RUN } from "../../lab/shown-commands.ts";
import { codeSpans, fencedBlocks, shownCommands, wordsOf } from "./shell-blocks.ts";

const root = resolve(import.meta.dirname, "../../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const documentsIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));

const RUN_BY_TESTS = ["README.md", ...documentsIn("docs")];
const ALL = [...RUN_BY_TESTS, "CONTRIBUTING.md", "SECURITY.md", ...documentsIn("docs/adr")];
const SHOWN = RUN_BY_TESTS.flatMap((file) => shownCommands(file, read(file)));
const TABLE = [...Object.values(CHAPTERS).flatMap((runs) => runs.map((run) => run.command)), ...Object.keys(NOT_RUN)];

/** What a document leaves open, as something that the command would take. */
const EXAMPLES: Readonly<Record<string, string>> = {
  N: "3",
  "ADDRESS:PORT": "192.0.2.1:6640",
  HOW: "silent",
  "…": "x",
};

/** What commander would say to the words, without the command being done; null where it would do it. */
async function objection(words: readonly string[]): Promise<CommanderError | null> {
  const program = createProgram("weft").configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  const quiet = (command: Command): void => {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined, outputError: () => undefined });
    command.action(() => undefined);
    for (const child of command.commands) quiet(child);
  };
  quiet(program);
  try {
    await program.parseAsync(["node", ...words.map((word) => EXAMPLES[word] ?? word)]);
    return null;
  } catch (error) {
    if (error instanceof CommanderError) return error;
    // A file that it names is not there; but it knows what it was told.
    if (error instanceof WeftError) return null;
    throw error;
  }
}

/** `weft` and its arguments, wherever such a command stands in a line. */
function weftCommands(text: string): readonly (readonly string[])[] {
  return wordsOf(text).flatMap((words) => {
    const program = words.findIndex((word) => word === "weft" || word === "bin/weft");
    const isCommand = program === 0 || /^(sudo|env|[A-Z_]+=\S*)$/.test(words[program - 1] ?? "");
    return program >= 0 && isCommand ? [words.slice(program)] : [];
  });
}

/** A prose name of a command may lack what it would need, and an option may stand alone. */
const INCOMPLETE = new Set(["commander.missingArgument", "commander.help", "commander.optionMissingArgument"]);
const HELP = new Set(["commander.help", "commander.helpDisplayed", "commander.version"]);

describe("a command that a document shows", () => {
  it.each(SHOWN.map((shown) => [`${shown.file}:${shown.line}`, shown.command] as const))(
    "%s is run by test/lab/documented-commands.test.ts, or stands there as one that can't be: %s",
    (_, command) => {
      expect(TABLE).toContain(command);
    },
  );

  it("is still shown where it is run: the table has no other", () => {
    const shown = new Set(SHOWN.map(({ command }) => command));
    expect(TABLE.filter((command) => !shown.has(command))).toEqual([]);
  });

  it("is there at all", () => {
    expect(SHOWN.length).toBeGreaterThan(60);
  });
});

describe("weft", () => {
  it.each(ALL)("has every command and option that the blocks of %s show", async (file) => {
    for (const { line, command } of shownCommands(file, read(file))) {
      for (const words of weftCommands(command)) {
        const error = await objection(words);
        expect(error === null || HELP.has(error.code), `${file}:${line}: ${words.join(" ")}: ${error?.message}`).toBe(
          true,
        );
      }
    }
  });

  it.each(ALL)("has every command and option that the text of %s names", async (file) => {
    for (const { line, code } of codeSpans(read(file))) {
      if (!code.startsWith("weft ")) continue;
      for (const words of weftCommands(code)) {
        const error = await objection(words);
        const isKnown = error === null || HELP.has(error.code) || INCOMPLETE.has(error.code);
        expect(isKnown, `${file}:${line}: ${words.join(" ")}: ${error?.message}`).toBe(true);
      }
    }
  });

  it("has every command and option of its own examples", async () => {
    for (const { lines } of fencedBlocks(read("docs/cli.md"), "text")) {
      const at = lines.indexOf("Examples:");
      if (at < 0) continue;
      for (const line of lines.slice(at + 1)) {
        // An explanation stands behind several spaces.
        for (const words of weftCommands(line.trim().split(/ {3,}/)[0] ?? "")) {
          const error = await objection(words);
          expect(error === null || HELP.has(error.code), `${line}: ${error?.message}`).toBe(true);
        }
      }
    }
  });
});

describe("a link in a document", () => {
  const anchors = (text: string): ReadonlySet<string> =>
    new Set(
      [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        title
          .toLowerCase()
          .replace(/[^\p{L}\p{N}_ -]/gu, "")
          .replaceAll(" ", "-"),
      ),
    );

  it.each(ALL)("of %s leads somewhere", (file) => {
    const text = read(file);
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const full = path === "" ? join(root, file) : resolve(root, dirname(file), path);
      expect(existsSync(full), `${file}: ${target}`).toBe(true);
      if (anchor !== undefined)
        expect([...anchors(readFileSync(full, "utf8"))], `${file}: ${target}`).toContain(anchor);
    }
  });
});
