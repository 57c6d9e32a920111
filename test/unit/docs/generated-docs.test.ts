// What docs/ says of the program is what the program does, today.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { runCommand } from "../../../src/api/commands.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { FakeQueries } from "../api/fake-queries.ts";
import { BuiltProgram, type Ended } from "../cli/built.ts";

const root = resolve(import.meta.dirname, "../../..");
const docs = join(root, "docs");

describe("the generated documents", () => {
  let built: BuiltProgram;
  let scratch: string;
  beforeAll(() => {
    built = new BuiltProgram();
    scratch = mkdtempSync(join(tmpdir(), "weft-docs-"));
  }, 60_000);
  afterAll(() => {
    built.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  function check(directory: string): Promise<Ended> {
    const script = join(root, "scripts/generate-docs.mjs");
    const dist = join(built.directory, "dist");
    return new Promise((done) => {
      execFile(process.execPath, [script, "--check", "--dist", dist, "--docs", directory], (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  }

  it("are what the program says; else run: npm run docs", async () => {
    expect(await check(docs)).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it.each(["pipeline.md", "cli.md"])("are told to be stale when a line of %s is changed", async (name) => {
    cpSync(docs, scratch, { recursive: true });
    const file = join(scratch, name);
    const lines = readFileSync(file, "utf8").split("\n");
    lines.splice(-5, 1);
    writeFileSync(file, lines.join("\n"));
    const { code, stderr } = await check(scratch);
    expect(code).toBe(1);
    expect(stderr).toContain(file);
  });
});

/** `hosts.ID.name` for what a user names, else `tunnel.type`. */
function* keysOf(schema: z.core.JSONSchema.BaseSchema, path: readonly string[]): Generator<string> {
  const { properties, additionalProperties } = schema;
  if (typeof additionalProperties === "object") {
    yield* keysOf(additionalProperties, [...path, path.at(-1) === "hosts" ? "ID" : "NAME"]);
  }
  for (const [key, inner] of Object.entries(properties ?? {})) {
    if (typeof inner === "object") yield* keysOf(inner, [...path, key]);
  }
  if (properties === undefined && typeof additionalProperties !== "object") yield path.join(".");
}

describe("docs/configuration.md", () => {
  const rows = new Map(
    readFileSync(join(docs, "configuration.md"), "utf8")
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .flatMap(([, key, value]) => (key?.startsWith("`") ? [[key.replaceAll("`", ""), value ?? ""] as const] : [])),
  );

  it("has a row for every key of weft.yaml, and for no other", () => {
    const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
    const keys = [...keysOf(schema, [])];
    expect(keys).toContain("hosts.ID.tunnelIp");
    expect([...rows.keys()].sort()).toEqual(keys.sort());
  });

  it("tells the defaults that are in force", () => {
    const config = configSchema.parse({});
    for (const [key, told] of rows) {
      const value = key.split(".").reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], config);
      const text = value === undefined ? "" : Array.isArray(value) ? `\`[${value.join(", ")}]\`` : `\`${value}\``;
      expect({ key, told }).toEqual({ key, told: text });
    }
  });
});

describe("docs/cli.md", () => {
  const text = readFileSync(join(docs, "cli.md"), "utf8");

  function namesIn(value: unknown): readonly string[] {
    if (Array.isArray(value)) return value.flatMap(namesIn);
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) => [name, ...namesIn(inner)]);
  }

  it.each(["hosts", "tunnels", "ports", "endpoints", "networks", "topology", "status", "doctor", "drift", "version"])(
    "names every field of %s --json",
    async (method) => {
      const answer = await runCommand({ queries: new FakeQueries(), version: "1.2.3" }, method, ["--json"]);
      const names = namesIn(JSON.parse(answer));
      expect(names).not.toEqual([]);
      for (const name of names) expect(text).toContain(`\`${name}\``);
    },
  );

  it.each([
    ["trace", ["10.0.0.1", "10.0.0.3"]],
    ["check", []],
  ] as const)("names every field of %s --json", async (method, args) => {
    const answer = await runCommand({ queries: new FakeQueries(), version: "1.2.3" }, method, [
      "--json",
      "--",
      ...args,
    ]);
    const view = JSON.parse(answer);
    // These have ids of hosts for their keys, or what was asked.
    for (const name of namesIn({ ...view, names: null, request: null })) expect(text).toContain(`\`${name}\``);
  });
});
