// Finds and ends the lab's own processes, recognised by a mark in their environment and by nothing weaker.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "./lab-error.ts";

/** Everything a lab starts carries this variable with the lab's directory as its value. */
export const markVariable = "WEFT_LAB_DIR";

export const markOf = (labDir: string): Readonly<Record<string, string>> => ({ [markVariable]: labDir });

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and its start: tells a process from a later one with the same pid. */
  readonly startTicks: number;
}

interface ProcessStat {
  readonly state: string;
  readonly parent: number;
  readonly startTicks: number;
}

function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, "stat");
  if (text === undefined) return undefined;
  // The name stands in parentheses and may contain anything; the numbers follow the last one (proc(5)).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", parent: Number(fields[1]), startTicks: Number(fields[19]) };
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined; // It is gone, or not ours to see: in either case not ours to end.
  }
}

/** A zombie has ended, whether or not its parent cares. */
export function isRunning(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.state !== "Z" && stat.state !== "X";
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat === undefined ? undefined : { pid, startTicks: stat.startTicks };
}

export function isSameProcess(identity: ProcessIdentity): boolean {
  return isRunning(identity.pid) && readStat(identity.pid)?.startTicks === identity.startTicks;
}

export function isMarked(pid: number, labDir: string): boolean {
  return readProc(pid, "environ")?.split("\0").includes(`${markVariable}=${labDir}`) === true;
}

/** The processes of a lab, save this process and those it descends from (a shell inside the lab may run us). */
export function processesOf(labDir: string): number[] {
  const spared = ownLine();
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => !spared.has(pid) && isRunning(pid) && isMarked(pid, labDir));
}

function ownLine(): Set<number> {
  const line = new Set<number>();
  for (let pid = process.pid; pid > 0 && !line.has(pid); pid = readStat(pid)?.parent ?? 0) line.add(pid);
  return line;
}

/** False when it had ended already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

export async function waitUntilGone(pids: readonly number[], timeoutSec: number): Promise<void> {
  const deadline = Date.now() + timeoutSec * 1000;
  for (let left = pids.filter(isRunning); left.length > 0; left = left.filter(isRunning)) {
    if (Date.now() > deadline)
      throw new LabError("lab/timeout", `processes ${left.join(", ")} did not end within ${timeoutSec} s`, {
        context: { pids: left },
      });
    await sleep(5);
  }
}

/** Kills all processes of a lab, also those that appear while it does so. */
export async function killProcessesOf(labDir: string): Promise<number> {
  let killed = 0;
  for (let round = 0; round < 10; round++) {
    const pids = processesOf(labDir);
    if (pids.length === 0) return killed;
    killed += pids.filter((pid) => signalProcess(pid, "SIGKILL")).length;
    await waitUntilGone(pids, 10);
  }
  throw new LabError("lab/processes", `processes of the lab in ${labDir} keep coming back`, { context: { labDir } });
}
