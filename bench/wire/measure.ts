// Rates for each second of processor time, several runs of each in turns: what else the machine does counts for little.
import { median } from "../harness/statistics.ts";

export interface Contender {
  readonly name: string;
  /** Does its work once and gives how many messages that was. */
  run(): number;
}

export interface Rate {
  readonly name: string;
  /** For a second of processor time, garbage collection on other threads included: the median of the runs. */
  readonly perSecond: number;
  /** The same by the clock on the wall. */
  readonly perWallSecond: number;
  readonly slowest: number;
  readonly fastest: number;
}

const WARM_UP_MS = 400;
const RUN_MS = 600;

interface Run {
  readonly perSecond: number;
  readonly perWallSecond: number;
}

function runFor(contender: Contender, ms: number): Run {
  const start = performance.now();
  const usage = process.cpuUsage();
  let messages = 0;
  let now = start;
  while (now - start < ms) {
    messages += contender.run();
    now = performance.now();
  }
  const { user, system } = process.cpuUsage(usage);
  return { perSecond: (messages * 1e6) / (user + system), perWallSecond: (messages * 1000) / (now - start) };
}

export function compare(contenders: readonly Contender[], runs: number): Rate[] {
  const results = new Map<string, Run[]>();
  for (const contender of contenders) runFor(contender, WARM_UP_MS);
  for (let run = 0; run < runs; run++) {
    for (const contender of contenders) {
      const list = results.get(contender.name) ?? [];
      list.push(runFor(contender, RUN_MS));
      results.set(contender.name, list);
    }
  }
  return contenders.map(({ name }) => rateOf(name, results.get(name) ?? []));
}

export function rateOf(name: string, runs: readonly Run[]): Rate {
  const rates = runs.map((run) => run.perSecond);
  return {
    name,
    perSecond: median(rates),
    perWallSecond: median(runs.map((run) => run.perWallSecond)),
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
  };
}

export interface Cost {
  /** Garbage collection on other threads included. */
  readonly processorMs: number;
  readonly wallMs: number;
}

/** Of one piece of work, done once. */
export function costOf(work: () => void): Cost {
  const start = performance.now();
  const usage = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(usage);
  return { processorMs: (user + system) / 1000, wallMs: performance.now() - start };
}
