// What the tables cost a frame: Weft's pipeline beside NORMAL and OVN's, on the same Open vSwitch, on one host and over Geneve.
import { existsSync } from "node:fs";
import { type Guest, Lab } from "../src/lab/index.ts";
import { ipOf, macOf, portOf } from "./endpoints.ts";
import { megaflowsOfMix } from "./forwarding/megaflows.ts";
import { normalKind } from "./forwarding/normal.ts";
import { type Rate, type TrafficKind, traffic } from "./forwarding/traffic.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import { median } from "./harness/statistics.ts";
import { figure } from "./harness/table.ts";
import { cpuSec } from "./processes.ts";
import type { ContenderKind } from "./real/contender.ts";
import { BRIDGE } from "./real/contender.ts";
import { CONTENDERS } from "./real/contenders.ts";
import { TunnelWatch } from "./real/tunnel-watch.ts";
import { sizesOf } from "./sizes.ts";

const SIZES = { seconds: [10], flows: [400] };
const QUICK = { seconds: [2], flows: [40] };
const MESH_SEC = 60;
const KINDS: readonly TrafficKind[] = ["tcp", "udp", "small"];
const PATHS = ["one host", "two hosts"] as const;

const PIPELINES: Readonly<Record<string, ContenderKind>> = {
  NORMAL: normalKind,
  weft: CONTENDERS.weft,
  ovn: CONTENDERS.ovn,
};

interface Sample extends Rate {
  /** Of ovs-vswitchd of all hosts on the way, for a packet that arrived. */
  readonly cpuUsPerPacket: number | null;
}

interface Measured {
  readonly pipeline: string;
  readonly path: (typeof PATHS)[number];
  readonly kind: TrafficKind;
  readonly samples: Sample[];
}

interface Pipeline {
  readonly name: string;
  readonly lab: Lab;
  /** Two on the first host, one on the second. */
  readonly guests: readonly [Guest, Guest, Guest];
  stop(): Promise<void>;
}

function columnsOf(columns: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    columns.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
  );
}

async function setUp(name: string, kind: ContenderKind): Promise<Pipeline> {
  const lab = await Lab.create({ hosts: 2, tunnelType: "geneve" });
  const contender = await kind.start(lab);
  const stop = async (): Promise<void> => {
    await contender.stop();
    await lab.destroy();
  };
  try {
    await contender.declare([1, 2, 3]);
    const watch = await TunnelWatch.open(lab.hosts);
    await contender.join();
    await watch.all(1, { live: true }, MESH_SEC);
    watch.close();
    const add = (number: number, host: number): Promise<Guest> =>
      lab.host(host).addGuest({
        ...{ name: `g${number}`, ip: `${ipOf(number)}/8`, mac: macOf(number), port: portOf(number), bridge: BRIDGE },
        interfaceColumns: columnsOf(contender.columns(number)),
      });
    const guests = [await add(1, 1), await add(2, 1), await add(3, 2)] as const;
    await lab.waitUntilAllPing([...guests], MESH_SEC);
    return { name, lab, guests, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function sample({ lab, guests: [from, near, far] }: Pipeline, path: string, kind: TrafficKind, seconds: number) {
  const pids = lab.hosts.map(({ vswitchd }) => vswitchd.pid ?? 0).slice(0, path === "one host" ? 1 : 2);
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSec(pid), 0);
  const before = used();
  const rate = await traffic(from, path === "one host" ? near : far, kind, seconds);
  const cpuUsPerPacket = rate.packets === null ? null : ((used() - before) * 1e6) / rate.packets;
  return { ...rate, cpuUsPerPacket };
}

async function run({ quick, runs, args, progress }: BenchOptions): Promise<BenchReport> {
  const sizes = sizesOf(args, quick ? QUICK : SIZES);
  const [seconds = 10, flows = 400] = [sizes.seconds[0], sizes.flows[0]];
  if (!existsSync("/usr/bin/iperf3")) throw new Error("iperf3 is not there: apt-get install iperf3");
  await Lab.sweep();
  const results: Measured[] = [];
  const megaflows: { readonly pipeline: string; readonly perHost: readonly number[] }[] = [];
  const notes: string[] = [];
  for (const [name, kind] of Object.entries(PIPELINES)) {
    const lacks = kind.lacks();
    if (lacks !== null) {
      progress(`${name} IS LEFT OUT: ${lacks}`);
      notes.push(`${name} was left out: ${lacks}`);
      continue;
    }
    const pipeline = await setUp(name, kind);
    try {
      const [from, near, far] = pipeline.guests;
      const perHost = await megaflowsOfMix(pipeline.lab.hosts, from, [near, far], flows);
      megaflows.push({ pipeline: name, perHost });
      progress(`${name}: ${flows} flows of UDP made ${perHost.join(" and ")} megaflows on the two hosts`);
      for (const path of PATHS) {
        for (const of of KINDS) {
          const measured: Measured = { pipeline: name, path, kind: of, samples: [] };
          results.push(measured);
          for (let at = 0; at < runs; at++) measured.samples.push(await sample(pipeline, path, of, seconds));
          const [last] = measured.samples.slice(-1);
          progress(
            `${name}, ${path}, ${of}: ${figure((last?.bitsPerSec ?? 0) / 1e6)} Mbit/s, ${figure(last?.packetsPerSec)} packets/s`,
          );
        }
      }
    } finally {
      await pipeline.stop();
    }
  }
  const middle = (one: Measured | undefined, pick: (sample: Sample) => number | null): string =>
    one === undefined ? "-" : figure(median(one.samples.map((each) => pick(each) ?? Number.NaN)));
  const names = megaflows.map(({ pipeline }) => pipeline);
  const rowOf = (path: string, kind: TrafficKind, what: string, pick: (sample: Sample) => number | null): string[] => [
    `${path}, ${kind}: ${what}`,
    ...names.map((name) =>
      middle(
        results.find((one) => one.pipeline === name && one.path === path && one.kind === kind),
        pick,
      ),
    ),
  ];
  return {
    tables: [
      {
        title: "Between two guests, through Open vSwitch's userspace datapath; CPU is that of ovs-vswitchd",
        header: ["", ...names],
        rows: PATHS.flatMap((path) => [
          rowOf(path, "tcp", "Mbit/s", ({ bitsPerSec }) => bitsPerSec / 1e6),
          rowOf(path, "udp", "Mbit/s", ({ bitsPerSec }) => bitsPerSec / 1e6),
          rowOf(path, "udp", "CPU us a packet", ({ cpuUsPerPacket }) => cpuUsPerPacket),
          rowOf(path, "small", "packets/s", ({ packetsPerSec }) => packetsPerSec),
          rowOf(path, "small", "CPU us a packet", ({ cpuUsPerPacket }) => cpuUsPerPacket),
        ]),
      },
      {
        title: `Megaflows of one mix: ${flows} flows of UDP from one guest to two others`,
        header: ["", "on the sender's host", "on the other"],
        rows: megaflows.map(({ pipeline, perHost }) => [pipeline, ...perHost.map(String)]),
      },
    ],
    scalings: [],
    notes,
    data: { seconds, flows, results, megaflows },
  };
}

export const forwarding: Benchmark = {
  name: "forwarding",
  about: "packets and bits a second through Weft's tables, NORMAL and OVN's, and the megaflows of one mix",
  run,
};
