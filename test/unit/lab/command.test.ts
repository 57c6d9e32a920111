// Commands of other programs: their results, failures and time limits.
import { describe, expect, test } from "vitest";
import { inNamespace, run, shellLine } from "../../../src/lab/command.ts";

describe("a command", () => {
  test("gives its output and reads its input", async () => {
    expect(await run(["cat"], { input: "hello" })).toEqual({ stdout: "hello", stderr: "", exitCode: 0 });
  });

  test("that fails rejects with what it said", async () => {
    const failing = run(["sh", "-c", "echo because >&2; exit 3"]);
    await expect(failing).rejects.toMatchObject({
      code: "lab/command",
      message: expect.stringContaining("exited with 3: because"),
      context: { exitCode: 3 },
    });
  });

  test("may fail where that is a result", async () => {
    expect(await run(["sh", "-c", "exit 3"], { check: false })).toMatchObject({ exitCode: 3 });
  });

  test("that does not end is killed, with whatever holds its output", async () => {
    const began = Date.now();
    await expect(run(["sh", "-c", "sleep 30 & sleep 30"], { timeoutSec: 0.2 })).rejects.toMatchObject({
      code: "lab/timeout",
    });
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  test("that does not exist is named", async () => {
    await expect(run(["no-such-program"])).rejects.toThrow(/cannot run no-such-program/);
  });

  test("does not read what it is given without harm", async () => {
    expect((await run(["true"], { input: "x".repeat(1_000_000) })).exitCode).toBe(0);
  });
});

test("words for a shell are quoted when they need to be", async () => {
  const words = ["a", "b c", "it's", "$HOME", "", 'x="y"', "-n", "*"];
  const { stdout } = await run(["sh", "-c", `printf '%s\\n' ${shellLine(words)}`]);
  expect(stdout.split("\n").slice(0, -1)).toEqual(words);
});

test("a command in a namespace goes through ip netns", () => {
  expect(inNamespace("weft-t1-h1", ["ls"])).toEqual(["ip", "netns", "exec", "weft-t1-h1", "ls"]);
});
