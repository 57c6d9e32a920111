// How fast the wire codecs are, side by side with what else there is: `npm run bench:wire`. Aims are in docs/wire-speed.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decodeRange, encode, encodeAll } from "../proto/openflow13/index.ts";
import { JsonFramer } from "../proto/ovsdb/index.ts";
import { parsePacketIn } from "./wire/binary-parser.ts";
import { measureLoopHold, measureNoise, SERVE, serveMonitorReply } from "./wire/event-loop.ts";
import { compare, median, type Rate, timeMs } from "./wire/measure.ts";
import { osKenRate } from "./wire/os-ken.ts";
import { flowMods, monitorReply, packed, packetIns } from "./wire/samples.ts";

const RUNS = 7;
const COUNT = 4096;
const REPLY_BYTES = 20 * 1024 * 1024;
const CHUNK = 64 * 1024;
/** What a decoded message is for: keeps the engine from leaving the work out. */
let sink = 0;

const root = resolve(import.meta.dirname, "../..");

function benchPacketIns(): readonly Rate[] {
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
  const rates = compare([ours, theirs], RUNS);
  const osKen = osKenRate(buffer, RUNS, join(root, "bench/wire/os_ken_rate.py"));
  return osKen === undefined ? rates : [...rates, osKen];
}

function benchFlowMods(): readonly Rate[] {
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
    RUNS,
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
function benchMonitorReply(): JsonTimes {
  const bytes = new TextEncoder().encode(monitorReply(REPLY_BYTES, 3));
  const plain: number[] = [];
  const framed: number[] = [];
  const longest: number[] = [];
  for (let run = 0; run < RUNS + 1; run++) {
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

function showRates(title: string, bytesPerMessage: number, rates: readonly Rate[]): void {
  console.log(`\n${title} (${bytesPerMessage.toFixed(0)} bytes each), for a second of processor time`);
  const header = ["messages/s", "MB/s", "slowest", "fastest", "by the clock"].map((cell) => cell.padStart(14));
  console.log(`  ${"".padEnd(20)}${header.join("")}`);
  for (const { name, perSecond, perWallSecond, slowest, fastest } of rates) {
    const megabytes = (perSecond * bytesPerMessage) / 1e6;
    const cells = [perSecond, megabytes, slowest, fastest, perWallSecond];
    const shown = cells.map((cell) => Math.round(cell).toLocaleString("en").padStart(14));
    console.log(`  ${name.padEnd(20)}${shown.join("")}`);
  }
}

async function main(): Promise<void> {
  const packetInBytes = packed(packetIns(COUNT)).buffer.length / COUNT;
  const flowModBytes = packed(flowMods(COUNT)).buffer.length / COUNT;
  const packetIn = benchPacketIns();
  showRates("packet-in decode", packetInBytes, packetIn);
  const flowMod = benchFlowMods();
  showRates("flow-mod encode", flowModBytes, flowMod);
  const json = benchMonitorReply();
  console.log(`\nmonitor reply of ${(json.bytes / 1e6).toFixed(1)} MB, in chunks of 64 KiB`);
  console.log(`  decode and JSON.parse of the whole   ${json.jsonParseMs.toFixed(0).padStart(6)} ms`);
  console.log(
    `  framer and parser                    ${json.framerMs.toFixed(0).padStart(6)} ms   ${json.ratio.toFixed(2)} times that`,
  );
  console.log(`  longest time for one chunk           ${json.longestPushMs.toFixed(1).padStart(6)} ms`);
  const holds = [];
  for (let run = 0; run < 5; run++) holds.push(await measureLoopHold(process.argv[1] ?? "", REPLY_BYTES));
  const measured = holds.filter((hold) => hold !== undefined);
  const loop =
    measured.length === 0
      ? undefined
      : {
          rows: measured[0]?.rows,
          noiseMs: await measureNoise(),
          readyMs: median(measured.map((hold) => hold.readyMs)),
          longestMs: median(measured.map((hold) => hold.longestMs)),
          worstMs: Math.max(...measured.map((hold) => hold.longestMs)),
        };
  if (loop !== undefined) {
    console.log(`\na session with a host whose database is that large (${loop.rows} rows)`);
    console.log(`  from connection to snapshot          ${loop.readyMs.toFixed(0).padStart(6)} ms`);
    console.log(
      `  longest hold of the event loop       ${loop.longestMs.toFixed(1).padStart(6)} ms   (worst of 5: ${loop.worstMs.toFixed(1)})`,
    );
  }
  if (loop !== undefined) {
    console.log(
      `  longest turn of 5 ms, doing nothing  ${loop.noiseMs.toFixed(1).padStart(6)} ms   (what the machine adds)`,
    );
  }
  const results = {
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    runs: RUNS,
    packetInDecode: { bytesPerMessage: packetInBytes, rates: packetIn },
    flowModEncode: { bytesPerMessage: flowModBytes, rates: flowMod },
    monitorReply: json,
    ...(loop === undefined ? {} : { session: loop }),
  };
  const directory = join(root, "bench/results");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "wire.json");
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(`\nwritten to ${file} (${sink === 0 ? "nothing done" : "done"})`);
}

if (process.argv[2] === SERVE) serveMonitorReply(Number(process.argv[3]), Number(process.argv[4]));
else await main();
