// Every benchmark there is, in the order in which they run.
import { attach } from "./attach.ts";
import { forwarding } from "./forwarding.ts";
import type { Benchmark } from "./harness/benchmark.ts";
import { heal } from "./heal.ts";
import { install } from "./install.ts";
import { join } from "./join.ts";
import { memory } from "./memory.ts";
import { punts } from "./punts.ts";
import { restart } from "./restart.ts";
import { spread } from "./spread.ts";
import { wire } from "./wire.ts";

const ALL: readonly Benchmark[] = [wire, punts, spread, install, join, attach, restart, memory, forwarding, heal];

export const BENCHMARKS: Readonly<Record<string, Benchmark>> = Object.fromEntries(ALL.map((one) => [one.name, one]));
