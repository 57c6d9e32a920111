// Every benchmark there is, in the order in which they run.
import type { Benchmark } from "./harness/benchmark.ts";
import { heal } from "./heal.ts";
import { wire } from "./wire.ts";

const ALL: readonly Benchmark[] = [wire, heal];

export const BENCHMARKS: Readonly<Record<string, Benchmark>> = Object.fromEntries(ALL.map((one) => [one.name, one]));
