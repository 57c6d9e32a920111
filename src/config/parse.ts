// weft.yaml as text -> a checked configuration, or every problem in it with its place.
import { type Document, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { deepFreeze, defaultConfig } from "./defaults.ts";
import { type KeyPath, keysOf, locate, placeOf } from "./locate.ts";
import { nearest } from "./nearest.ts";
import { readPlainFile } from "./plain-file.ts";
import { ConfigError, type ConfigProblem, formatConfigProblem } from "./problem.ts";
import { configSchema } from "./schema.ts";
import type { WeftConfig } from "./types.ts";
import { findConflicts } from "./unique.ts";
import { visible } from "./visible.ts";

export type ParsedConfig =
  | { readonly config: WeftConfig; readonly errors?: never }
  | { readonly errors: readonly ConfigProblem[]; readonly config?: never };

/** The keys of a section, by its path with `*` for names the user chose. */
const KEYS_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ["", Object.keys(defaultConfig)],
  ...Object.entries(defaultConfig)
    .filter(([, value]) => typeof value === "object" && value !== null)
    .map(([key, value]) => [key, Object.keys(value)] as const),
  ["endpoints.moves", Object.keys(defaultConfig.endpoints.moves)],
  ["endpoints.static.*", ["mac", "ips", "network", "host", "port"]],
  ["networks.*", ["vni", "tag", "answer", "unknownUnicast", "multicast", "floodKbps", "locked"]],
  ["hosts.*", ["name", "tunnelIp", "bridge", "index"]],
]);

/** Reads the text of a configuration file. An empty one is the defaults. Never throws. */
export function parseConfig(source: string, fileName: string): ParsedConfig {
  const lines = new LineCounter();
  let doc: Document.Parsed;
  let value: unknown;
  try {
    doc = parseDocument(source, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
    const problems = yamlProblems(doc, lines, fileName);
    if (problems.length > 0) return { errors: problems };
    value = doc.toJS();
  } catch (error) {
    // The reader of YAML goes as deep as the file does.
    const isTooDeep = error instanceof RangeError;
    const message = isTooDeep ? "it is nested too deeply" : error instanceof Error ? error.message : String(error);
    return { errors: [{ file: fileName, line: 1, column: 1, path: "", message }] };
  }
  const result = configSchema.safeParse(value);
  const found = result.success
    ? findConflicts(result.data).map((conflict) => ({ ...conflict, at: "value" as const }))
    : result.error.issues.flatMap((issue) => explain(issue, value));
  if (result.success && found.length === 0) return { config: deepFreeze(result.data) };
  const errors = found.slice(0, MAX_PROBLEMS).map(({ path, message, at }) => ({
    file: fileName,
    ...locate(doc, lines, path, at),
    path: path.map(String).join("."),
    message,
  }));
  return { errors: errors.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** More than these nobody reads, and each costs the finding of its place. */
const MAX_PROBLEMS = 100;
/** Of a path, and of why it can't be read. */
const MAX_SHOWN = 300;
/** Some hundred thousand hosts by name. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Reads a configuration file; no path is the defaults. @throws ConfigError */
export function loadConfig(path: string | undefined): WeftConfig {
  return path === undefined ? defaultConfig : configFrom(readConfig(path), path);
}

/** The text of a configuration file. @throws ConfigError */
export function readConfig(path: string): string {
  try {
    return readPlainFile(path, MAX_FILE_BYTES);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const name = path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}...` : path;
    const text = visible(`cannot read the configuration file ${name}: ${why.slice(0, MAX_SHOWN)}`);
    throw new ConfigError("config/unreadable", text, [], error);
  }
}

/** The configuration that the text of a file says. @throws ConfigError with every problem of it, by line and column */
export function configFrom(source: string, fileName: string): WeftConfig {
  const parsed = parseConfig(source, fileName);
  if (parsed.config !== undefined) return parsed.config;
  throw new ConfigError("config/invalid", parsed.errors.map(formatConfigProblem).join("\n"), parsed.errors);
}

function yamlProblems(doc: Document.Parsed, lines: LineCounter, file: string): readonly ConfigProblem[] {
  const keys = [...keysOf(doc)];
  const problems = [...doc.errors, ...doc.warnings].slice(0, MAX_PROBLEMS).map((error) => {
    const offset = error.pos[0];
    if (error.code !== "DUPLICATE_KEY") return { file, ...placeOf(lines, offset), path: "", message: error.message };
    const path = keys.find((key) => key.offset === offset)?.path ?? [];
    const first = keys.find((key) => key.offset < offset && key.path.join("\0") === path.join("\0"));
    const where = first === undefined ? "" : `; it is on line ${placeOf(lines, first.offset).line} already`;
    return { file, ...placeOf(lines, offset), path: path.join("."), message: `the key stands here twice${where}` };
  });
  // A key that JavaScript objects treat in a way of their own is never one of ours, and may not reach them.
  for (const key of keys) {
    if (key.path.at(-1) !== "__proto__") continue;
    problems.push({ file, ...placeOf(lines, key.offset), path: key.path.join("."), message: "unknown key" });
  }
  return problems;
}

interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  readonly at: "key" | "value";
}

function explain(issue: z.core.$ZodIssue, root: unknown): readonly Finding[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .slice(0, MAX_PROBLEMS)
      .map((key) => ({ path: [...issue.path, key], message: unknownKey(issue.path, key), at: "key" }));
  }
  if (issue.code === "invalid_key") {
    const expected = issue.issues[0]?.message ?? issue.message;
    return [{ path: issue.path, message: `expected ${expected}`, at: "key" }];
  }
  const given = at(root, issue.path);
  const words = /^one of (.*)$/.exec(issue.message)?.[1]?.split(", ");
  const meant = words !== undefined && typeof given === "string" ? nearest(given, words) : undefined;
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return [{ path: issue.path, message: `expected ${issue.message}, found ${show(given)}${hint}`, at: "value" }];
}

function unknownKey(section: KeyPath, key: string): string {
  const path = section.map((step) => (typeof step === "number" ? "*" : String(step)));
  if (path.length === 2 && (path[0] === "networks" || path[0] === "hosts")) path[1] = "*";
  const keys = KEYS_OF.get(path.join(".")) ?? [];
  const meant = nearest(key, keys);
  if (meant !== undefined) return `unknown key; did you mean ${meant}?`;
  return `unknown key; expected one of ${[...keys].sort().join(", ")}`;
}

function at(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "keys";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
