// Ping: a number of echoes with their result, and one that goes on until it is stopped and counted.
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "./lab-error.ts";
import { type Place, runAt, startAt } from "./place.ts";

export interface PingOptions {
  /** 3 unless given. */
  readonly count?: number;
  /** 0.2 unless given. */
  readonly intervalSec?: number;
  /** How long the last echo is waited for; 1 unless given. */
  readonly timeoutSec?: number;
  /** Bytes of payload; the frame is 42 larger. */
  readonly size?: number;
  /** Forbids fragments, so that a frame which does not fit is lost or refused. */
  readonly dontFragment?: boolean;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  readonly duplicates: number;
  readonly lossPercent: number;
  /** Absent when nothing came back. */
  readonly rttMs?: { readonly min: number; readonly avg: number; readonly max: number };
}

/** Reads what iputils ping prints at its end. Undefined when there is no summary. */
export function parsePingSummary(text: string): PingResult | undefined {
  const counts = /(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?/.exec(text);
  if (counts === null) return undefined;
  const sent = Number(counts[1]);
  const received = Number(counts[2]);
  const rtt = /(?:rtt|round-trip) min\/avg\/max(?:\/mdev)? = ([\d.]+)\/([\d.]+)\/([\d.]+)/.exec(text);
  return {
    sent,
    received,
    duplicates: Number(counts[3] ?? 0),
    lossPercent: sent === 0 ? 0 : ((sent - received) * 100) / sent,
    ...(rtt === null ? {} : { rttMs: { min: Number(rtt[1]), avg: Number(rtt[2]), max: Number(rtt[3]) } }),
  };
}

export async function pingFrom(place: Place, ip: string, options: PingOptions = {}): Promise<PingResult> {
  const { count = 3, intervalSec = 0.2, timeoutSec = 1, size, dontFragment } = options;
  const argv = [
    "ping",
    "-n",
    "-q",
    "-I",
    place.device,
    "-c",
    `${count}`,
    "-i",
    `${intervalSec}`,
    "-W",
    `${timeoutSec}`,
  ];
  if (size !== undefined) argv.push("-s", `${size}`);
  if (dontFragment === true) argv.push("-M", "do");
  const limit = count * Math.max(intervalSec, 0.01) + timeoutSec + 20;
  const result = await runAt(place, [...argv, ip], { check: false, timeoutSec: limit });
  const summary = parsePingSummary(result.stdout);
  if (summary === undefined)
    throw new LabError(
      "lab/ping",
      `${place.name} could not ping ${ip}: ${result.stderr.trim() || result.stdout.trim()}`,
      {
        context: { from: place.name, ip },
      },
    );
  return summary;
}

export interface ContinuousPingResult {
  /** Echoes sent, without those at the very end that could not have been answered yet. */
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly lossPercent: number;
  readonly duplicates: number;
  /** The sequence numbers (1 is the first) that were never answered. */
  readonly missing: readonly number[];
  /** The longest row of lost echoes, in seconds: how long the path was away. */
  readonly longestGapSec: number;
}

/** Echoes younger than this at the end are left out of the count: their answer may still be on its way. */
const tailSec = 0.25;
/** How long ping may take to say how many it has sent, and how long late answers are waited for. */
const askMs = 500;
const lateMs = 2000;
const stepMs = 20;

export class ContinuousPing {
  readonly ip: string;
  readonly #child: ChildProcess;
  readonly #intervalSec: number;
  readonly #answered = new Set<number>();
  readonly #ended: Promise<void>;
  #duplicates = 0;
  #last = 0;
  #summary = "";

  constructor(place: Place, ip: string, intervalSec: number) {
    this.ip = ip;
    this.#intervalSec = intervalSec;
    this.#child = startAt(place, ["ping", "-n", "-I", place.device, "-i", `${intervalSec}`, ip]);
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new LabError("lab/ping", "ping has no output to read");
    createInterface({ input: stdout }).on("line", (line) => this.#read(line));
    stderr.on("data", (chunk: Buffer) => {
      this.#summary += chunk.toString();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", () => resolve());
    });
  }

  /** Echoes answered so far. */
  get received(): number {
    return this.#answered.size;
  }

  #read(line: string): void {
    const sequence = /bytes from .* icmp_seq=(\d+)/.exec(line)?.[1];
    if (sequence === undefined) {
      if (/transmitted|^rtt/.test(line)) this.#summary += `${line}\n`;
      return;
    }
    // The sequence number is 16 bits wide; a long ping goes round.
    const turn = Math.round((this.#last - Number(sequence)) / 65_536) * 65_536;
    this.#last = Number(sequence) + turn;
    if (line.includes("DUP!")) this.#duplicates++;
    else this.#answered.add(this.#last);
  }

  /** Resolves at the next answer. */
  waitForReply(timeoutSec = 10): Promise<void> {
    return this.waitForReplies(this.received + 1, timeoutSec);
  }

  /** Resolves at the next answer once there are so many of them in all. */
  async waitForReplies(count: number, timeoutSec = 10): Promise<void> {
    const wanted = Math.max(count, this.received + 1);
    const deadline = Date.now() + timeoutSec * 1000;
    while (this.received < wanted) {
      if (Date.now() > deadline)
        throw new LabError("lab/timeout", `no answer from ${this.ip} within ${timeoutSec} s`, {
          context: { ip: this.ip },
        });
      await sleep(5);
    }
  }

  /** How many echoes have been sent: ping tells on SIGQUIT, and goes on. */
  async #sentSoFar(): Promise<number | undefined> {
    const from = this.#summary.length;
    this.#child.kill("SIGQUIT");
    for (let wait = 0; wait < askMs; wait += stepMs) {
      const told = /\d+\/(\d+) packets/.exec(this.#summary.slice(from))?.[1];
      if (told !== undefined) return Number(told);
      await sleep(stepMs);
    }
    return undefined;
  }

  /** Waits for what was sent until now, since answers can be late on a busy machine; later echoes are not counted. */
  async stop(): Promise<ContinuousPingResult> {
    const sent = await this.#sentSoFar();
    if (sent !== undefined) {
      const isAnswered = (): boolean => [...Array(sent).keys()].every((at) => this.#answered.has(at + 1));
      for (let wait = 0; wait < lateMs && !isAnswered(); wait += stepMs) await sleep(stepMs);
    }
    this.#child.kill("SIGINT");
    await this.#ended;
    if (sent !== undefined) return countAnswers(sent, this.#answered, this.#duplicates, this.#intervalSec, 0);
    const summary = parsePingSummary(this.#summary);
    if (summary === undefined)
      throw new LabError("lab/ping", `ping ${this.ip} gave no result: ${this.#summary.trim()}`, {
        context: { ip: this.ip },
      });
    return countAnswers(summary.sent, this.#answered, this.#duplicates, this.#intervalSec);
  }
}

/** Which echoes are lost for certain, given those that were answered when the ping was stopped. */
export function countAnswers(
  transmitted: number,
  answered: ReadonlySet<number>,
  duplicates: number,
  intervalSec: number,
  youngerThanSec = tailSec,
): ContinuousPingResult {
  const tail = Math.ceil(youngerThanSec / intervalSec);
  const missing: number[] = [];
  let unknown = 0;
  let gap = 0;
  let longest = 0;
  for (let sequence = 1; sequence <= transmitted; sequence++) {
    if (answered.has(sequence)) gap = 0;
    else if (sequence > transmitted - tail) unknown++;
    else {
      missing.push(sequence);
      longest = Math.max(longest, ++gap);
    }
  }
  const sent = transmitted - unknown;
  return {
    sent,
    received: sent - missing.length,
    lost: missing.length,
    lossPercent: sent === 0 ? 0 : (missing.length * 100) / sent,
    duplicates,
    missing,
    longestGapSec: longest * intervalSec,
  };
}
