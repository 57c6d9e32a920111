// How fast a fabric's flows get to switches that have none: all lose theirs at once, as when ovs-vswitchd is started again.
//
// From the first new connection until the last flow is in force on the last switch: handshakes, and the reading of what is
// there, are in it. Raw Node sends as many flow-mods to each switch that says who it is.
import type { Benchmark, BenchOptions, BenchReport, Scaling } from "./harness/benchmark.ts";
import { median } from "./harness/statistics.ts";
import { figure } from "./harness/table.ts";
import { type Arena, withReference, withWeft } from "./openflow/contenders.ts";
import type { Results } from "./openflow/generator.ts";
import { rawNode } from "./openflow/references.ts";
import { sizesOf } from "./sizes.ts";

type Installed = Results["reinstall"];

interface Measured {
  readonly name: string;
  readonly switches: number;
  readonly flows: number;
  readonly runs: readonly Installed[];
}

const TIMEOUT_MS = 300_000;

/** Endpoints that weft.yaml declares, all on the first host: one flow for each on every other. */
function declared(count: number): Readonly<Record<string, unknown>> {
  const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
  const macs = Array.from(
    { length: count },
    (_, n) => `02:57:00:${hex(n >>> 16)}:${hex((n >>> 8) & 255)}:${hex(n & 255)}`,
  );
  return { endpoints: { static: macs.map((mac) => ({ mac, host: "played-1", port: "g2" })) } };
}

async function measure({ name, generator }: Arena, switches: number, flows: number, runs: number): Promise<Measured> {
  const results: Installed[] = [];
  // The first warms up.
  for (let n = 0; n <= runs; n++)
    results.push(await generator.ask({ kind: "reinstall", flows, timeoutMs: TIMEOUT_MS }));
  return { name, switches, flows, runs: results.slice(1) };
}

function perSec({ flowMods, ms }: Installed): number {
  return (flowMods * 1000) / ms;
}

const QUICK = { switches: [4], flows: [200] };
const SIZES = { switches: [16, 64], flows: [1_000, 5_000] };

async function run({ quick, runs, args, profiles, progress }: BenchOptions): Promise<BenchReport> {
  const asked = sizesOf(args, quick ? QUICK : SIZES);
  const sizes = asked.switches.flatMap((switches) => asked.flows.map((flows) => ({ switches, flows })));
  const measured: Measured[] = [];
  for (const { switches, flows } of sizes) {
    if (profiles === null) {
      progress(`raw Node, ${flows} flows to each of ${switches} switches`);
      const ceiling = rawNode("install", flows);
      measured.push(await withReference(ceiling, switches, (arena) => measure(arena, switches, flows, runs)));
    }
    progress(`Weft, ${flows} flows to each of ${switches} switches`);
    const weft = { switches, isShared: true, config: declared(flows), profiles };
    measured.push(await withWeft(weft, (arena) => measure(arena, switches, flows, runs)));
  }
  const rows = measured.map(({ name, switches, flows, runs: all }) => [
    `${name}, ${figure(flows)} to each of ${switches}`,
    figure(median(all.map(({ ms }) => ms))),
    figure(median(all.map(({ flowMods }) => flowMods))),
    figure(median(all.map(perSec))),
  ]);
  const scaling = (name: string): Scaling => ({
    title: name,
    size: "flow-mods",
    cost: "ms",
    points: measured
      .filter((one) => one.name === name)
      .map(({ runs: all }) => ({
        size: median(all.map((one) => one.flowMods)),
        cost: median(all.map(({ ms }) => ms)),
      })),
  });
  return {
    tables: [
      { title: "flows to switches that have lost theirs", header: ["", "ms", "flow-mods", "flow-mods/s"], rows },
    ],
    scalings: [scaling("Weft"), ...(profiles === null ? [scaling("raw Node")] : [])],
    notes: [],
    data: { measured },
  };
}

export const install: Benchmark = {
  name: "install",
  about: "5,000 flows to each of 64 switches that have lost theirs, beside raw Node",
  run,
};
