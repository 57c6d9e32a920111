// A port is bound: until the last host has the flow to it, on real and simulated hosts, with few and many there already.
import { type AttachedReal, attachReal, type Step } from "./attach/real.ts";
import { type AttachedSimulated, attachSimulated, TENANT_HOSTS } from "./attach/simulated.ts";
import type { Benchmark, BenchOptions, BenchReport, Scaling } from "./harness/benchmark.ts";
import { figure, type Table } from "./harness/table.ts";
import { present } from "./real/contenders.ts";
import { sizesOf } from "./sizes.ts";

const SIZES = {
  real: [3, 10, 30],
  /** Ports there are at the ends of the steps on real hosts. */
  ports: [100, 980],
  simulated: [100, 1000],
  endpoints: [400, 2000, 10_000, 100_000],
  /** How many come one by one in a step; sizes that are smaller than this with one on each host are left out. */
  each: [880],
  eachSimulated: [200],
};
const QUICK = { real: [3], ports: [12, 24], simulated: [20], endpoints: [60, 200], each: [8], eachSimulated: [20] };

function realTable(results: readonly AttachedReal[]): Table {
  const rowOf = (name: string, hosts: number, step: Step): string[] => [
    name,
    `${hosts}`,
    `${step.endpoints}`,
    figure(step.afterReturnMs.median),
    figure(step.afterReturnMs.p99),
    figure(step.afterCallMs.median),
    figure(step.vsctlMs),
    `${step.added}`,
    figure(step.cpuSec.control),
    figure(step.cpuSec.control + step.cpuSec.hosts),
    figure(step.memoryMb.control),
    figure(step.flowsPerHost),
  ];
  return {
    title: "ovs-vsctl returns, until the last real host has the flow; CPU seconds for so many ports more",
    header: [
      "",
      "hosts",
      "ports",
      "ms",
      "p99",
      "from its call",
      "ovs-vsctl",
      "added",
      "CPU control",
      "CPU all",
      "MB control",
      "flows a host",
    ],
    rows: results.flatMap(({ name, hosts, steps }) => steps.map((step) => rowOf(name, hosts, step))),
  };
}

function simulatedTable(results: readonly AttachedSimulated[]): Table {
  return {
    title: `The row is written, until the last simulated host has the flow; networks of all hosts, and of ${TENANT_HOSTS}`,
    header: ["hosts", "endpoints", "ms", "p99", "CPU ms each", "flow-mods each", "transactions", "MB"],
    rows: results.map((one) => [
      `${one.hosts}`,
      `${one.endpoints}`,
      figure(one.ms.median),
      figure(one.ms.p99),
      figure(one.cpuMs),
      figure(one.flowMods),
      `${one.transactions}`,
      figure(one.memoryMb),
    ]),
  };
}

function scalingsOf(real: readonly AttachedReal[], simulated: readonly AttachedSimulated[]): Scaling[] {
  const names = [...new Set(real.map(({ name }) => name))];
  const last = (steps: readonly Step[]): number => steps.at(-1)?.afterReturnMs.median ?? Number.NaN;
  return [
    ...names.map((name) => ({
      title: `${name}, real hosts`,
      size: "hosts",
      cost: "ms",
      points: real.filter((one) => one.name === name).map(({ hosts, steps }) => ({ size: hosts, cost: last(steps) })),
    })),
    ...[...new Set(simulated.map(({ hosts }) => hosts))].flatMap((hosts) => {
      const own = simulated.filter((one) => one.hosts === hosts);
      const title = `weft, ${hosts} simulated hosts`;
      return [
        {
          title,
          size: "endpoints",
          cost: "ms",
          points: own.map(({ endpoints, ms }) => ({ size: endpoints, cost: ms.median })),
        },
        {
          title: `${title}, CPU`,
          size: "endpoints",
          cost: "ms",
          points: own.map(({ endpoints, cpuMs }) => ({ size: endpoints, cost: cpuMs })),
        },
      ];
    }),
  ];
}

async function run({ quick, profiles, args, progress }: BenchOptions): Promise<BenchReport> {
  const sizes = sizesOf(args, quick ? QUICK : SIZES);
  const notes: string[] = [];
  const simulated: AttachedSimulated[] = [];
  for (const hosts of sizes.simulated)
    simulated.push(...(await attachSimulated(hosts, sizes.endpoints, sizes.eachSimulated[0] ?? 1, profiles, progress)));
  const real: AttachedReal[] = [];
  const contenders = present(["weft", "stand-in", "ovn"], (note) => {
    progress(note);
    notes.push(note);
  });
  for (const hosts of sizes.real)
    for (const name of contenders) real.push(await attachReal(name, hosts, sizes.ports, sizes.each[0] ?? 1, progress));
  const tables = [
    ...(real.length > 0 ? [realTable(real)] : []),
    ...(simulated.length > 0 ? [simulatedTable(simulated)] : []),
  ];
  return { tables, scalings: scalingsOf(real, simulated), notes, data: { real, simulated } };
}

export const attach: Benchmark = {
  name: "attach",
  about: "a bound port until the last host has its flow, beside OVN and a stand-in that only writes flows",
  run,
};
