// What the controller takes for each host and endpoint, and whether it grows while endpoints come and go.
import { setTimeout as sleep } from "node:timers/promises";
import { rest, targetOf } from "./fleet/controller.ts";
import { FleetProcess } from "./fleet/fleet-process.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import { fitPlane, type Plane, slopeOf } from "./harness/linear-fit.ts";
import { figure } from "./harness/table.ts";
import { WeftProcess } from "./harness/weft-process.ts";
import { sizesOf } from "./sizes.ts";

const SIZES = {
  hosts: [10, 100, 300, 1000],
  /** Endpoints, each after the one before on the same fleet; those that would be too many VLANs' worth are left out. */
  endpoints: [1000, 10_000, 100_000],
  tenant: [10],
  /** Minutes that endpoints come and go: 60 for the long form. */
  churn: [5],
  churnHosts: [30],
};
const QUICK = { hosts: [5, 10], endpoints: [50, 100], tenant: [5], churn: [0], churnHosts: [5] };
const JOIN_MS = 900_000;
const SAMPLES = 8;
const SAMPLE_MS = 500;
/** Endpoints that come and go at a time. */
const CHURNED = 50;
const MIB = 2 ** 20;

interface Point {
  readonly hosts: number;
  readonly endpoints: number;
  readonly memoryMb: number;
}

interface ChurnSample {
  readonly minutes: number;
  readonly memoryMb: number;
  readonly changes: number;
}

const config = { timeouts: { startHoldSec: 0 }, bfd: { enabled: false } };

/** The least of some seconds: a collection has been by then. */
async function settledMb(weft: WeftProcess): Promise<number> {
  await rest(weft);
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < SAMPLES; at++) {
    least = Math.min(least, weft.usage().rssBytes / MIB);
    // A question makes a little garbage: what waits for a collection gets one.
    await weft.status();
    await sleep(SAMPLE_MS);
  }
  return least;
}

async function withFleet<T>(
  hosts: number,
  label: string,
  profiles: BenchOptions["profiles"],
  work: (weft: WeftProcess, fleet: FleetProcess) => Promise<T>,
): Promise<T> {
  const weft = await WeftProcess.start({ config, profiles, label });
  const fleet = new FleetProcess();
  try {
    await fleet.addHosts(hosts);
    await fleet.join(targetOf(weft), JOIN_MS);
    return await work(weft, fleet);
  } finally {
    await fleet.stop();
    await weft.stop();
  }
}

async function measurePoints(
  hosts: number,
  sizes: readonly number[],
  tenantHosts: number,
  { profiles, progress }: BenchOptions,
): Promise<readonly Point[]> {
  return withFleet(hosts, `memory-${hosts}`, profiles, async (weft, fleet) => {
    const points: Point[] = [];
    let there = 0;
    const spread = tenantHosts >= hosts ? {} : { tenantHosts };
    for (const endpoints of [0, ...sizes]) {
      if (endpoints > there) await fleet.addEndpoints({ from: there, count: endpoints - there, ...spread });
      there = endpoints;
      const point = { hosts, endpoints, memoryMb: await settledMb(weft) };
      points.push(point);
      progress(`${hosts} hosts, ${endpoints} endpoints: ${figure(point.memoryMb)} MB`);
    }
    return points;
  });
}

async function measureChurn(
  hosts: number,
  minutes: number,
  { progress }: BenchOptions,
): Promise<readonly ChurnSample[]> {
  return withFleet(hosts, "churn", null, async (weft, fleet) => {
    const base = 10 * hosts;
    await fleet.addEndpoints({ from: 0, count: base });
    const samples: ChurnSample[] = [];
    const start = Date.now();
    let [next, changes, told] = [base, 0, -1];
    for (;;) {
      const passed = (Date.now() - start) / 60_000;
      if (Math.floor(passed) > told) {
        told = Math.floor(passed);
        samples.push({ minutes: passed, memoryMb: await settledMb(weft), changes });
        progress(`${told} minutes, ${changes} changes: ${figure(samples.at(-1)?.memoryMb)} MB`);
        if (passed >= minutes) return samples;
      }
      await fleet.addEndpoints({ from: next, count: CHURNED });
      for (let at = 0; at < CHURNED; at++) await fleet.move(next + at);
      for (let at = 0; at < CHURNED; at++) await fleet.remove(next + at);
      // MACs come again after a while, as those of a pool of guests do.
      next = base + ((next - base + CHURNED) % (100 * CHURNED));
      changes += 3 * CHURNED;
    }
  });
}

function planeText({ constant, perX, perY }: Plane): string {
  return `${figure(constant)} MB, ${figure(perX * 1024)} KB for each host, ${figure(perY * 1024)} KB for each endpoint`;
}

async function run(options: BenchOptions): Promise<BenchReport> {
  const sizes = sizesOf(options.args, options.quick ? QUICK : SIZES);
  const tenantHosts = sizes.tenant[0] ?? 10;
  const points: Point[] = [];
  for (const hosts of sizes.hosts) points.push(...(await measurePoints(hosts, sizes.endpoints, tenantHosts, options)));
  const plane = fitPlane(points.map(({ hosts, endpoints, memoryMb }) => ({ x: hosts, y: endpoints, value: memoryMb })));
  const [minutes = 0, churnHosts = 30] = [sizes.churn[0], sizes.churnHosts[0]];
  const churn = minutes > 0 ? await measureChurn(churnHosts, minutes, options) : [];
  // What is warming up is no growth.
  const settled = churn.slice(Math.floor(churn.length / 3));
  const slope = slopeOf(settled.map((one) => ({ x: one.minutes, value: one.memoryMb })));
  const churnTable = {
    title: `${churnHosts} hosts, endpoints that come, move and go`,
    header: ["minutes", "changes", "MB"],
    rows: churn.map((one) => [figure(one.minutes), `${one.changes}`, figure(one.memoryMb)]),
  };
  return {
    tables: [
      {
        title: `Resident memory of the controller at rest; networks of ${tenantHosts} hosts`,
        header: ["hosts", "endpoints", "MB"],
        rows: points.map((one) => [`${one.hosts}`, `${one.endpoints}`, figure(one.memoryMb)]),
      },
      ...(churn.length > 0 ? [churnTable] : []),
    ],
    scalings: [],
    notes: [
      ...(plane === undefined ? [] : [`Fitted: ${planeText(plane)}.`]),
      ...(slope === undefined
        ? []
        : [`While endpoints come and go: ${figure(slope * 60)} MB an hour, after the first third.`]),
    ],
    data: {
      tenantHosts,
      points,
      plane: plane ?? null,
      churn,
      mbPerHourOfChurn: slope === undefined ? null : slope * 60,
    },
  };
}

export const memory: Benchmark = {
  name: "memory",
  about:
    "resident memory by hosts and endpoints, and over minutes (or an hour: --churn 60) of endpoints that come and go",
  run,
};
