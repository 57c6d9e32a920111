// Whose process a simulated lab is, and what becomes of labs that do not answer.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { identityOf, isRunning } from "../../../../src/lab/processes.ts";
import { readSimulated, simulatedDirs, writeSimulated } from "../../../../src/lab/simulated/directory.ts";
import { endFleet, isDead, isHeld } from "../../../../src/lab/simulated/fleet-life.ts";
import { runFleetProcess } from "../../../../src/lab/simulated/process.ts";

let dir: string;
const children: ChildProcess[] = [];
const record = { version: 1 as const, name: "t", hosts: 1, systemIds: [], persistent: true };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "weft-fate-"));
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

/** Something that runs, and takes SIGTERM or does not. */
async function running(script: string): Promise<{ readonly pid: number; readonly startTicks: number }> {
  const child = spawn("sh", ["-c", `${script} echo; while :; do sleep 0.05; done`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  await once(child.stdout, "data");
  const identity = identityOf(child.pid ?? 0);
  if (identity === undefined) throw new Error("it has ended at once");
  return identity;
}

test("a lab whose creator is about to start it is not dead, and is once that has ended", async () => {
  const creator = await running("");
  writeSimulated(dir, { ...record, creator });
  expect([isHeld(dir), await isDead(dir)]).toEqual([true, false]);
  // Another process has the number now.
  writeSimulated(dir, { ...record, creator: { ...creator, startTicks: creator.startTicks + 1 } });
  expect([isHeld(dir), await isDead(dir)]).toEqual([false, true]);
});

test("a lab that has a process lives as long as that, whatever became of its creator", async () => {
  const [creator, own] = [await running(""), await running("")];
  writeSimulated(dir, { ...record, creator: { ...creator, startTicks: 1 }, process: own });
  expect(await isDead(dir)).toBe(false);
  writeSimulated(dir, { ...record, creator, process: { ...own, startTicks: 1 } });
  expect(await isDead(dir)).toBe(true);
});

test.each([
  ["ends when it is told to", ""],
  ["hears no signal that it could", "trap '' TERM;"],
])("a process that answers nobody and %s is gone when its lab is", async (_, script) => {
  const own = await running(script);
  writeSimulated(dir, { ...record, process: own });
  await endFleet(dir);
  expect([isRunning(own.pid), existsSync(dir)]).toEqual([false, false]);
});

test("a process that has the number of one that ended is not touched", async () => {
  const other = await running("");
  writeSimulated(dir, { ...record, process: { ...other, startTicks: 1 } });
  await endFleet(dir);
  expect([isRunning(other.pid), existsSync(dir)]).toEqual([true, false]);
});

test("a fleet whose directory is gone does not make it again", async () => {
  writeSimulated(dir, record);
  const gone = join(dir, "gone");
  await expect(runFleetProcess({ directory: gone, untilStdinEnds: false })).rejects.toMatchObject({
    code: "lab/no-lab",
  });
  expect(existsSync(gone)).toBe(false);
  expect(readSimulated(dir)).toEqual(record);
});

test("a runtime directory that can't be looked into is somebody else's, and no failure", () => {
  vi.spyOn(process, "getuid").mockReturnValue(4_000_000);
  // Where even root may not look further.
  symlinkSync(join(dir, "run"), join(dir, "run"));
  vi.stubEnv("XDG_RUNTIME_DIR", join(dir, "run"));
  expect([...simulatedDirs()]).toEqual([]);
  writeFileSync(join(dir, "file"), "");
  vi.stubEnv("XDG_RUNTIME_DIR", join(dir, "file"));
  expect([...simulatedDirs()]).toEqual([]);
});
