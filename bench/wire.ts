// How fast the wire codecs are, side by side with what else there is: `npm run bench -- wire`. Aims are in docs/wire-speed.md.
import { join } from "node:path";
import { decodeRange, encode, encodeAll } from "../proto/openflow13/index.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import { ROOT } from "./harness/results.ts";
import { median } from "./harness/statistics.ts";
import type { Table } from "./harness/table.ts";
import { parsePacketIn } from "./wire/binary-parser.ts";
import { measureLoopHold, measureNoise } from "./wire/event-loop.ts";
import { compare, type Rate } from "./wire/measure.ts";
import { benchMonitorReply, replyScaling, replyTable } from "./wire/monitor-reply.ts";
import { osKenRate } from "./wire/os-ken.ts";
import { flowMods, packed, packetIns } from "./wire/samples.ts";

const COUNT = 4096;
const SESSIONS = 5;
const REPLY_BYTES = 20 * 1024 * 1024;
/** Pairs of a monitor reply for each run that is asked for: what the collector does makes one differ from the next. */
const PAIRS_PER_RUN = 4;
/** What a decoded message is for: keeps the engine from leaving the work out. */
let sink = 0;

function benchPacketIns(runs: number): readonly Rate[] {
  const { buffer, at } = packed(packetIns(COUNT));
  const slices = at.slice(1).map((end, i) => Buffer.from(buffer.buffer, at[i], end - (at[i] ?? 0)));
  const ours = {
    name: "weft",
    run: (): number => {
      for (let i = 0; i < COUNT; i++) sink += decodeRange(buffer, at[i] as number, at[i + 1] as number).xid;
      return COUNT;
    },
  };
  const theirs = {
    name: "binary-parser",
    run: (): number => {
      for (let i = 0; i < 512; i++) sink += (parsePacketIn(slices[i] as Buffer) as { xid: number }).xid;
      return 512;
    },
  };
  const rates = compare([ours, theirs], runs);
  const osKen = osKenRate(buffer, runs, join(ROOT, "bench/wire/os_ken_rate.py"));
  return osKen === undefined ? rates : [...rates, osKen];
}

function benchFlowMods(runs: number): readonly Rate[] {
  const messages = flowMods(COUNT);
  return compare(
    [
      {
        name: "one by one",
        run: (): number => {
          for (let i = 0; i < COUNT; i++) sink += encode(messages[i] as (typeof messages)[0]).length;
          return COUNT;
        },
      },
      {
        name: "all in one buffer",
        run: (): number => {
          sink += encodeAll(messages).length;
          return COUNT;
        },
      },
    ],
    runs,
  );
}

function ratesTable(title: string, bytesPerMessage: number, rates: readonly Rate[]): Table {
  const header = ["", "messages/s", "MB/s", "slowest", "fastest", "by the clock"];
  const rows = rates.map(({ name, perSecond, perWallSecond, slowest, fastest }) => {
    const megabytes = (perSecond * bytesPerMessage) / 1e6;
    const cells = [perSecond, megabytes, slowest, fastest, perWallSecond];
    return [name, ...cells.map((cell) => Math.round(cell).toLocaleString("en"))];
  });
  const size = bytesPerMessage.toFixed(0);
  return { title: `${title} (${size} bytes each), for a second of processor time`, header, rows };
}

async function benchSession(holdRuns: number) {
  const holds = [];
  for (let run = 0; run < holdRuns; run++) holds.push(await measureLoopHold(REPLY_BYTES));
  const measured = holds.filter((hold) => hold !== undefined);
  const [first] = measured;
  if (first === undefined) return undefined;
  return {
    rows: first.rows,
    noiseMs: await measureNoise(),
    readyMs: median(measured.map((hold) => hold.readyMs)),
    longestMs: median(measured.map((hold) => hold.longestMs)),
    worstMs: Math.max(...measured.map((hold) => hold.longestMs)),
  };
}

function sessionTable({ rows, readyMs, longestMs, worstMs, noiseMs }: SessionTimes): Table {
  return {
    title: `a session with a host whose database is that large (${rows} rows)`,
    header: ["", "ms", ""],
    rows: [
      ["from connection to snapshot", readyMs.toFixed(0), ""],
      ["longest hold of the event loop", longestMs.toFixed(1), `worst: ${worstMs.toFixed(1)}`],
      ["longest turn of 5 ms, doing nothing", noiseMs.toFixed(1), "what the machine adds"],
    ],
  };
}

type SessionTimes = NonNullable<Awaited<ReturnType<typeof benchSession>>>;

async function run({ runs, quick }: BenchOptions): Promise<BenchReport> {
  const packetInBytes = packed(packetIns(COUNT)).buffer.length / COUNT;
  const flowModBytes = packed(flowMods(COUNT)).buffer.length / COUNT;
  const packetIn = benchPacketIns(runs);
  const flowMod = benchFlowMods(runs);
  const reply = benchMonitorReply(REPLY_BYTES, PAIRS_PER_RUN * runs);
  const session = await benchSession(quick ? 1 : SESSIONS);
  return {
    tables: [
      ratesTable("packet-in decode", packetInBytes, packetIn),
      ratesTable("flow-mod encode", flowModBytes, flowMod),
      replyTable(reply),
      ...(session === undefined ? [] : [sessionTable(session)]),
    ],
    scalings: [replyScaling(REPLY_BYTES, runs, reply)],
    notes: sink === 0 ? ["nothing was done"] : [],
    data: {
      packetInDecode: { bytesPerMessage: packetInBytes, rates: packetIn },
      flowModEncode: { bytesPerMessage: flowModBytes, rates: flowMod },
      monitorReply: reply,
      ...(session === undefined ? {} : { session }),
    },
  };
}

export const wire: Benchmark = {
  name: "wire",
  about: "the codecs, beside binary-parser and os-ken; how long a large database holds the event loop",
  run,
};
