// The manual page: of every command, and without a word that man's formatters complain about.
import { spawnSync } from "node:child_process";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { manPage } from "../../../src/cli/manual/man-page.ts";
import { textAfterHelp } from "../../../src/cli/manual/text-after-help.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { describeWith } from "../packages/present.ts";

const program = createProgram("weft");
const page = manPage(program, "1.2.3");

function every(command: Command): readonly Command[] {
  const children = command.createHelp().visibleCommands(command);
  return [command, ...children.filter((child) => child.name() !== "help").flatMap(every)];
}

const commands = every(program);

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

describe("every command's help", () => {
  it.each(commands.map((command) => [pathOf(command), command] as const))(
    "%s shows examples of itself",
    (path, command) => {
      const [, examples = ""] = textAfterHelp(command).split("\nExamples:\n");
      const shown = examples.split("\n\n")[0]?.split("\n") ?? [];
      expect(shown.some((line) => line.includes(path) || line.includes(path.replace("weft ", "weft --control ")))).toBe(
        true,
      );
      expect(command.description()).not.toBe("");
      for (const argument of command.registeredArguments) expect(argument.description, argument.name()).not.toBe("");
    },
  );

  it.each([40, 60, 80, 100])("fits a terminal of %i columns, but for words and usages that are longer", (width) => {
    for (const command of commands) {
      const help = command.createHelp();
      help.prepareContext({ helpWidth: width });
      const longest = Math.max(...command.options.map(({ flags }) => flags.length), 0);
      // A term and its column stay whole: below twice their width there is nothing to lay out.
      if (longest + 28 > width) continue;
      const usage = `Usage: ${help.commandUsage(command)}`.length;
      const long = help
        .formatHelp(command, help)
        .split("\n")
        .filter((line) => line.length > Math.max(width, usage) && /\S\s\S/.test(line));
      expect({ command: pathOf(command), long }).toEqual({ command: pathOf(command), long: [] });
    }
  });

  it("has lines of its own that fit beside a file of 130 columns", () => {
    const long = commands.flatMap((command) => textAfterHelp(command).split("\n")).filter((line) => line.length > 130);
    expect(long).toEqual([]);
  });
});

describe("the manual page", () => {
  it("tells of every command and every option", () => {
    const plain = page.replaceAll("\\-", "-");
    for (const command of commands.slice(1)) expect(plain).toContain(`.SS "${pathOf(command)}`);
    for (const { flags, hidden } of commands.flatMap(({ options }) => options)) {
      if (!hidden && !flags.includes("--help")) expect(plain).toContain(`.B ${flags}`);
    }
    expect(plain).not.toContain("__complete");
    expect(plain).toContain('"weft 1.2.3"');
  });

  it("has no line that a formatter would take for a request of its own", () => {
    const requests = /^\.(TH|SH|SS|TP|PP|nf|fi|B|I|BR|RI)\b/;
    expect(page.split("\n").filter((line) => /^[.']/.test(line) && !requests.test(line))).toEqual([]);
  });

  describeWith("groff", "groff, with all its warnings", () => {
    it.each(["utf8", "ascii"])("is content with it for %s", (device) => {
      const { status, stderr, stdout } = spawnSync("groff", ["-man", "-ww", `-T${device}`], {
        input: page,
        encoding: "utf8",
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(/weft ports --format csv > ports\.csv/);
    });
  });
});
