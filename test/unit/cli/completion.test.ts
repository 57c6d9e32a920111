// Completion, in the shells themselves where the machine has them.
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlSocket, startControlSocket } from "../../../src/api/index.ts";
import { complete } from "../../../src/cli/completion/complete.ts";
import { completionScript, SHELLS } from "../../../src/cli/completion/shells.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { FakeQueries, HOSTS } from "../api/fake-queries.ts";
import { describeWith } from "../packages/present.ts";
import { BuiltProgram } from "./built.ts";

const program = createProgram("weft");
const offered = (...words: string[]) => complete(program, words).candidates.map(({ value }) => value);

describe("what may stand at the cursor", () => {
  it("is a command, and below a command its own", () => {
    expect(offered("")).toEqual(expect.arrayContaining(["hosts", "controller", "completion", "help"]));
    expect(offered("ho")).toEqual(["hosts"]);
    expect(offered("--json", "ho")).toEqual(["hosts"]);
    expect(offered("hosts", "")).toEqual(["approve", "forget"]);
    expect(offered("")).not.toContain("__complete");
  });

  it("is an option of the command or of those above it, but of no other", () => {
    expect(offered("controller", "--")).toEqual(expect.arrayContaining(["--config", "--control", "--help", "--json"]));
    expect(offered("controller", "--")).not.toContain("--until-stdin-ends");
    expect(offered("hosts", "--con")).toEqual(["--control"]);
    expect(offered("lab", "exec", "g1a", "--", "--")).toEqual([]);
  });

  it("is a word that the option or argument knows", () => {
    expect(offered("topology", "--format", "")).toEqual(["table", "json", "csv", "tree", "dot", "mermaid"]);
    expect(offered("topology", "--format=m")).toEqual(["--format=mermaid"]);
    expect(offered("lab", "up", "3", "--tunnel", "g")).toEqual(["gre", "geneve"]);
    expect(offered("completion", "")).toEqual([...SHELLS]);
    expect(offered("completion", "bash", "")).toEqual([]);
  });

  it("is a file, or a name that the controller at the named socket knows", () => {
    expect(complete(program, ["controller", "--config", ""])).toMatchObject({ files: "files", subject: null });
    expect(complete(program, ["pki", "init", "--directory", ""])).toMatchObject({ files: "directories" });
    expect(complete(program, ["flows", ""])).toMatchObject({ subject: "host", control: null });
    expect(complete(program, ["--control", "/x", "adopt", "a", ""])).toMatchObject({ subject: "host", control: "/x" });
    expect(complete(program, ["hosts", "approve", ""])).toMatchObject({ subject: "waiting" });
    expect(complete(program, ["flows", "host1", ""])).toMatchObject({ subject: null });
  });
});

describe("words that make no sense", () => {
  const strange = [
    "",
    "-",
    "--",
    "--=",
    "--__proto__",
    "__proto__=x",
    "constructor",
    "\u0000",
    "\u001b[31m",
    "x".repeat(100_000),
  ];
  it.each(strange.map((word) => [word.slice(0, 20), word]))("%j offers what there is, or nothing", (_shown, word) => {
    for (const words of [
      [word],
      [word, ""],
      ["hosts", word],
      ["topology", "--format", word],
      ["lab", "up", word, word],
    ]) {
      const { candidates } = complete(program, words);
      for (const { value } of candidates) expect(value.startsWith(words.at(-1) ?? "")).toBe(true);
    }
  });

  it("and none at all", () => {
    expect(complete(program, []).candidates.length).toBeGreaterThan(10);
  });
});

describe("in a shell", () => {
  let weft: BuiltProgram;
  let socket: ControlSocket;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    weft = new BuiltProgram();
    symlinkSync(weft.bin, join(weft.directory, "weft"));
    const strange = { ...HOSTS[0]!, id: "x", name: "$(touch /tmp/owned)", state: "up" as const };
    class Queries extends FakeQueries {
      override hosts() {
        return [...super.hosts(), strange];
      }
    }
    const path = join(weft.directory, "control.sock");
    socket = await startControlSocket(path, new Queries(), { version: "9.9.9" });
    env = { ...process.env, PATH: `${weft.directory}${delimiter}${process.env.PATH}`, WEFT_CONTROL: path };
    for (const shell of SHELLS) writeFileSync(join(weft.directory, `weft.${shell}`), completionScript(shell));
    writeFileSync(join(weft.directory, "notes.yaml"), "");
  }, 60_000);
  afterAll(async () => {
    await socket?.close();
    weft?.remove();
  });

  /** What the shell prints must not wait for this process, which is the controller: it runs beside it. */
  async function shell(command: string, script: string, ...args: string[]): Promise<readonly string[]> {
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    const { stdout } = await promisify(execFile)(command, [...args, "-c", script], { env, cwd: weft.directory });
    return stdout.split("\n").filter((line) => line !== "");
  }

  const LINES = [
    { line: "weft ho", offers: ["hosts"] },
    { line: "weft topology --format m", offers: ["mermaid"] },
    { line: "weft flows ", offers: ["host1", "host2", "host3"] },
    { line: "weft controller --config not", offers: ["notes.yaml"] },
  ] as const;

  describeWith("bash", "bash completes commands, words, names and files", () => {
    const bash = (line: string) =>
      shell(
        "bash",
        `source weft.bash; COMP_LINE='${line}'; COMP_POINT=${line.length}; _weft; printf '%s\\n' "\${COMPREPLY[@]}"`,
      );
    it.each(LINES)("$line", async ({ line, offers }) => {
      expect(await bash(line)).toEqual(offers);
    });

    it("gives back only what follows the last colon or equals sign, as bash expects it", async () => {
      expect(await bash("weft topology --format=me")).toEqual(["mermaid"]);
    });
  });

  describeWith("zsh", "zsh completes commands, words and names", () => {
    // What zsh's own functions would be given is printed.
    const stubs = `compdef() {}; _files() { print -r -- files }; compset() {}; _describe() { print -rl -- "\${(@P)3}" }`;
    const zsh = async (line: string) => {
      const words = line.split(" ").map((word) => `'${word}'`);
      const set = `words=(${words.join(" ")}); CURRENT=${words.length}; PREFIX=${words.at(-1)}`;
      return (await shell("zsh", `${stubs}; source weft.zsh; ${set}; _weft`, "-f")).map((line) => line.split(":")[0]);
    };
    it.each(LINES)("$line", async ({ line, offers }) => {
      expect(await zsh(line)).toEqual(line.includes("--config") ? ["files"] : offers);
    });
  });

  describeWith("fish", "fish completes commands, words, names and files", () => {
    it.each(LINES)("$line", async ({ line, offers }) => {
      const found = await shell("fish", `source weft.fish; complete -C '${line}'`, "--no-config");
      expect(found.map((offer) => offer.split("\t")[0])).toEqual(offers);
    });
  });

  it("without a controller offers no names, and says nothing", () => {
    const options = { encoding: "utf8", env: { ...env, WEFT_CONTROL: "/nowhere.sock" }, stdio: "pipe" } as const;
    expect(execFileSync(weft.bin, ["__complete", "--", "flows", ""], options)).toBe(":\n");
  });
});
