// How long a new MAC takes to every switch of a fabric: Weft beside raw Node, which writes one flow-mod to each socket.
//
// The packet-in is sent by one switch. It has arrived where a flow that names the MAC is in force: on its own switch in LEARN,
// on all others in FORWARD. Raw Node writes one flow to each; Weft three to the MAC's own switch and one to each other.
import type { Benchmark, BenchOptions, BenchReport, Scaling } from "./harness/benchmark.ts";
import { median } from "./harness/statistics.ts";
import { figure } from "./harness/table.ts";
import { type Arena, withReference, withWeft } from "./openflow/contenders.ts";
import type { Results } from "./openflow/generator.ts";
import { rawNode } from "./openflow/references.ts";
import { sizesOf } from "./sizes.ts";

type Spread = Results["spread"];

interface Measured {
  readonly name: string;
  readonly switches: number;
  readonly one: readonly Spread[];
  readonly many: readonly Spread[];
}

const MANY = 256;
const TIMEOUT_MS = 120_000;
/** One MAC is quickly done: it is measured so many times for each run. */
const ONES_PER_RUN = 10;
/** Longer than a rest of the fabric: each MAC comes to a controller that has nothing to do. */
const PAUSE_MS = 250;

async function measure({ name, generator }: Arena, switches: number, runs: number): Promise<Measured> {
  const spread = async (macs: number): Promise<Spread> => {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return generator.ask({ kind: "spread", macs, timeoutMs: TIMEOUT_MS });
  };
  const [one, many]: [Spread[], Spread[]] = [[], []];
  // The first warms up.
  await spread(1);
  for (let n = 0; n < runs * ONES_PER_RUN; n++) one.push(await spread(1));
  await spread(MANY);
  for (let n = 0; n < runs; n++) many.push(await spread(MANY));
  return { name, switches, one, many };
}

function scalingOf(name: string, measured: readonly Measured[]): Scaling {
  const points = measured
    .filter((one) => one.name === name)
    .map(({ switches, one }) => ({ size: switches, cost: median(one.map(({ ms }) => ms)) }));
  return { title: `${name}, one new MAC`, size: "switches", cost: "ms", points };
}

async function run({ quick, runs, args, profiles, progress }: BenchOptions): Promise<BenchReport> {
  const { switches: sizes } = sizesOf(args, { switches: quick ? [4, 8] : [16, 64, 256] });
  const measured: Measured[] = [];
  for (const switches of sizes) {
    if (profiles === null) {
      progress(`raw Node, ${switches} switches`);
      measured.push(await withReference(rawNode("spread"), switches, (arena) => measure(arena, switches, runs)));
    }
    progress(`Weft, ${switches} switches`);
    const weft = { switches, isShared: true, profiles };
    measured.push(await withWeft(weft, (arena) => measure(arena, switches, runs)));
  }
  const rows = measured.map(({ name, switches, one, many }) => [
    `${name}, ${switches} switches`,
    figure(median(one.map(({ ms }) => ms))),
    figure(Math.max(...one.map(({ ms }) => ms))),
    figure(median(many.map(({ ms }) => ms))),
    figure(median(many.map(({ ms, flowMods }) => (flowMods * 1000) / ms))),
  ]);
  const header = ["", "one, ms", "longest", `${MANY}, ms`, "flow-mods/s"];
  return {
    tables: [{ title: "a new MAC until the last switch holds its flow", header, rows }],
    scalings: [scalingOf("Weft", measured), ...(profiles === null ? [scalingOf("raw Node", measured)] : [])],
    notes: [],
    data: { measured },
  };
}

export const spread: Benchmark = {
  name: "spread",
  about: "one new MAC, and 256 at once, until the last switch holds the flow; beside raw Node",
  run,
};
