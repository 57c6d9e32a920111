// Every key of weft.yaml with every kind of nonsense: refused with place, key and what was expected, or taken; nothing else.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  ConfigError,
  defaultConfig,
  formatConfigProblem,
  loadConfig,
  parseConfig,
  rereadConfig,
} from "../../../src/config/index.ts";
import { configSchema } from "../../../src/config/schema.ts";

type Schema = z.core.JSONSchema.BaseSchema;
type Key = string | number;

/** The path of each key, with a name where the user chooses one, and an element where there is a list. */
function* pathsOf(schema: Schema, path: readonly Key[]): Generator<readonly Key[]> {
  if (path.length > 0) yield path;
  const { properties, additionalProperties, items, anyOf } = schema;
  for (const [key, inner] of Object.entries(properties ?? {})) {
    if (typeof inner === "object") yield* pathsOf(inner, [...path, key]);
  }
  if (typeof additionalProperties === "object") yield* pathsOf(additionalProperties, [...path, "aname"]);
  if (typeof items === "object" && !Array.isArray(items)) yield* pathsOf(items as Schema, [...path, 0]);
  for (const inner of anyOf ?? []) if (typeof inner === "object") yield* pathsOf(inner, path);
}

const PATHS = [
  ...new Map(
    [...pathsOf(z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }), [])].map((path) => [
      path.join("."),
      path,
    ]),
  ).values(),
];

/** As JSON, which YAML takes. */
const NONSENSE: readonly (readonly [string, string])[] = [
  ["nothing", "null"],
  ["true", "true"],
  ["zero", "0"],
  ["a negative number", "-1"],
  ["a fraction", "1.5"],
  ["a number that is too large", "9007199254740993"],
  ["infinity", ".inf"],
  ["no number", ".nan"],
  ["an empty text", '""'],
  ["spaces", '"   "'],
  ["a text with a line break", '"a\\nb"'],
  ["a text with a NUL", '"a\\u0000b"'],
  ["a text that turns direction", '"\\u202Egpj.exe"'],
  ["an escape sequence", '"\\u001b[2J"'],
  ["a path out of here", '"../../etc/passwd"'],
  ["a shell's words", '"$(reboot); rm -rf /"'],
  ["a very long text", JSON.stringify("x".repeat(5_000))],
  ["an empty list", "[]"],
  ["a list of lists", "[[[1]]]"],
  ["a long list", JSON.stringify(Array.from({ length: 200 }, (_, i) => i))],
  ["no keys", "{}"],
  ["a key that is none", '{"nonsense": 1}'],
  ["a key of every object", '{"constructor": {"prototype": {"polluted": true}}}'],
  ["the prototype", '{"__proto__": {"polluted": true}}'],
  ["a number beyond all", "1e400"],
  ["a number with an exponent", "1e3"],
  ["an octal number", "0o17"],
  ["digits that look like digits", '"\uff11\uff12"'],
  ["letters that look like letters", '"br-\u0456nt"'],
  ["a text with a tab", '"a\\tb"'],
  ["a text that begins with a mark of order", '"\\ufeffbr-int"'],
  ["half of a character", '"\\ud800"'],
  ["a list that is nested deeply", `${"[".repeat(500)}${"]".repeat(500)}`],
  ["keys that are nested deeply", `${'{"a":'.repeat(500)}1${"}".repeat(500)}`],
  ["the same key twice", '{"a": 1, "a": 2}'],
  ["an alias of nothing", "*nothing"],
  ["a date", "2026-01-01"],
  ["a tag of YAML", "!!binary aGVsbG8="],
];

