// How many packet-ins are answered in a second, and how soon: Weft beside raw Node, ovs-testcontroller and os-ken.
//
// What an answer is. The others are learning switches: each packet-in brings a flow-mod and a packet-out, by which the
// frame goes on. In Weft the frame has gone on by itself, by the switch's tables, and the packet-in is a copy. Of a MAC that
// is new the answer is the flow of LEARN that names it, in force: confirmed bundles count, not what was merely sent. Of a MAC
// that is known there is nothing to answer (the copy was on its way when the flow came): there the packet-ins that
// were taken in count, shown by the answer to an echo request behind each batch of them on the same connection.
// A new MAC is more work for Weft than for the others: three flows, in a bundle with a barrier, of a fabric drawn anew.
import type { Benchmark, BenchOptions, BenchReport, Scaling } from "./harness/benchmark.ts";
import { median } from "./harness/statistics.ts";
import { figure, type Table } from "./harness/table.ts";
import { type Arena, withReference, withWeft } from "./openflow/contenders.ts";
import type { Results } from "./openflow/generator.ts";
import type { Macs } from "./openflow/load.ts";
import { osKen, type ReferenceKind, rawNode, testcontroller } from "./openflow/references.ts";

type Closed = Results["closed"];
type Open = Results["open"];

interface Measured {
  readonly name: string;
  readonly switches: number;
  readonly macs: Macs;
  readonly full: readonly Closed[];
  /** Null but with one switch. */
  readonly one: readonly Closed[] | null;
  readonly open: readonly { readonly perSec: number; readonly results: readonly Open[] }[];
}

interface Plan {
  readonly sizes: readonly number[];
  /** With how many switches the open loop is measured, and how fast it goes. */
  readonly openAt: readonly number[];
  readonly rates: readonly number[];
  readonly warmUpSec: number;
  readonly seconds: number;
  readonly runs: number;
  /** New MACs of all switches together, in one run with Weft. */
  readonly maxMacs: number;
}

const IN_FLIGHT = 64;
const UNLIMITED = 4_000_000;

function planOf({ quick, runs, args }: BenchOptions): Plan {
  const given = args.find((word) => word.startsWith("--sizes="))?.slice("--sizes=".length);
  const sizes = given?.split(",").map(Number);
  if (quick) {
    return { sizes: sizes ?? [1, 4], openAt: [4], rates: [1_000], warmUpSec: 0.2, seconds: 0.5, runs, maxMacs: 2_000 };
  }
  return {
    sizes: sizes ?? [1, 16, 64, 256],
    openAt: [16],
    rates: [10_000, 50_000],
    warmUpSec: 0.5,
    seconds: 2,
    runs,
    maxMacs: 50_000,
  };
}

async function measure(arena: Arena, switches: number, plan: Plan): Promise<readonly Measured[]> {
  const { generator, weft } = arena;
  const all: Measured[] = [];
  for (const macs of ["known", "new"] as const) {
    const answer = weft !== undefined && macs === "known" ? "echo" : "flow";
    const maxPerSwitch = weft === undefined ? UNLIMITED : Math.ceil(plan.maxMacs / switches);
    const fresh = async (): Promise<void> => {
      if (macs === "new") await arena.forget();
    };
    const closed = async (inFlight: number): Promise<readonly Closed[]> => {
      const results: Closed[] = [];
      for (let run = 0; run < plan.runs; run++) {
        await fresh();
        const { warmUpSec, seconds } = plan;
        results.push(await generator.ask({ kind: "closed", inFlight, macs, answer, warmUpSec, seconds, maxPerSwitch }));
      }
      return results;
    };
    const full = await closed(IN_FLIGHT);
    const one = switches === 1 ? await closed(1) : null;
    const open: { perSec: number; results: Open[] }[] = [];
    for (const perSec of plan.openAt.includes(switches) ? plan.rates : []) {
      const results: Open[] = [];
      for (let run = 0; run < plan.runs; run++) {
        await fresh();
        results.push(await generator.ask({ kind: "open", perSec, macs, answer, seconds: plan.seconds }));
      }
      open.push({ perSec, results });
    }
    all.push({ name: arena.name, switches, macs, full, one, open });
  }
  return all;
}

