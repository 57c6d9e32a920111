// Every command with wrong, missing, huge and hostile values: words that say what to do, exit code 1 or 2, never a stack.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Argument, Command, Option } from "commander";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callControl } from "../../../src/api/index.ts";
import { explainFailure } from "../../../src/cli/failure.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { BuiltProgram } from "./built.ts";

const scratch = mkdtempSync(join(tmpdir(), "weft-hostile-"));
/** Nobody answers there: what gets as far as asking ends there. */
const NOBODY = join(scratch, "nobody.sock");
const MISSING = join(scratch, "missing.yaml");

// Some commands write a file of the name that they are given.
const here = process.cwd();
beforeAll(() => {
  mkdirSync(join(scratch, "here"));
  process.chdir(join(scratch, "here"));
});
afterAll(() => {
  process.chdir(here);
  rmSync(scratch, { recursive: true, force: true });
});

const HOSTILE: readonly string[] = [
  "",
  " ",
  "-1",
  "0x7fffffff",
  "1e9",
  "99999999999999999999",
  "NaN",
  // Below a file: whatever a command may do with it, nothing of the machine is touched.
  "../../../etc/passwd/x",
  "$(reboot)",
  "; rm -rf /",
  "a\nb",
  "\u0000",
  "\u001b[2J",
  "\u202egpj",
  "__proto__",
  "constructor",
  "--",
  "\u{1f600}",
  "tcp:",
  "ptcp:99999999",
  "tcp:[::1",
  "ssl:example.com:6640:7",
  "x".repeat(100_000),
  "1e400",
  "1_000",
  "+3",
  "3\r",
  "\t3",
  "\ufeff3",
  // Digits and letters that only look like those that are meant.
  "\uff13",
  "\u0663",
  "t\u0430ble",
  "\ud800",
  "%s%n%d",
  "--json",
  "-h\u200b",
  "null",
  "toString",
  "*",
  "~root",
  "0.0.0.0/0",
  "1.2.3.4.5:6640",
  ...["directory", "loop", "binary", "large", "directory/inside"].map((name) => join(scratch, name)),
];

/** Paths at which something lies that is no file of ours. */
function strew(): void {
  mkdirSync(join(scratch, "directory"));
  symlinkSync(join(scratch, "loop"), join(scratch, "loop"));
  writeFileSync(join(scratch, "binary"), Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 7) % 256)));
  writeFileSync(join(scratch, "large"), "not hexadecimal\n".repeat(700_000));
}
strew();

interface Leaf {
  readonly path: readonly string[];
  readonly command: Command;
}

function* leaves(command: Command, path: readonly string[] = []): Generator<Leaf> {
  // What the completion of shells asks takes any words whatever, and always answers: test/unit/cli/completion.test.ts.
  if (path[0] === "__complete") return;
  if (path.length > 0) yield { path, command };
  for (const child of command.commands) yield* leaves(child, [...path, child.name()]);
}

const PROGRAM = createProgram("weft");
const LEAVES = [...leaves(PROGRAM)].filter(({ path }) => path[0] !== "help");

/**
 * What a command needs beside what is tried, so that nothing is started or removed by the way: the controller has a
 * configuration that is not there, and labs are asked for by names that none can have.
 */
function harmless(path: readonly string[]): readonly string[] {
  const name = path.join(" ");
  if (name === "controller") return ["--config", MISSING];
  if (name.startsWith("lab ") && name !== "lab status") return ["--name", "../no/lab"];
  return [];
}

/** An argument's value where something else is tried. */
function plain(path: readonly string[], argument: Argument): string {
  const name = path.join(" ");
  if (name === "lab up") return "1";
  if (name === "ovsdb") return argument.name() === "method" ? `unix:${NOBODY}` : "list-dbs";
  if (name === "encode" || name === "decode") return MISSING;
  return "nobody";
}

async function run(words: readonly string[]): Promise<{ exitCode: number; text: string; out: string }> {
  let text = "";
  let out = "";
  const err = vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const std = vi.spyOn(process.stdout, "write").mockImplementation((chunk, ...rest) => {
    out += String(chunk);
    for (const one of rest) if (typeof one === "function") (one as () => void)();
    return true;
  });
  try {
    await createProgram("weft").parseAsync(["node", "weft", ...words]);
    return { exitCode: 0, text, out };
  } catch (error) {
    const failure = explainFailure(error);
    return { exitCode: failure.exitCode, text: text + failure.text, out };
  } finally {
    err.mockRestore();
    std.mockRestore();
  }
}

