// Runs a parser on damaged input and finds what must not be: other errors than its own, time, memory, and instability.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WeftError } from "../../proto/bytes/errors.ts";
import { Random } from "./random.ts";

export interface Target<Input> {
  readonly name: string;
  make(random: Random): Input;
  /** Throws a WeftError for what it refuses; anything else that is thrown is a find. */
  run(input: Input): void;
  /** An input as text, to be kept as a fixture. */
  show(input: Input): string;
}

export interface Find {
  readonly seed: number;
  readonly why: string;
  readonly input: string;
}

export interface FuzzResult {
  readonly name: string;
  readonly cases: number;
  readonly accepted: number;
  readonly slowestMs: number;
  /** Bytes of the heap that the second half of the run left behind. */
  readonly grownBytes: number;
  readonly finds: readonly Find[];
}

/** Longer than this, and not because the machine was busy, is a find. */
export const MAX_CASE_MS = 50;
const MAX_FINDS = 10;
const RETRIES = 5;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapUsed(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** The processor's time, not the wall's: other programs are not to blame. */
function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

export function fuzz<Input>(target: Target<Input>, cases: number, firstSeed = 1): FuzzResult {
  const finds: Find[] = [];
  let accepted = 0;
  let slowestMs = 0;
  let halfway = 0;
  for (let i = 0; i < cases && finds.length < MAX_FINDS; i++) {
    if (i === cases >> 1) halfway = heapUsed();
    const seed = (firstSeed + i) >>> 0;
    const input = target.make(new Random(seed));
    const found = (why: string): number => finds.push({ seed, why, input: target.show(input) });
    const attempt = (): void => {
      try {
        target.run(input);
        accepted += 1;
      } catch (error) {
        if (error instanceof WeftError) return;
        found(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
    };
    const start = performance.now();
    attempt();
    let ms = performance.now() - start;
    // A pause may have been the machine's or the collector's: a case is slow if it always is.
    for (let retry = 0; ms > MAX_CASE_MS / 5 && retry < RETRIES; retry++) {
      ms = Math.min(
        ms,
        processorMs(() => tryQuietly(() => target.run(input))),
      );
    }
    slowestMs = Math.max(slowestMs, ms);
    if (ms > MAX_CASE_MS) found(`took ${ms.toFixed(1)} ms`);
  }
  return { name: target.name, cases, accepted, slowestMs, grownBytes: heapUsed() - halfway, finds };
}

function tryQuietly(work: () => void): void {
  try {
    work();
  } catch {
    // Looked at already.
  }
}
