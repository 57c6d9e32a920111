// How long one large monitor reply takes to become values, beside decoding and JSON.parse of the whole of it, in pairs of runs.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DEFAULT_MAX_JSON_DEPTH, JsonFramer } from "../../proto/ovsdb/index.ts";
import { JsonScanner } from "../../proto/ovsdb/json-scanner.ts";
import type { Scaling } from "../harness/benchmark.ts";
import { median, type Spread, spreadOf } from "../harness/statistics.ts";
import type { Table } from "../harness/table.ts";
import { type Cost, costOf } from "./measure.ts";
import { monitorReply } from "./samples.ts";

/** As a socket gives them. */
const CHUNK = 64 * 1024;
/** Halves of the largest reply: 1/8 of it, 1/4, 1/2. */
const HALVINGS = 3;
const WARM_UPS = 2;
/** As strict as the framer's. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface ReplyTimes {
  readonly bytes: number;
  readonly pairs: number;
  /** Decoding and JSON.parse of the whole, which lies in one buffer: nothing is charged for joining its chunks. */
  readonly jsonParse: Cost;
  readonly framer: Cost;
  /** Looking at every byte, which is a part of what the framer does. */
  readonly scanner: Cost;
  /** Of the processor's times of each pair. */
  readonly ratio: Spread;
  readonly wallRatio: Spread;
  /** The longest time that one chunk took, by the clock, in each run. */
  readonly longestPushMs: Spread;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Each begins with nothing to be collected: it would pay for what the one before it left behind. */
function costFromClean(work: () => void): Cost {
  collect();
  return costOf(work);
}

function parseWhole(bytes: Uint8Array): void {
  JSON.parse(UTF8.decode(bytes));
}

/** Gives the longest time of one chunk. */
function frame(framer: JsonFramer, bytes: Uint8Array): number {
  let longestMs = 0;
  for (let from = 0; from < bytes.length; from += CHUNK) {
    const start = performance.now();
    framer.push(bytes.subarray(from, from + CHUNK));
    longestMs = Math.max(longestMs, performance.now() - start);
  }
  return longestMs;
}

function scan(scanner: JsonScanner, bytes: Uint8Array): void {
  scanner.startPiece(0);
  for (let from = 0; from < bytes.length; from += CHUNK) scanner.scan(bytes.subarray(from, from + CHUNK), 0, from);
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    processorMs: median(costs.map((cost) => cost.processorMs)),
    wallMs: median(costs.map((cost) => cost.wallMs)),
  };
}

export function benchMonitorReply(replyBytes: number, pairs: number): ReplyTimes {
  const bytes = new TextEncoder().encode(monitorReply(replyBytes, 3));
  // One connection, as a session has it.
  const framer = new JsonFramer(() => undefined, { maxBytes: bytes.length });
  const scanner = new JsonScanner(DEFAULT_MAX_JSON_DEPTH, bytes.length);
  const plain: Cost[] = [];
  const framed: Cost[] = [];
  const scanned: Cost[] = [];
  const longest: number[] = [];
  for (let pair = -WARM_UPS; pair < pairs; pair++) {
    let longestMs = 0;
    let whole: Cost | undefined;
    // Each is first in every other pair.
    if (pair % 2 === 0) whole = costFromClean(() => parseWhole(bytes));
    const pieces = costFromClean(() => {
      longestMs = frame(framer, bytes);
    });
    whole ??= costFromClean(() => parseWhole(bytes));
    const looked = costFromClean(() => scan(scanner, bytes));
    if (pair < 0) continue;
    plain.push(whole);
    framed.push(pieces);
    scanned.push(looked);
    longest.push(longestMs);
  }
  const ratioBy = (time: (cost: Cost) => number): Spread =>
    spreadOf(framed.map((cost, i) => time(cost) / time(plain[i] as Cost)));
  return {
    bytes: bytes.length,
    pairs,
    jsonParse: medianCost(plain),
    framer: medianCost(framed),
    scanner: medianCost(scanned),
    ratio: ratioBy((cost) => cost.processorMs),
    wallRatio: ratioBy((cost) => cost.wallMs),
    longestPushMs: spreadOf(longest),
  };
}

/** The framer's time by the size of the reply. */
export function replyScaling(replyBytes: number, runs: number, largest: ReplyTimes): Scaling {
  const smaller = Array.from({ length: HALVINGS }, (_, i) => benchMonitorReply(replyBytes / 2 ** (HALVINGS - i), runs));
  return {
    title: "a monitor reply, framed and parsed",
    size: "MB",
    cost: "ms of processor time",
    points: [...smaller, largest].map(({ bytes, framer }) => ({ size: bytes / 1e6, cost: framer.processorMs })),
  };
}

function shown({ median: middle, lowest, highest }: Spread, digits: number): string {
  return `${middle.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
}

export function replyTable(times: ReplyTimes): Table {
  const row = (name: string, { processorMs, wallMs }: Cost): string[] => [
    name,
    processorMs.toFixed(0),
    wallMs.toFixed(0),
  ];
  return {
    title: `monitor reply of ${(times.bytes / 1e6).toFixed(1)} MB, in chunks of 64 KiB; medians of ${times.pairs} pairs`,
    header: ["", "ms of processor time", "ms by the clock"],
    rows: [
      row("decode and JSON.parse of the whole", times.jsonParse),
      row("framer and parser", times.framer),
      row("of it, the scan of every byte", times.scanner),
      ["framer / JSON.parse, pair by pair", shown(times.ratio, 2), shown(times.wallRatio, 2)],
      ["longest time for one chunk", "", shown(times.longestPushMs, 1)],
    ],
  };
}