function sourceFor(path: readonly Key[], value: string): string {
  return path.reduceRight<string>(
    (inner, key) => (typeof key === "number" ? `[ ${inner} ]` : `{ ${JSON.stringify(key)}: ${inner} }`),
    value,
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be in a message.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/;

it.each(PATHS.map((path) => [path.join("."), path] as const))(
  "%s is taken, or refused in words, whatever it is",
  (_, path) => {
    for (const [, value] of NONSENSE) {
      const parsed = parseConfig(sourceFor(path, value), "weft.yaml");
      if (parsed.config !== undefined) continue;
      expect(parsed.errors.length).toBeGreaterThan(0);
      for (const problem of parsed.errors) {
        const text = formatConfigProblem(problem);
        expect(text).toMatch(/^weft\.yaml:\d+:\d+: ./);
        expect(text.length).toBeLessThan(700);
        expect(text).not.toMatch(CONTROL);
        expect(text).not.toMatch(/\[object|undefined|Invalid input|TypeError|\bat .*\.ts:/);
        // It is this key that is spoken of, or one within it.
        if (problem.path !== "") expect(problem.path.split(".")[0]).toBe(String(path[0]));
      }
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }
  },
);

it("knows the keys it is about", () => {
  expect(PATHS.map((path) => path.join("."))).toEqual(
    expect.arrayContaining([
      "bridge",
      "limits.connections",
      "networks.aname.tag",
      "endpoints.static.0.mac",
      "listen.ovsdb.0",
    ]),
  );
});

describe("a file", () => {
  it.each([
    ["that is nested ten thousand deep", `bridge: ${"[".repeat(10_000)}${"]".repeat(10_000)}`],
    ["that is nested ten thousand deep in maps", `networks: ${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["of a megabyte of one letter", "x".repeat(1_000_000)],
    ["of binary bytes", String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))],
    ["of UTF-16", "\ufeff\u0000b\u0000r\u0000i"],
    ["that ends in the middle", 'listen:\n  ovsdb: ["ptcp:66'],
    ["that includes itself", "a: &a [*a]"],
    ["of nothing but closing brackets", "]]]}}}"],
    ["with a key that is a list", "? [a, b]\n: 1"],
    ["of aliases that multiply", billionLaughs()],
    ["with a key that stands twice, deep inside", "networks:\n  a: { tag: 1 }\n  a: { tag: 2 }"],
    ["with the prototype as a key, wherever", "networks:\n  __proto__: { tag: 1 }"],
    ["with a key whose letters only look like ours", "br\u0456dge: br-int"],
    ["with two documents", "bridge: a\n---\nbridge: b"],
    ["with half a character", 'bridge: "\ud800"'],
    ["with tabs for spaces", "listen:\n\tovsdb: x"],
    ["with ten thousand wrong keys", Array.from({ length: 10_000 }, (_, i) => `k${i}: 1`).join("\n")],
    ["with ten thousand keys that stand twice", "bridge: x\n".repeat(10_000)],
    ["with ten thousand wrong values", `listen: { ovsdb: [${"1,".repeat(10_000)}] }`],
  ])("%s is refused with a place", (_, source) => {
    const { errors } = parseConfig(source, "weft.yaml");
    expect(errors?.length).toBeGreaterThan(0);
    const text = formatConfigProblem(errors?.[0] ?? { file: "", line: 0, column: 0, path: "", message: "" });
    expect(text).toMatch(/^weft\.yaml:\d+:\d+: ./);
    expect(text).not.toMatch(/\bat .*\.[jt]s:/);
  });
});

/** Nine levels of nine: some billion of the first one, if anybody wrote them out. */
function billionLaughs(): string {
  const levels = Array.from({ length: 9 }, (_, at) => {
    const of = at === 0 ? '"x"' : `*l${at - 1}`;
    return `l${at}: &l${at} [${Array.from({ length: 9 }, () => of).join(", ")}]`;
  });
  return levels.join("\n");
}

it("takes what editors elsewhere put into a file: a mark of order, and carriage returns", () => {
  const { config, errors } = parseConfig("\ufefftunnel:\r\n  type: gre\r\nbridge: br9\r\n", "weft.yaml");
  expect(errors).toBeUndefined();
  expect(config).toMatchObject({ tunnel: { type: "gre" }, bridge: "br9" });
});

it("makes nothing of the objects of this program", () => {
  expect(parseConfig('{"hosts": {"toString": {}, "hasOwnProperty": {}}}', "weft.yaml").config?.hosts).not.toBe(
    defaultConfig.hosts,
  );
  expect(Object.keys(Object.prototype)).toEqual([]);
});

describe("a path of a configuration file", () => {
  let scratch: string;
  let socket: ReturnType<typeof createServer>;
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "weft-config-"));
    mkdirSync(join(scratch, "directory"));
    symlinkSync(join(scratch, "loop"), join(scratch, "loop"));
    symlinkSync(join(scratch, "nowhere"), join(scratch, "dangling"));
    execFileSync("mkfifo", [join(scratch, "pipe")]);
    writeFileSync(join(scratch, "file"), "bridge: br-int\n");
    writeFileSync(join(scratch, "large"), "# much ado\n".repeat(1_000_000));
    writeFileSync(join(scratch, "larger"), Buffer.alloc(17 * 1024 * 1024, 35));
    writeFileSync(join(scratch, "binary"), Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 7) % 256)));
    socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(scratch, "socket"), resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => socket.close(resolve));
    rmSync(scratch, { recursive: true, force: true });
  });

  const WRONG: readonly (readonly [what: string, words: RegExp, name: string])[] = [
    ["missing", /there is no such file/, "missing"],
    ["file/inside", /there is no such file/, "file/inside"],
    ["directory", /it is a directory/, "directory"],
    ["loop", /a link that leads to itself/, "loop"],
    ["dangling", /there is no such file/, "dangling"],
    ["pipe", /it is no file, but a pipe/, "pipe"],
    ["socket", /it is no file, but a pipe, a socket/, "socket"],
    ["larger", /it has more than 16777216 bytes/, "larger"],
    ["binary", /:\d+:\d+: ./, "binary"],
    ["a\nb", /there is no such file/, "a\nb"],
    ["very long", /its name is too long/, "x".repeat(5_000)],
  ];

  it.each(WRONG)("%s is refused in words, at the start and when it is read again", async (_, words, name) => {
    const path = join(scratch, name);
    const problem = (() => {
      try {
        return loadConfig(path);
      } catch (error) {
        return error;
      }
    })();
    expect(problem).toBeInstanceOf(ConfigError);
    expect((problem as ConfigError).message).toMatch(words);
    await expect(rereadConfig(path)).rejects.toThrow(ConfigError);
  });

  it.each(["/dev/zero", "/dev/tty", "/proc/self/mem"])("%s is not waited for", (path) => {
    expect(() => loadConfig(path)).toThrow(ConfigError);
  });

  it("may name a large file", () => {
    expect(loadConfig(join(scratch, "large"))).toEqual(defaultConfig);
  });

  it("that is gone while it is read again is told", async () => {
    const path = join(scratch, "leaves");
    writeFileSync(path, "bridge: br-int\n");
    const read = rereadConfig(path);
    rmSync(path);
    await expect(read).rejects.toThrow(/there is no such file/);
  });
});
