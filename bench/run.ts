// Runs benchmarks by name, shows what they measured and keeps it: `npm run bench [-- NAME... ] [--profile] [--quick]`.
import { join } from "node:path";
import { BENCHMARKS } from "./benchmarks.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import { commandLine } from "./harness/command-line.ts";
import { describePowerLaw, fitPowerLaw } from "./harness/fit.ts";
import { Profiles } from "./harness/profiles.ts";
import { RESULTS, writeResults } from "./harness/results.ts";
import { renderTable } from "./harness/table.ts";

const RUNS = 5;

const usage = `npm run bench -- [NAME...] [--quick] [--runs ${RUNS}] [--profile] [-- what the benchmark itself takes]
  Without a name all of them, one after the other. Results are kept in bench/results.
  --quick    small sizes, once each: shows that it works; its results are kept apart, in bench/results/quick
  --runs     how often each measurement is made; the median counts
  --profile  a flame graph of Weft's process for each, in bench/results/profiles, and its three hottest functions

${Object.values(BENCHMARKS)
  .map(({ name, about }) => `  ${name.padEnd(11)}${about}`)
  .join("\n")}`;

function show({ tables, scalings, notes }: BenchReport): void {
  for (const table of tables) console.log(`\n${renderTable(table)}`);
  if (scalings.length > 0) console.log("\nhow cost grows");
  for (const { title, size, cost, points } of scalings) {
    console.log(`  ${title}, by ${size}: ${describePowerLaw(fitPowerLaw(points), cost)}`);
  }
  for (const note of notes) console.log(`\n${note}`);
}

function showProfiles(profiles: Profiles): Readonly<Record<string, unknown>> {
  const drawn = profiles.draw();
  for (const { svg, hottest } of drawn) {
    console.log(`\nhottest by their own time, of ${svg}`);
    for (const { name, ms, share } of hottest) {
      console.log(`  ${`${(share * 100).toFixed(1)} %`.padStart(7)} ${`${ms.toFixed(0)} ms`.padStart(10)}  ${name}`);
    }
  }
  return { profiles: drawn.map(({ hottest }) => hottest) };
}

async function runOne(benchmark: Benchmark, given: Omit<BenchOptions, "profiles">, profile: boolean): Promise<void> {
  const profiles = profile ? new Profiles(join(RESULTS, "profiles"), benchmark.name) : null;
  console.log(`\n== ${benchmark.name}: ${benchmark.about}`);
  const report = await benchmark.run({ ...given, profiles });
  show(report);
  const growth = report.scalings.map((scaling) => ({ ...scaling, law: fitPowerLaw(scaling.points) ?? null }));
  const shown = profiles === null ? {} : showProfiles(profiles);
  // Whoever profiles does not measure.
  const aside = given.quick || profile;
  const { tables, notes, data } = report;
  const file = writeResults(report.file ?? benchmark.name, aside, {
    runs: given.runs,
    ...data,
    tables,
    notes,
    growth,
    ...shown,
  });
  console.log(`\nwritten to ${file}`);
}

async function main(): Promise<number> {
  const asked = commandLine(process.argv.slice(2), Object.keys(BENCHMARKS));
  if (asked.kind === "help") {
    console.log(asked.problem === null ? usage : `${asked.problem}\n\n${usage}`);
    return asked.problem === null ? 0 : 2;
  }
  const { names, quick, profile, args } = asked;
  const runs = asked.runs ?? (quick ? 1 : RUNS);
  const progress = (text: string): void => void process.stderr.write(`  ${text}\n`);
  let failed = 0;
  for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
    const benchmark = BENCHMARKS[name];
    if (benchmark === undefined) continue;
    // One that can't run here must not keep the others from running.
    await runOne(benchmark, { quick, runs, args, progress }, profile).catch((error: unknown) => {
      failed += 1;
      console.error(`\n${name} failed:`, error);
    });
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
