// `weft lab --simulated` and the demo's fallback as a user without root has them: real processes, a real controller.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRunning } from "../../../src/lab/processes.ts";
import { BuiltProgram, ended } from "./built.ts";

const PATIENCE_MS = 60_000;
/** Whoever runs the tests, the program runs as somebody without root; that it can read this folder is all that is left to it. */
const NOBODY =
  process.getuid?.() === 0
    ? [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
      ]
    : [];

describe("without root", { timeout: 2 * PATIENCE_MS }, () => {
  let weft: BuiltProgram;
  let directory: string;
  let env: Readonly<Record<string, string>>;

  beforeAll(() => {
    weft = new BuiltProgram();
    directory = mkdtempSync(join(tmpdir(), "weft-sim-"));
    mkdirSync(join(directory, "run"));
    env = { XDG_RUNTIME_DIR: join(directory, "run"), HOME: directory };
  });

  afterAll(async () => {
    if (weft !== undefined) await run("lab", "down", "--all");
    rmSync(directory, { recursive: true, force: true });
    weft?.remove();
  });

  const run = (...args: readonly string[]) => weft.run(args, { env, within: NOBODY, timeoutMs: PATIENCE_MS });
  /** What is left of labs in the user's directory. */
  const left = () => readdirSync(join(directory, "run")).filter((name) => name.includes("simulated"));

  it("the demo plays on simulated hosts, says so and what real ones would need, and leaves nothing", async () => {
    const { code, stdout, stderr } = await run("demo", "--hosts", "2", "--guests", "1", "--exit");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("those of this demo are SIMULATED; real ones need:");
    expect(stdout).toMatch(/ {2}root: run as root/);
    expect(stdout).toMatch(/ h2 joined: bridge br-int created, index 2, /);
    expect(stdout).toContain("2 of 2 pairs answer\n");
    expect(stdout).toContain("(simulated: frames go in memory");
    expect(stdout).toMatch(/everything is removed\n$/);
    expect(left()).toEqual([]);
  });

  it("a demo that is killed leaves no simulated hosts behind", async () => {
    const child = weft.start(["demo", "--hosts", "2", "--guests", "1"], { env, within: NOBODY });
    const end = ended(child, PATIENCE_MS);
    await new Promise<void>((resolve) => {
      let seen = "";
      child.stdout.on("data", (bytes) => {
        seen += bytes;
        if (seen.includes("The fabric stays")) resolve();
      });
    });
    expect(left()).toEqual(["weft-simulated"]);
    child.kill("SIGKILL");
    await end;
    const deadline = Date.now() + PATIENCE_MS;
    while (left().length > 0 && Date.now() < deadline) await sleep(50);
    expect(left()).toEqual([]);
  });

  it("a lab of real hosts says what is missing, and names the simulated one", async () => {
    const { code, stderr } = await run("lab", "up", "3");
    expect(code).toBe(1);
    expect(stderr).toContain("root: run as root");
    expect(stderr).toContain("weft lab up 3 --simulated");
    // Root's labs, where there are any now, are told of.
    expect((await run("lab", "status")).stdout).toMatch(
      /^There is no lab( of this user's; .* root: .*)?; make one with: weft lab up 3 --simulated\n$/,
    );
  });

  it("a lab of simulated hosts is joined, asked, cut, healed, made to misbehave, and taken down", async () => {
    const ports = ["--ovsdb", "ptcp:0:127.0.0.1", "--openflow", "ptcp:0:127.0.0.1", "--no-http"];
    const controller = weft.start(["controller", ...ports, "--until-stdin-ends"], { env, within: NOBODY });
    const stopped = ended(controller, 2 * PATIENCE_MS);
    try {
      const deadline = Date.now() + PATIENCE_MS;
      while ((await run("status")).code !== 0 && Date.now() < deadline) await sleep(50);

      const up = await run("lab", "up", "3", "--simulated", "--guests", "1");
      expect(up.stderr).toBe("");
      expect(up.stdout).toContain("simulated: no Open vSwitch, no namespaces");
      expect(up.stdout).toMatch(/set-manager tcp:127\.0\.0\.1:\d+\n/);
      expect(up.stdout).toMatch(/g3a +guest on h3/);

      while ((await run("lab", "ping")).code !== 0 && Date.now() < deadline) await sleep(50);
      const ping = await run("lab", "ping");
      expect(ping.stdout).toContain("6 of 6 pairs answer");
      const exec = await run("lab", "exec", "g1a", "--", "ping", "-c", "2", "10.0.2.1");
      expect(exec.stdout).toContain("2 packets transmitted, 2 received, 0% packet loss");
      // All pairs answer as soon as there is a way, if it be by a relay.
      const show = ["lab", "exec", "h1", "--", "ovs-vsctl", "show"];
      while (!(await run(...show)).stdout.includes("Port geneve2") && Date.now() < deadline) await sleep(50);
      expect((await run(...show)).stdout).toContain("Port geneve2");
      expect((await run("lab", "exec", "h1", "--", "ovs-ofctl", "dump-flows", "br-int")).stdout).toMatch(
        /^cookie=0x5745/,
      );
      const shell = await run("lab", "exec", "g1a", "--", "sh");
      expect(shell.code).toBe(1);
      expect(shell.stderr).toMatch(/g1a is simulated: .* "sh" can't run there; .* weft lab up 3, as root/);

      expect((await run("lab", "add-guest", "h1", "--tag", "10")).stdout).toMatch(
        /^g1b is on h1, port tap-g1b: 10\.0\.1\.2/,
      );
      expect((await run("lab", "cut", "h1", "h2")).code).toBe(0);
      expect((await run("lab", "misbehave", "h3", "slow")).stdout).toContain("weft lab misbehave h3 --end");
      const status = JSON.parse((await run("lab", "status", "--json")).stdout);
      expect(status).toMatchObject([
        {
          name: "lab",
          simulated: true,
          cuts: [["h1", "h2"]],
          hosts: [{ misbehaves: null }, {}, { misbehaves: "slow" }],
        },
      ]);
      expect((await run("lab", "misbehave", "h3", "--end")).code).toBe(0);
      expect((await run("lab", "heal")).stdout).toBe("Healed h1 - h2.\n");

      const again = await run("lab", "up", "2", "--simulated");
      expect(again.stderr).toContain('the lab "lab" is there already; weft lab down --name lab removes it');
      expect((await run("lab", "down")).stdout).toBe("Removed lab.\n");
      expect(left()).toEqual([]);

      // One whose process nobody reaches any more is neither taken for dead nor hidden, and ends when it is told to.
      expect((await run("lab", "up", "1", "--simulated", "--guests", "0", "--name", "deaf")).code).toBe(0);
      const dir = join(directory, "run", "weft-simulated", "deaf");
      const { pid } = JSON.parse(readFileSync(join(dir, "lab.json"), "utf8")).process;
      rmSync(join(dir, "lab.sock"));
      expect(JSON.parse((await run("lab", "status", "--json")).stdout)).toMatchObject([
        { name: "deaf", answers: false },
      ]);
      const asked = await run("lab", "ping", "--name", "deaf");
      expect(asked.stderr).toMatch(/the simulated lab in .*: its process does not answer/);
      expect((await run("lab", "up", "1", "--simulated", "--name", "deaf")).stderr).toContain("is there already");
      expect((await run("lab", "down")).stdout).toBe("Removed deaf.\n");
      expect(left()).toEqual([]);
      expect(isRunning(pid)).toBe(false);
    } finally {
      controller.stdin.end();
      await stopped;
    }
  });
});
