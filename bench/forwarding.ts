// What the tables cost a frame: Weft's pipeline beside NORMAL and OVN's, on the same Open vSwitch, on one host and over Geneve.
import { existsSync } from "node:fs";
import type { Guest, Lab } from "../src/lab/index.ts";
import { ipOf, macOf, portOf } from "./endpoints.ts";
import { megaflowsOfMix } from "./forwarding/megaflows.ts";
import { normalKind } from "./forwarding/normal.ts";
import { type Rate, type TrafficKind, traffic } from "./forwarding/traffic.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import { median } from "./harness/statistics.ts";
import { figure } from "./harness/table.ts";
import { cpuSec } from "./processes.ts";
import { BRIDGE, type Contender, type ContenderKind } from "./real/contender.ts";
import { CONTENDERS } from "./real/contenders.ts";
import { TunnelWatch } from "./real/tunnel-watch.ts";
import { withContender } from "./real/with-contender.ts";
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
  readonly lab: Lab;
  /** Two on the first host, one on the second. */
  readonly guests: readonly [Guest, Guest, Guest];
}

interface PipelineResult {
  readonly pipeline: string;
  /** Of the mix, on each of the two hosts. */
  readonly megaflows: readonly number[];
  readonly measured: readonly Measured[];
}

function columnsOf(columns: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    columns.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]),
  );
}

async function guestsOf(lab: Lab, contender: Contender): Promise<Pipeline["guests"]> {
  await contender.declare([1, 2, 3]);
  const watch = await TunnelWatch.open(lab.hosts);
  try {
    await contender.join();
    await watch.all(1, { live: true }, MESH_SEC);
  } finally {
    watch.close();
  }
  const add = (number: number, host: number): Promise<Guest> =>
    lab.host(host).addGuest({
      ...{ name: `g${number}`, ip: `${ipOf(number)}/8`, mac: macOf(number), port: portOf(number), bridge: BRIDGE },
      interfaceColumns: columnsOf(contender.columns(number)),
    });
  const guests = [await add(1, 1), await add(2, 1), await add(3, 2)] as const;
  await lab.waitUntilAllPing([...guests], MESH_SEC);
  return guests;
}

async function sample({ lab, guests: [from, near, far] }: Pipeline, path: string, kind: TrafficKind, seconds: number) {
  const pids = lab.hosts.map(({ vswitchd }) => vswitchd.pid ?? 0).slice(0, path === "one host" ? 1 : 2);
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSec(pid), 0);
  const before = used();
  const rate = await traffic(from, path === "one host" ? near : far, kind, seconds);
  const cpuUsPerPacket = rate.packets === null ? null : ((used() - before) * 1e6) / rate.packets;
  return { ...rate, cpuUsPerPacket };
}

async function measurePipeline(
  name: string,
  pipeline: Pipeline,
  { seconds, flows }: { readonly seconds: number; readonly flows: number },
  { runs, progress }: BenchOptions,
): Promise<PipelineResult> {
  const [from, near, far] = pipeline.guests;
  const megaflows = await megaflowsOfMix(pipeline.lab.hosts, from, [near, far], flows);
  progress(`${name}: ${flows} flows of UDP made ${megaflows.join(" and ")} megaflows on the two hosts`);
  const measured: Measured[] = [];
  for (const path of PATHS) {
    for (const kind of KINDS) {
      const samples: Sample[] = [];
      for (let at = 0; at < runs; at++) samples.push(await sample(pipeline, path, kind, seconds));
      measured.push({ pipeline: name, path, kind, samples });
      const mbits = figure((samples.at(-1)?.bitsPerSec ?? 0) / 1e6);
      progress(`${name}, ${path}, ${kind}: ${mbits} Mbit/s, ${figure(samples.at(-1)?.packetsPerSec)} packets/s`);
    }
  }
  return { pipeline: name, megaflows, measured };
}

async function run(options: BenchOptions): Promise<BenchReport> {
  const sizes = sizesOf(options.args, options.quick ? QUICK : SIZES);
  const [seconds = 10, flows = 400] = [sizes.seconds[0], sizes.flows[0]];
  if (!existsSync("/usr/bin/iperf3")) throw new Error("iperf3 is not there: apt-get install iperf3");
  const pipelines: PipelineResult[] = [];
  const notes: string[] = [];
  for (const [name, kind] of Object.entries(PIPELINES)) {
    const lacks = kind.lacks();
    if (lacks !== null) {
      options.progress(`${name} IS LEFT OUT: ${lacks}`);
      notes.push(`${name} was left out: ${lacks}`);
      continue;
    }
    const result = await withContender(kind, 2, async (lab, contender) =>
      measurePipeline(name, { lab, guests: await guestsOf(lab, contender) }, { seconds, flows }, options),
    );
    pipelines.push(result);
  }
  const results = pipelines.flatMap(({ measured }) => measured);
  const middle = (one: Measured | undefined, pick: (sample: Sample) => number | null): string =>
    one === undefined ? "-" : figure(median(one.samples.map((each) => pick(each) ?? Number.NaN)));
  const names = pipelines.map(({ pipeline }) => pipeline);
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
        rows: pipelines.map(({ pipeline, megaflows }) => [pipeline, ...megaflows.map(String)]),
      },
    ],
    scalings: [],
    notes,
    data: { seconds, flows, pipelines },
  };
}

export const forwarding: Benchmark = {
  name: "forwarding",
  about: "packets and bits a second through Weft's tables, NORMAL and OVN's, and the megaflows of one mix",
  run,
};
