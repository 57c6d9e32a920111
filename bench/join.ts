// N hosts that join at once, until they are a full mesh: on simulated and on real hosts.
import type { Benchmark, BenchOptions, BenchReport, Scaling } from "./harness/benchmark.ts";
import { median } from "./harness/statistics.ts";
import { figure, type Table } from "./harness/table.ts";
import type { Joined } from "./join/joined.ts";
import { joinReal } from "./join/real.ts";
import { joinSimulated } from "./join/simulated.ts";
import { present } from "./real/contenders.ts";
import { sizesOf } from "./sizes.ts";

const SIZES = { simulated: [30, 60, 100, 300, 1000], pairs: [300, 1000], shared: [100], real: [10, 30, 60] };
const QUICK = { simulated: [10, 30], pairs: [], shared: [10], real: [4] };

const PAIRS = "simulated, a tunnel for each pair";
/** A mesh with so many tunnels takes minutes: it is made once. */
const ONCE_ABOVE = 200_000;

interface Measured {
  readonly what: string;
  readonly hosts: number;
  readonly runs: readonly Joined[];
}

const of = ({ runs }: Measured, pick: (joined: Joined) => number): number => median(runs.map(pick));

function tableOf(results: readonly Measured[]): Table {
  const rows = results.map((one) => [
    one.what,
    `${one.hosts}`,
    `${one.runs.length}`,
    `${one.runs[0]?.tunnels ?? "-"}`,
    figure(of(one, ({ writtenMs }) => writtenMs / 1000)),
    figure(of(one, ({ liveMs }) => liveMs / 1000)),
    figure(of(one, ({ cpuSec }) => cpuSec)),
    figure(of(one, ({ fleetCpuSec = Number.NaN }) => fleetCpuSec)),
    figure(of(one, ({ memoryMb }) => memoryMb)),
    figure(of(one, ({ transactions = Number.NaN }) => transactions)),
    figure(of(one, ({ flowMods = Number.NaN }) => flowMods)),
    figure(of(one, ({ groupMods = Number.NaN }) => groupMods)),
  ]);
  const header = [
    "",
    "hosts",
    "runs",
    "tunnels",
    "written, s",
    "live, s",
    "CPU, s",
    "the fleet's",
    "MB",
    "transactions",
    "flow-mods",
    "group-mods",
  ];
  return { title: "From the first set-manager to the full mesh; CPU and memory are the controller's", header, rows };
}

function scalingsOf(results: readonly Measured[]): Scaling[] {
  return [...new Set(results.map(({ what }) => what))].flatMap((what) => {
    const points = (pick: (joined: Joined) => number) =>
      results.filter((one) => one.what === what).map((one) => ({ size: one.hosts, cost: of(one, pick) }));
    return [
      { title: `${what}, written`, size: "hosts", cost: "s", points: points(({ writtenMs }) => writtenMs / 1000) },
      { title: `${what}, CPU of the controller`, size: "hosts", cost: "s", points: points(({ cpuSec }) => cpuSec) },
    ];
  });
}

async function run({ quick, runs, profiles, args, progress }: BenchOptions): Promise<BenchReport> {
  const sizes = sizesOf(args, quick ? QUICK : SIZES);
  const results: Measured[] = [];
  const notes: string[] = [];
  const measure = async (what: string, hosts: number, once: (run: number) => Promise<Joined>): Promise<void> => {
    const joins: Joined[] = [];
    const times = what === PAIRS && hosts ** 2 > ONCE_ABOVE ? 1 : runs;
    for (let run = 0; run < times; run++) {
      joins.push(await once(run));
      const last = joins.at(-1);
      progress(`${what}, ${hosts} hosts: ${figure((last?.writtenMs ?? 0) / 1000)} s, CPU ${figure(last?.cpuSec)} s`);
    }
    results.push({ what, hosts, runs: joins });
  };
  const largest = (list: readonly number[]): number => Math.max(0, ...list);
  for (const [what, list, flowBased] of [
    ["simulated", sizes.simulated, "auto"],
    ["simulated, flow-based", sizes.shared, "always"],
    [PAIRS, sizes.pairs, "never"],
  ] as const) {
    for (const hosts of list)
      await measure(what, hosts, (run) =>
        joinSimulated(
          hosts,
          flowBased,
          run === 0 && hosts === largest(list) ? profiles : null,
          `${flowBased}-${hosts}`,
        ),
      );
  }
  const contenders = present(["weft", "stand-in", "ovn"], (note) => {
    progress(note);
    notes.push(note);
  });
  for (const hosts of sizes.real) {
    for (const name of contenders) await measure(`real, ${name}`, hosts, () => joinReal(hosts, name));
  }
  return { tables: [tableOf(results)], scalings: scalingsOf(results), notes, data: { results } };
}

export const join: Benchmark = {
  name: "join",
  about: "N hosts at once to a full mesh: simulated ones, and real ones beside OVN and a stand-in",
  run,
};
