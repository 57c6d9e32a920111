// The controller is killed and started again beside a fleet that goes on: until everything is confirmed to be right.
import { setTimeout as sleep } from "node:timers/promises";
import { hostsOf, kill, rest, targetOf, writesOf } from "./fleet/controller.ts";
import { FleetProcess } from "./fleet/fleet-process.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import type { Profiles } from "./harness/profiles.ts";
import { median } from "./harness/statistics.ts";
import { figure } from "./harness/table.ts";
import { WeftProcess } from "./harness/weft-process.ts";
import { sizesOf } from "./sizes.ts";

/** Of each size of the first list one run with as many endpoints as stand at the same place in the second. */
const SIZES = { hosts: [30, 100, 300, 1000], endpoints: [600, 2000, 6000, 20_000], tenant: [10] };
const QUICK = { hosts: [10], endpoints: [100], tenant: [10] };
const JOIN_MS = 900_000;
const CONFIRM_SEC = 300;
const LOOK_MS = 250;

interface Restarted {
  /** From the start of the process until every host was confirmed. */
  readonly confirmedMs: number;
  /** Until it answered at all. */
  readonly servesMs: number;
  readonly cpuSec: number;
  readonly memoryMb: number;
  /** As the switches counted them. */
  readonly flowMods: number;
  readonly groupMods: number;
  readonly transactions: number;
}

interface Measured {
  readonly hosts: number;
  readonly endpoints: number;
  /** In all switches together. */
  readonly flows: number;
  readonly runs: readonly Restarted[];
}

/** Every host is up, and its switch has been read and holds what it should. */
async function confirmed(weft: WeftProcess, hosts: number): Promise<boolean> {
  // The whole list is asked for only when the numbers say that it may be so: it is long.
  const status = await weft.status();
  if (status.hosts.up !== hosts) return false;
  const views = await hostsOf(weft);
  return (
    views.length === hosts && views.every(({ state, flows }) => state === "up" && flows.installed === flows.desired)
  );
}

async function restartOnce(start: () => Promise<WeftProcess>, fleet: FleetProcess, hosts: number) {
  const before = await fleet.counts();
  const from = performance.now();
  const weft = await start();
  try {
    const servesMs = performance.now() - from;
    while (!(await confirmed(weft, hosts))) {
      if (performance.now() - from > CONFIRM_SEC * 1000) throw new Error(`not confirmed after ${CONFIRM_SEC} s`);
      await sleep(LOOK_MS);
    }
    const confirmedMs = performance.now() - from;
    const { cpuSec, rssBytes } = weft.usage();
    // What it would write it writes now, or when the audit comes.
    await rest(weft, { quietMs: 3000 });
    const after = await fleet.counts();
    const restarted: Restarted = {
      confirmedMs,
      servesMs,
      cpuSec,
      memoryMb: rssBytes / 2 ** 20,
      flowMods: after.flowMods - before.flowMods,
      groupMods: after.groupMods - before.groupMods,
      transactions: (await writesOf(weft)).transactions,
    };
    return { weft, restarted };
  } catch (error) {
    await weft.stop();
    throw error;
  }
}

async function measure(
  hosts: number,
  endpoints: number,
  tenantHosts: number,
  runs: number,
  profiles: Profiles | null,
  progress: (text: string) => void,
): Promise<Measured> {
  const nodeArgs = ["--max-old-space-size=8192"];
  let weft = await WeftProcess.start({ config: { timeouts: { startHoldSec: 0 } }, profiles: null, nodeArgs });
  const listen = { ovsdb: [`ptcp:${weft.ovsdbPort}:127.0.0.1`], openflow: [`ptcp:${weft.openflowPort}:127.0.0.1`] };
  const fleet = new FleetProcess();
  try {
    await fleet.addHosts(hosts);
    await fleet.join(targetOf(weft), JOIN_MS);
    const spread = tenantHosts >= hosts ? {} : { tenantHosts };
    await fleet.addEndpoints({ from: 0, count: endpoints, ...spread });
    await rest(weft);
    const { flows } = await fleet.counts();
    const restarts: Restarted[] = [];
    for (let run = 0; run < runs; run++) {
      await kill(weft);
      const label = `restart-${hosts}-${run}`;
      const done = await restartOnce(
        () => WeftProcess.start({ config: { listen }, profiles, label, nodeArgs }),
        fleet,
        hosts,
      );
      weft = done.weft;
      restarts.push(done.restarted);
      const { confirmedMs, flowMods, cpuSec } = done.restarted;
      progress(
        `${hosts} hosts, ${endpoints} endpoints: ${figure(confirmedMs / 1000)} s, CPU ${figure(cpuSec)} s, ${flowMods} flow-mods`,
      );
    }
    return { hosts, endpoints, flows, runs: restarts };
  } finally {
    await fleet.stop();
    await weft.stop();
  }
}

async function run({ quick, runs, profiles, args, progress }: BenchOptions): Promise<BenchReport> {
  const sizes = sizesOf(args, quick ? QUICK : SIZES);
  const tenantHosts = sizes.tenant[0] ?? 10;
  const results: Measured[] = [];
  for (const [at, hosts] of sizes.hosts.entries())
    results.push(await measure(hosts, sizes.endpoints[at] ?? 20 * hosts, tenantHosts, runs, profiles, progress));
  const of = ({ runs: all }: Measured, pick: (one: Restarted) => number): number => median(all.map(pick));
  const most = ({ runs: all }: Measured, pick: (one: Restarted) => number): string => `${Math.max(...all.map(pick))}`;
  const points = (pick: (one: Restarted) => number) => results.map((one) => ({ size: one.hosts, cost: of(one, pick) }));
  return {
    tables: [
      {
        title: `Killed and started: until every host is confirmed; networks of ${tenantHosts} hosts; writes are the most of any run`,
        header: [
          "hosts",
          "endpoints",
          "flows",
          "serves, s",
          "confirmed, s",
          "CPU, s",
          "MB",
          "flow-mods",
          "group-mods",
          "transactions",
        ],
        rows: results.map((one) => [
          `${one.hosts}`,
          `${one.endpoints}`,
          `${one.flows}`,
          figure(of(one, ({ servesMs }) => servesMs / 1000)),
          figure(of(one, ({ confirmedMs }) => confirmedMs / 1000)),
          figure(of(one, ({ cpuSec }) => cpuSec)),
          figure(of(one, ({ memoryMb }) => memoryMb)),
          most(one, ({ flowMods }) => flowMods),
          most(one, ({ groupMods }) => groupMods),
          most(one, ({ transactions }) => transactions),
        ]),
      },
    ],
    scalings: [
      {
        title: "confirmed, 20 endpoints a host",
        size: "hosts",
        cost: "s",
        points: points(({ confirmedMs }) => confirmedMs / 1000),
      },
      { title: "CPU of the controller", size: "hosts", cost: "s", points: points(({ cpuSec }) => cpuSec) },
    ],
    notes: [],
    data: { tenantHosts, results },
  };
}

export const restart: Benchmark = {
  name: "restart",
  about: "the controller killed and started beside up to 1,000 hosts with 20,000 endpoints",
  run,
};
