// The example of weft.yaml, which the Debian package installs: it is right, and shows every key.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defaultConfig, parseConfig } from "../../../src/config/index.ts";
import { configSchema } from "../../../src/config/schema.ts";

const file = resolve(import.meta.dirname, "../../../contrib/weft.yaml");
const source = readFileSync(file, "utf8");
/** A key behind a # has no blank after it, where words have one. */
const uncommented = source.replaceAll(/^( *)#(?=\S)/gm, "$1");

function checked(text: string) {
  const { config, errors } = parseConfig(text, "weft.yaml");
  expect(errors).toBeUndefined();
  return config!;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
}

/** Every key of the schema, by its path; `*` for names that a person chooses. */
function keys(schema: JsonSchema, path = ""): readonly string[] {
  const { properties = {}, additionalProperties: named, items } = schema;
  const below = Object.entries(properties).flatMap(([key, inner]) => [path + key, ...keys(inner, `${path + key}.`)]);
  const inner = typeof named === "object" ? named : items;
  return inner === undefined ? below : [...below, ...keys(inner, `${path}*.`)];
}

function has(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return value !== undefined;
  if (typeof value !== "object" || value === null) return false;
  if (key === "*") return Object.values(value).some((inner) => has(inner, rest));
  return Object.hasOwn(value, key) && has((value as Record<string, unknown>)[key], rest);
}

describe("contrib/weft.yaml", () => {
  it("is what Weft does without a file, as it stands", () => {
    expect(checked(source)).toEqual(defaultConfig);
  });

  it("shows every key there is", async () => {
    const { parse } = await import("yaml");
    const shown = parse(uncommented);
    const all = keys(z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as JsonSchema);
    expect(all).toContain("networks.*.floodKbps");
    expect(all).toContain("endpoints.static.*.mac");
    expect(all.filter((path) => !has(shown, path.split(".")))).toEqual([]);
  });

  it("shows each key's default, where there is one", () => {
    const { networks, hosts, endpoints, ...rest } = checked(uncommented);
    expect(rest).toEqual({ ...defaultConfig, networks: undefined, hosts: undefined, endpoints: undefined });
    expect({ ...endpoints, static: [] }).toEqual(defaultConfig.endpoints);
    expect(Object.keys(networks)).toHaveLength(1);
    expect(Object.keys(hosts)).toHaveLength(1);
  });
});
