// Whether the process of a simulated lab lives, and how it is ended: by asking, and by force where it does not answer.
import { setTimeout as sleep } from "node:timers/promises";
import { isSameProcess, type ProcessIdentity, signalProcess } from "../processes.ts";
import { ask, isGone } from "./ask.ts";
import { readSimulated, removeSimulated, type SimulatedLabRecord } from "./directory.ts";

/** Whoever is asked to end and says nothing for so long is ended by force. */
const HEAR_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** Undefined where it is being removed. */
function recordOf(directory: string): SimulatedLabRecord | undefined {
  try {
    return readSimulated(directory);
  } catch {
    return undefined;
  }
}

/** Its process runs, or the one that is about to start it. */
export function isHeld(directory: string): boolean {
  const record = recordOf(directory);
  const holder = record?.process ?? record?.creator;
  return holder !== undefined && isSameProcess(holder);
}

/** Nobody answers, nor will. */
export async function isDead(directory: string): Promise<boolean> {
  if (isHeld(directory)) return false;
  return ask(directory, "view", {}).then(() => false, isGone);
}

/** Ends the process, and removes what is left of the lab. */
export async function endFleet(directory: string): Promise<void> {
  const identity = recordOf(directory)?.process;
  const hasHeard = await ask(directory, "stop", {}, HEAR_TIMEOUT_MS).then(
    () => true,
    () => false,
  );
  if (identity !== undefined && !(hasHeard && (await hasEnded(identity, STOP_TIMEOUT_MS)))) await kill(identity);
  removeSimulated(directory);
}

async function kill(identity: ProcessIdentity): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (isSameProcess(identity)) signalProcess(identity.pid, signal);
    if (await hasEnded(identity, KILL_TIMEOUT_MS)) return;
  }
}

async function hasEnded(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isSameProcess(identity)) {
    if (Date.now() > deadline) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}
