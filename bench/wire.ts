// How fast the wire codecs are, side by side with what else there is: `npm run bench -- wire`. Aims are in docs/wire-speed.md.
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decodeRange, encode, encodeAll } from "../proto/openflow13/index.ts";
import { JsonFramer } from "../proto/ovsdb/index.ts";
import type { Benchmark, BenchOptions, BenchReport } from "./harness/benchmark.ts";
import { ROOT } from "./harness/results.ts";
import { median } from "./harness/statistics.ts";
import type { Table } from "./harness/table.ts";
import { parsePacketIn } from "./wire/binary-parser.ts";
import { measureLoopHold, measureNoise } from "./wire/event-loop.ts";
import { compare, type Rate, timeMs } from "./wire/measure.ts";
import { osKenRate } from "./wire/os-ken.ts";
import { flowMods, monitorReply, packed, packetIns } from "./wire/samples.ts";

const COUNT = 4096;
const SESSIONS = 5;
const REPLY_BYTES = 20 * 1024 * 1024;
const CHUNK = 64 * 1024;
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

interface JsonTimes {
  readonly bytes: number;
  readonly jsonParseMs: number;
  readonly framerMs: number;
  readonly ratio: number;
  readonly longestPushMs: number;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Each begins with nothing to be collected: it would pay for what the one before it left behind. */
function benchMonitorReply(runs: number): JsonTimes {
  const bytes = new TextEncoder().encode(monitorReply(REPLY_BYTES, 3));
  const plain: number[] = [];
  const framed: number[] = [];
  const longest: number[] = [];
  for (let run = 0; run < runs + 1; run++) {
    collect();
    plain.push(
      timeMs(() => {
        sink += Object.keys(JSON.parse(new TextDecoder().decode(bytes)) as object).length;
      }, 1),
    );
    let longestPush = 0;
    collect();
    framed.push(
      timeMs(() => {
        const framer = new JsonFramer(
          (message) => {
            sink += Object.keys(message as object).length;
          },
          { maxBytes: 2 * REPLY_BYTES },
        );
        for (let from = 0; from < bytes.length; from += CHUNK) {
          const start = performance.now();
          framer.push(bytes.subarray(from, from + CHUNK));
          longestPush = Math.max(longestPush, performance.now() - start);
        }
      }, 1),
    );
    longest.push(longestPush);
  }
  // The first run of each warms up.
  const [jsonParseMs, framerMs, longestPushMs] = [plain, framed, longest].map((list) => median(list.slice(1)));
  return {
    bytes: bytes.length,
    jsonParseMs: jsonParseMs ?? 0,
    framerMs: framerMs ?? 0,
    ratio: (framerMs ?? 0) / (jsonParseMs ?? 1),
    longestPushMs: longestPushMs ?? 0,
  };
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

function jsonTable({ bytes, jsonParseMs, framerMs, ratio, longestPushMs }: JsonTimes): Table {
  return {
    title: `monitor reply of ${(bytes / 1e6).toFixed(1)} MB, in chunks of 64 KiB`,
    header: ["", "ms", ""],
    rows: [
      ["decode and JSON.parse of the whole", jsonParseMs.toFixed(0), ""],
      ["framer and parser", framerMs.toFixed(0), `${ratio.toFixed(2)} times that`],
      ["longest time for one chunk", longestPushMs.toFixed(1), ""],
    ],
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
  const json = benchMonitorReply(runs);
  const session = await benchSession(quick ? 1 : SESSIONS);
  return {
    tables: [
      ratesTable("packet-in decode", packetInBytes, packetIn),
      ratesTable("flow-mod encode", flowModBytes, flowMod),
      jsonTable(json),
      ...(session === undefined ? [] : [sessionTable(session)]),
    ],
    scalings: [],
    notes: sink === 0 ? ["nothing was done"] : [],
    data: {
      packetInDecode: { bytesPerMessage: packetInBytes, rates: packetIn },
      flowModEncode: { bytesPerMessage: flowModBytes, rates: flowMod },
      monitorReply: json,
      ...(session === undefined ? {} : { session }),
    },
  };
}

export const wire: Benchmark = {
  name: "wire",
  about: "the codecs, beside binary-parser and os-ken; how long a large database holds the event loop",
  run,
};
