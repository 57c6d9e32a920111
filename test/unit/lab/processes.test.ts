// Which processes are a lab's: told by their mark, and by nothing weaker.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import {
  identityOf,
  isMarked,
  isRunning,
  isSameProcess,
  killProcessesOf,
  markOf,
  processesOf,
  waitUntilGone,
} from "../../../src/lab/processes.ts";

const dir = `/run/weft-lab/unit-${process.pid}`;

describe.runIf(process.platform === "linux")("processes", () => {
  const children: ChildProcess[] = [];

  const sleeper = async (mark: Readonly<Record<string, string>>): Promise<number> => {
    const child = spawn("sleep", ["60"], { env: { ...process.env, ...mark }, stdio: "ignore" });
    children.push(child);
    await once(child, "spawn");
    return child.pid ?? 0;
  };

  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  test("of a lab are those with its directory as their mark, whole and not a part of it", async () => {
    const marked = await sleeper(markOf(dir));
    const others = [
      await sleeper({}),
      await sleeper(markOf(`${dir}0`)),
      await sleeper({ NOTE: `x WEFT_LAB_DIR=${dir}` }),
    ];
    expect(processesOf(dir)).toEqual([marked]);
    expect(others.some((pid) => isMarked(pid, dir))).toBe(false);
  });

  test("of a lab are killed, the others are not", async () => {
    const marked = [await sleeper(markOf(dir)), await sleeper(markOf(dir))];
    const other = await sleeper(markOf(`${dir}0`));
    expect(await killProcessesOf(dir)).toBe(2);
    expect(marked.map(isRunning)).toEqual([false, false]);
    expect(isRunning(other)).toBe(true);
    expect(await killProcessesOf(dir)).toBe(0);
  });

  test("are told from later ones with the same number by the time they began", () => {
    const self = identityOf(process.pid)!;
    expect(isSameProcess(self)).toBe(true);
    expect(isSameProcess({ ...self, startTicks: self.startTicks - 1 })).toBe(false);
    expect(isSameProcess({ pid: 2 ** 22 + 1, startTicks: 1 })).toBe(false);
  });

  test("that do not end in time are named", async () => {
    const pid = await sleeper({});
    await expect(waitUntilGone([pid], 0.05)).rejects.toThrow(new RegExp(`${pid}`));
  });
});
