// Sends numbered broadcasts from one guest and counts the copies of each at every guest, the sender too.

import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { endTcpdump, listening } from "./capture.ts";
import type { Guest } from "./guest.ts";
import { type Place, runAt, startAt } from "./place.ts";

export interface BroadcastOptions {
  /** How many are sent; 10 unless given, at most 1000. */
  readonly count?: number;
  /** Between two of them; 5 unless given. */
  readonly intervalMs?: number;
  /** How long it must be quiet everywhere before the count is closed; 300 unless given. */
  readonly settleMs?: number;
  /** Stops counting here even if it is never quiet; 10 unless given. */
  readonly timeoutSec?: number;
}

export interface BroadcastCount {
  /** Copies of each broadcast, in the order they were sent. */
  readonly copies: readonly number[];
  readonly total: number;
}

export interface BroadcastResult {
  readonly sent: number;
  /** By guest name, in the order the guests were given. */
  readonly counts: ReadonlyMap<string, BroadcastCount>;
  /** The names of the guests that got every broadcast exactly once. */
  readonly exactlyOnce: readonly string[];
  /** The names of the guests that got none. */
  readonly none: readonly string[];
}

/** A port nobody listens on: the frames are counted before the guest's kernel looks at them. */
const udpPort = 40_404;
/** A broadcast's number is told by its length, which every tcpdump prints. */
const baseLength = 100;

const sender = `
const [ip, port, count, interval, base] = process.argv.slice(1).map((text, at) => (at === 0 ? text : Number(text)));
const socket = require("node:dgram").createSocket("udp4");
socket.bind(0, ip, () => {
  socket.setBroadcast(true);
  let sent = 0;
  const next = () => {
    if (sent === count) return socket.close();
    socket.send(Buffer.alloc(base + sent), port, "255.255.255.255", (error) => {
      if (error) { console.error(error.message); process.exit(1); }
      sent++;
      setTimeout(next, interval);
    });
  };
  next();
});
`;

interface Counter {
  readonly copies: number[];
  readonly stop: () => Promise<void>;
}

async function countAt(place: Place, count: number, onFrame: () => void): Promise<Counter> {
  const filter = `udp dst port ${udpPort} and ether broadcast`;
  const argv = ["tcpdump", "-Z", "root", "--immediate-mode", "-l", "-nn", "-t", "-Q", "in", "-i", place.device, filter];
  const child = startAt(place, argv);
  const copies = new Array<number>(count).fill(0);
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", (line) => {
      const number = Number(/UDP, length (\d+)/.exec(line)?.[1]) - baseLength;
      if (copies[number] === undefined) return;
      copies[number]++;
      onFrame();
    });
  await listening(child, place.name);
  return { copies, stop: () => endTcpdump(child) };
}

export async function countBroadcast(
  from: Guest,
  guests: readonly Guest[],
  options: BroadcastOptions = {},
): Promise<BroadcastResult> {
  const { intervalMs = 5, settleMs = 300, timeoutSec = 10 } = options;
  const sent = Math.min(options.count ?? 10, 1000);
  let lastFrame = Date.now();
  const onFrame = (): void => {
    lastFrame = Date.now();
  };
  const counters = await Promise.all(guests.map((guest) => countAt(guest, sent, onFrame)));
  try {
    await runAt(from, [
      process.execPath,
      "-e",
      sender,
      from.ip,
      `${udpPort}`,
      `${sent}`,
      `${intervalMs}`,
      `${baseLength}`,
    ]);
    onFrame();
    const deadline = Date.now() + timeoutSec * 1000;
    while (Date.now() - lastFrame < settleMs && Date.now() < deadline) await sleep(20);
  } finally {
    await Promise.all(counters.map((counter) => counter.stop()));
  }
  return summarize(
    sent,
    guests.map((guest, at) => [guest.name, counters[at]?.copies ?? []]),
  );
}

export function summarize(
  sent: number,
  copiesByGuest: readonly (readonly [string, readonly number[]])[],
): BroadcastResult {
  const counts = new Map(
    copiesByGuest.map(([name, copies]) => [name, { copies, total: copies.reduce((sum, copy) => sum + copy, 0) }]),
  );
  const namesWhere = (holds: (copies: readonly number[]) => boolean): string[] =>
    copiesByGuest.filter(([, copies]) => holds(copies)).map(([name]) => name);
  return {
    sent,
    counts,
    exactlyOnce: namesWhere((copies) => copies.every((copy) => copy === 1)),
    none: namesWhere((copies) => copies.every((copy) => copy === 0)),
  };
}
