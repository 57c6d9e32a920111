// The package as npm makes it, installed elsewhere: the library's types and its examples on a real Open vSwitch.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BuiltProgram } from "../cli/built.ts";
import { RealSwitch } from "../southbound/openflow/real-switch.ts";

const root = resolve(import.meta.dirname, "../../..");
const { files, exports, man } = createRequire(import.meta.url)("../../../package.json");

let built: BuiltProgram;
let consumer: string;
let sw: RealSwitch;
const running: ChildProcess[] = [];

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

beforeAll(async () => {
  built = new BuiltProgram();
  const pieces = ["README.md", "LICENSE", "CHANGELOG.md", "contrib", "examples", "proto", "scripts"];
  for (const piece of pieces) cpSync(join(root, piece), join(built.directory, piece), { recursive: true });
  run(process.execPath, [join(built.directory, "scripts/generate-shell.mjs")], built.directory);
  const packed = run("npm", ["pack", "--ignore-scripts", "--silent"], built.directory).trim();
  consumer = join(built.directory, "consumer");
  mkdirSync(consumer);
  writeFileSync(join(consumer, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }');
  const quietly = ["--silent", "--prefer-offline", "--no-audit", "--no-fund"];
  run("npm", ["install", ...quietly, join(built.directory, packed)], consumer);
  cpSync(join(root, "examples"), join(consumer, "examples"), { recursive: true });
  sw = await RealSwitch.start();
}, 120_000);

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await sw?.stop();
  built?.remove();
});

/** Starts a compiled example. What it prints grows in `printed()`. */
function example(name: string, ...args: string[]): () => string {
  const child = spawn(process.execPath, [join(consumer, "out", `${name}.js`), ...args], { cwd: consumer });
  running.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes) => {
      text += bytes;
    });
  }
  return () => text;
}

describe("the package", () => {
  it("holds all that it names, and nothing of the sources", () => {
    const installed = join(consumer, "node_modules/weft");
    for (const { types, default: code } of Object.values<{ types?: string; default?: string }>(exports)) {
      for (const file of [types, code])
        if (file !== undefined) expect(existsSync(join(installed, file)), file).toBe(true);
    }
    expect(existsSync(join(installed, man))).toBe(true);
    expect(files).toContain("!dist/**/*.map");
    const all = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(
      all.filter(
        (file) => /\.map$|\.tgz$|^src(?!$|\/web(\/|$))|^test|[^d]\.ts$/.test(file) && !/^examples|\.d\.ts$/.test(file),
      ),
    ).toEqual([]);
    expect(run(join(consumer, "node_modules/.bin/weft"), ["version"], consumer)).toMatch(/^weft \d/);
  });

  it("has types that a strict program is checked with, whichever way it resolves modules", () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    const strict = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2023", ...types];
    const sources = readdirSync(join(consumer, "examples")).map((file) => join("examples", file));
    run(
      process.execPath,
      [tsc, ...strict, "--noEmit", "--module", "esnext", "--moduleResolution", "bundler", ...sources],
      consumer,
    );
    run(process.execPath, [tsc, ...strict, "--module", "nodenext", "--outDir", "out", ...sources], consumer);
    writeFileSync(
      join(consumer, "wrong.ts"),
      'import { decode } from "weft/openflow13"; export const no: string = decode(new Uint8Array());',
    );
    const wrong = () =>
      run(process.execPath, [tsc, ...strict, "--noEmit", "--module", "nodenext", "wrong.ts"], consumer);
    expect(wrong).toThrow(expect.objectContaining({ stdout: expect.stringMatching(/wrong\.ts.*TS2322/) }));
  });

  it("gives no way into what is not public", async () => {
    writeFileSync(join(consumer, "inside.js"), 'await import("weft/dist/src/cli/main.js");');
    expect(() => run(process.execPath, ["inside.js"], consumer)).toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});

describe("an example", () => {
  it("is about thirty lines long", () => {
    for (const file of readdirSync(join(root, "examples"))) {
      expect(readFileSync(join(root, "examples", file), "utf8").split("\n").length, file).toBeLessThan(42);
    }
  });

  it("makes a learning switch of a real one", async () => {
    const printed = example("learning-switch", "0");
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/port: \d+/);
    const [, port] = /port: (\d+)/.exec(printed()) ?? [];
    await sw.vsctl("set-controller", "br0", `tcp:127.0.0.1:${port}`);
    await expect.poll(() => sw.ofctl("dump-flows"), { timeout: 20_000 }).toMatch(/CONTROLLER:65535/);
    const [one, two] = ["525400000001", "525400000002"];
    const payload = `0800${"00".repeat(46)}`;
    await sw.receive("p1", `ffffffffffff${one}${payload}`);
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/52:54:00:00:00:01 is at port 1/);
    await sw.receive("p2", `${one}${two}${payload}`);
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/52:54:00:00:00:02 is at port 2/);
    const flow = /in_port=p?2,dl_src=52:54:00:00:00:02,dl_dst=52:54:00:00:00:01 actions=output:p?1/;
    await expect.poll(() => sw.ofctl("dump-flows"), { timeout: 20_000 }).toMatch(flow);
    expect(printed()).not.toMatch(/refuses/);
  });

  it("lists a real host's bridges, and tells of one that comes and goes", async () => {
    const printed = example("list-bridges", join(sw.directory, "db.sock"));
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/br0: 3 ports/);
    await sw.vsctl("--no-wait", "add-br", "br7");
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/br7: 1 ports/);
    await sw.vsctl("--no-wait", "del-br", "br7");
    await expect.poll(printed, { timeout: 20_000 }).toMatch(/br7 is gone/);
  });
});
