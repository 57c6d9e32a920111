// Asks the process of a simulated lab on its socket, and says what went wrong in the words of a lab.
import { callControl, WeftError } from "../../api/index.ts";
import { LabError } from "../lab-error.ts";
import { socketOf } from "./directory.ts";

const ASK_TIMEOUT_MS = 30_000;

/** What the errors of the socket are for a lab. What the lab itself refuses keeps its words. */
const MEANINGS: ReadonlyMap<string, readonly [code: string, message: string | null]> = new Map([
  ["control/unreachable", ["lab/gone", "its process does not answer on its socket"]],
  ["control/timeout", ["lab/silent", "its process did not answer in time"]],
  ["control/lost", ["lab/lost", "its process has ended, or does not speak as a lab does"]],
  ["control/not-permitted", ["lab/not-permitted", "another user has made it"]],
  ["control/refused", ["lab/refused", null]],
]);

/** @throws LabError that says why there is no answer */
export async function ask<Answer>(
  dir: string,
  method: string,
  asked: object,
  timeoutMs = ASK_TIMEOUT_MS,
): Promise<Answer> {
  try {
    return JSON.parse(await callControl(socketOf(dir), method, [JSON.stringify(asked)], timeoutMs)) as Answer;
  } catch (cause) {
    const meaning = cause instanceof WeftError ? MEANINGS.get(cause.code) : undefined;
    if (meaning === undefined || !(cause instanceof WeftError)) throw cause;
    const [code, why] = meaning;
    const message = why === null ? cause.message : `the simulated lab in ${dir}: ${why}`;
    throw new LabError(code, message, { cause, context: { dir, method } });
  }
}

/** Nobody listens on its socket: it has ended, or has not started yet. */
export const isGone = (error: unknown): boolean => error instanceof LabError && error.code === "lab/gone";