async function expectWords(words: readonly string[]): Promise<void> {
  const { exitCode, text, out } = await run(words);
  const told = `${words.map((word) => JSON.stringify(word.slice(0, 60))).join(" ")} -> ${exitCode}: ${text.slice(0, 300)}`;
  expect([1, 2], told).toContain(exitCode);
  expect(text.trim().length, told).toBeGreaterThan(10);
  expect(text, told).not.toMatch(/\n\s+at .*[(:]\d+|this should not have happened|\[object|undefined|TypeError/);
  // A page, whatever was typed.
  expect(text.length, told).toBeLessThan(4_000);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor must not come back.
  expect(text, told).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
  // `decode` prints what it could not decode.
  if (!words.includes("decode")) expect(out, told).toBe("");
}

describe.each(LEAVES.map((leaf) => [leaf.path.join(" "), leaf] as const))("weft %s", (_, { path, command }) => {
  const args = command.registeredArguments;
  const required = args.filter((argument) => argument.required).map((argument) => plain(path, argument));
  const base = ["--control", NOBODY, ...path];

  it("refuses an option that it does not have", async () => {
    await expectWords([...base, ...harmless(path), "--nonsense", ...required]);
    await expectWords([...base, ...harmless(path), "--constructor=1", ...required]);
  });

  it("refuses arguments that are too many, or too few", async () => {
    if (!args.some((argument) => argument.variadic)) {
      await expectWords([
        ...base,
        ...harmless(path),
        ...args.map((argument) => plain(path, argument)),
        "more",
        "and more",
      ]);
    }
    if (required.length > 0) await expectWords([...base, ...harmless(path)]);
  });

  const options = command.options.filter((option: Option) => option.required || option.optional);
  if (options.length > 0) {
    it.each(options.map((option) => [option.long ?? "", option] as const))(
      "says what is wrong with a hostile %s",
      async (long) => {
        await expectWords([...base, ...harmless(path).filter((word) => word !== long), ...required, long]);
        // Any name will do for a folder that is to be made: only none is wrong.
        for (const value of path[0] === "pki" && long === "--directory" ? [""] : HOSTILE) {
          const rest = harmless(path);
          const others = rest[0] === long ? [] : rest;
          // Anything goes as the name of a file that is not there.
          await expectWords([...base, ...others, `${long}=${value}`, ...required]);
        }
      },
    );
  }

  if (args.length > 0) {
    it.each(args.map((argument, at) => [argument.name(), at] as const))(
      "says what is wrong with a hostile %s",
      async (_name, at) => {
        for (const value of HOSTILE) {
          const words = args
            .slice(0, Math.max(at + 1, required.length))
            .map((argument, place) => (place === at ? value : plain(path, argument)));
          await expectWords([...base, ...harmless(path), "--", ...words]);
        }
      },
    );
  }
});

describe("the global options", () => {
  it("are checked whatever the command", async () => {
    for (const value of HOSTILE) {
      if (value === "") continue;
      await expectWords([`--control=${value}`, "hosts"]);
      await expectWords(["--control", NOBODY, `--format=${value}`, "hosts"]);
    }
    await expectWords(["--json", "--format", "csv", "hosts"]);
  });

  it("need a command that there is", async () => {
    for (const value of HOSTILE) if (!value.startsWith("--")) await expectWords([value]);
  });
});

/** They do not ask a controller, or not only: with nobody there they have been tried above. */
const LOCAL = new Set(["controller", "lab", "demo", "decode", "encode", "ovsdb", "pki", "version"]);
/** They end when they are told to. */
const ENDLESS = new Set(["top", "watch"]);
const ASKING = LEAVES.filter(({ path: [name = ""] }) => !LOCAL.has(name) && !ENDLESS.has(name));

let weft: BuiltProgram;
beforeAll(() => {
  weft = new BuiltProgram();
}, 60_000);
afterAll(() => weft.remove());

describe("a controller that runs", () => {
  let child: ReturnType<BuiltProgram["start"]>;
  let log = "";
  const socket = join(scratch, "running", "weft.sock");

  beforeAll(async () => {
    const listen = ["--ovsdb", "ptcp:0:127.0.0.1", "--openflow", "ptcp:0:127.0.0.1"];
    child = weft.start(["--control", socket, "controller", ...listen, "--until-stdin-ends"]);
    child.stdout.on("data", (bytes) => {
      log += bytes;
    });
    await vi.waitFor(() => callControl(socket, "version", []), { timeout: 20_000, interval: 50 });
  }, 30_000);
  afterAll(async () => {
    const end = once(child, "exit");
    child.stdin.end();
    await end;
  });

  it.each(ASKING.map((leaf) => [leaf.path.join(" "), leaf] as const))(
    "answers hostile arguments of weft %s in words, and lives",
    async (_, { path, command }) => {
      const args = command.registeredArguments;
      const options = command.options.filter((option: Option) => option.required || option.optional);
      const required = args.filter((argument) => argument.required).map((argument) => plain(path, argument));
      for (const value of HOSTILE) {
        const tried = [
          ...args.map((_argument, at) => [
            "--",
            ...args
              .slice(0, Math.max(at + 1, required.length))
              .map((other, place) => (place === at ? value : plain(path, other))),
          ]),
          ...options.map(({ long }) => [`${long}=${value}`, ...required]),
        ];
        for (const words of tried) {
          const { exitCode, text } = await run(["--control", socket, ...path, ...words]);
          const told = `${JSON.stringify(words).slice(0, 100)} -> ${exitCode}: ${text.slice(0, 300)}`;
          expect([0, 1, 2], told).toContain(exitCode);
          expect(text, told).not.toMatch(/\n\s+at .*[(:]\d+|should not have happened|\[object|TypeError/);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor must not come back.
          expect(text, told).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
        }
      }
      expect(JSON.parse(await callControl(socket, "status", ["--json"]))).toMatchObject({ counters: { faults: 0 } });
    },
  );

  it("is written to no file that is there already", async () => {
    const binary = join(scratch, "binary");
    const before = readFileSync(binary);
    const { exitCode, text } = await run(["--control", socket, "snapshot", binary]);
    expect({ exitCode, text }).toMatchObject({ exitCode: 1, text: expect.stringContaining("is there already") });
    expect(readFileSync(binary)).toEqual(before);
  });

  it("is asked about by most commands", () => {
    expect(ASKING.length).toBeGreaterThan(10);
    expect(log).not.toMatch(/"level":(50|60)/);
  });
});

/** Whoever reads it waits for a writer. */
function pipe(): string {
  const path = join(scratch, "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

describe("the controller as a process", () => {
  it.each([
    ["a configuration that is a directory", ["--config", tmpdir()]],
    ["a configuration without an end", ["--config", "/dev/zero"]],
    ["a configuration that nobody writes to", ["--config", pipe()]],
    ["a configuration of no text", ["--config", "/dev/null/x"]],
    ["a log file that can't be", ["--log-file", "/dev/null/weft.log"]],
    ["a log file that is a directory", ["--log-file", tmpdir()]],
    ["a port that is none", ["--ovsdb", "ptcp:70000"]],
    ["an address of another machine", ["--ovsdb", "ptcp:0:192.0.2.77"]],
    ["a socket in a directory that is not there", ["--openflow", "punix:/nowhere/at/all/x.sock"]],
    ["a switch that is to be dialled", ["--openflow", "tcp:127.0.0.1:6653"]],
  ])("ends in words for %s", async (_, words) => {
    const argv = ["--control", join(scratch, "own.sock"), "controller", "--ovsdb", "ptcp:0:127.0.0.1"];
    if (!words.includes("--openflow")) argv.push("--openflow", "ptcp:0:127.0.0.1");
    const { code, stderr, stdout } = await weft.run([...argv, "--until-stdin-ends", ...words], { timeoutMs: 25_000 });
    expect([1, 2], stderr + stdout).toContain(code);
    expect(stderr).toMatch(/\w+/);
    expect(stderr + stdout).not.toMatch(/\n\s+at .*:\d+|this should not have happened/);
  });
});
