// What processes that others wrote cost: seconds of processor time and memory, by proc(5).
import { readFileSync } from "node:fs";

/** USER_HZ: the same on every Linux that Node runs on. */
const TICKS_PER_SEC = 100;

/** Of all its threads, since its start, without its children. */
export function cpuSec(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name stands in parentheses and may contain anything; the numbers follow the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
}

/** Resident now. Pages that processes share count in each. */
export function memoryMb(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1] ?? Number.NaN) / 1024;
}

export const cpuSecOf = (pids: Iterable<number>): number => [...pids].reduce((sum, pid) => sum + cpuSec(pid), 0);
export const memoryMbOf = (pids: Iterable<number>): number => [...pids].reduce((sum, pid) => sum + memoryMb(pid), 0);
