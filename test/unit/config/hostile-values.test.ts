// Every key of weft.yaml with every kind of nonsense: refused with place, key and what was expected, or taken; nothing else.
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { formatConfigProblem, parseConfig } from "../../../src/config/index.ts";
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
