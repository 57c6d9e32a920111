// How near this process is to its limit of open files. Past it the kernel's queue is emptied by closing what comes,
// without a word (libuv, uv__emfile_trick): so it is noticed before.
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

export interface Shortage {
  readonly open: number;
  readonly limit: number;
}

/** For the control socket, the log and what else must go on. */
const RESERVED = 16;

/** undefined where the system does not tell. */
export function descriptorLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/** A new socket has the lowest number that is free. */
export function shortageAt(socket: Socket, limit: number | undefined): Shortage | undefined {
  const { _handle: handle } = socket as { _handle?: { fd?: number } };
  const open = handle?.fd;
  return limit !== undefined && open !== undefined && open >= limit - RESERVED ? { open, limit } : undefined;
}