function rateTable(title: string, names: readonly string[], sizes: readonly number[], measured: readonly Measured[]) {
  const rows = names.map((name) => [
    name,
    ...sizes.map((switches) => {
      const found = measured.find((one) => one.name === name && one.switches === switches);
      return figure(found === undefined ? null : median(found.full.map((run) => run.perSec)));
    }),
  ]);
  return { title, header: ["", ...sizes.map((size) => `${size} switches`)], rows };
}

function latencyTable(measured: readonly Measured[]): Table {
  const cells = (runs: readonly Closed[]): readonly string[] =>
    (["p50Ms", "p99Ms", "maxMs"] as const).map((key) => figure(median(runs.map(({ latency }) => latency[key]))));
  const rows = measured.flatMap(({ name, macs, one }) =>
    one === null ? [] : [[`${name}, ${macs} MACs`, ...cells(one), figure(median(one.map((run) => run.perSec)))]],
  );
  return { title: "one in flight, one switch: milliseconds", header: ["", "p50", "p99", "longest", "a second"], rows };
}

function openTable(measured: readonly Measured[]): Table {
  const rows = measured.flatMap(({ name, macs, switches, open }) =>
    open.map(({ perSec, results }) => [
      `${name}, ${macs} MACs, ${switches} switches`,
      figure(perSec),
      ...(["p50Ms", "p99Ms", "maxMs"] as const).map((key) =>
        figure(median(results.map(({ latency }) => latency[key]))),
      ),
      figure(median(results.map(({ lost }) => lost))),
    ]),
  );
  const header = ["", "a second", "p50", "p99", "longest", "lost"];
  return { title: "open loop: milliseconds from when each was due", header, rows };
}

function scalingOf(macs: Macs, measured: readonly Measured[]): Scaling {
  const points = measured
    .filter((one) => one.name === "Weft" && one.macs === macs)
    .map(({ switches, full }) => ({ size: switches, cost: 1e6 / median(full.map(({ perSec }) => perSec)) }));
  return { title: `Weft, ${macs} MACs: microseconds for each packet-in`, size: "switches", cost: "us", points };
}

async function run(options: BenchOptions): Promise<BenchReport> {
  const plan = planOf(options);
  const { progress, profiles } = options;
  const kinds: readonly ReferenceKind[] = profiles === null ? [rawNode("learn"), testcontroller, osKen] : [];
  const notes: string[] = [];
  const present = kinds.filter(({ name, missing }) => {
    const remedy = missing();
    if (remedy !== null) notes.push(`LEFT OUT: ${name} is not installed (${remedy})`);
    return remedy === null;
  });
  const measured: Measured[] = [];
  for (const switches of plan.sizes) {
    for (const kind of present) {
      progress(`${kind.name}, ${switches} switches`);
      // One that fails here must not keep the others from being measured.
      const results = await withReference(kind, switches, (arena) => measure(arena, switches, plan)).catch(
        (error: unknown) => {
          notes.push(`LEFT OUT: ${kind.name} with ${switches} switches: ${String(error)}`);
          return [];
        },
      );
      measured.push(...results);
    }
    progress(`Weft, ${switches} switches`);
    const weft = { switches, isShared: false, profiles };
    measured.push(...(await withWeft(weft, (arena) => measure(arena, switches, plan))));
  }
  const names = [...present.map(({ name }) => name), "Weft"];
  const of = (macs: Macs): readonly Measured[] => measured.filter((one) => one.macs === macs);
  const title = (what: string): string => `${what}, ${IN_FLIGHT} in flight for each switch: answered in a second`;
  return {
    tables: [
      rateTable(title("new MACs"), names, plan.sizes, of("new")),
      rateTable(title("known MACs"), names, plan.sizes, of("known")),
      latencyTable(measured),
      openTable(measured),
    ],
    scalings: [scalingOf("new", measured), scalingOf("known", measured)],
    notes,
    data: { plan, measured },
  };
}

export const punts: Benchmark = {
  name: "punts",
  about: "packet-ins answered a second and how soon, beside raw Node, ovs-testcontroller and os-ken",
  run,
};
