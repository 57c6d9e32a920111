// What passes a device, by tcpdump: kept as a pcap file, counted and printed at the end.
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./command.ts";
import { LabError } from "./lab-error.ts";
import { type Place, startAt } from "./place.ts";

export interface CaptureResult {
  readonly packets: number;
  /** As `tcpdump -nn -e` prints them: a line for each packet, and for VXLAN and Geneve one more for the frame inside. */
  readonly lines: readonly string[];
  /** The pcap file; it goes with the lab. */
  readonly file: string;
}

export interface CaptureOptions {
  /** "in": only what the device receives. Both ways unless given. */
  readonly direction?: "in" | "out";
  readonly device?: string;
}

/** Resolves when tcpdump says that it listens; what it says before that is the reason why not. */
export async function listening(child: ChildProcess, where: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("listening on")) resolve();
    });
    const fail = (): void =>
      reject(new LabError("lab/capture", `tcpdump does not run in ${where}: ${said.trim()}`, { context: { where } }));
    child.once("close", fail);
    child.once("error", fail);
  });
}

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const lengthAt = 8;

/** Of a pcap file written on this machine, in its byte order; one that breaks off counts as far as it goes. */
export function countPackets(file: Buffer): number {
  const little = file.length >= 4 && file.readUInt32BE(0) !== 0xa1b2_c3d4;
  let count = 0;
  for (let at = fileHeaderBytes; at + recordHeaderBytes <= file.length; count++) {
    const length = little ? file.readUInt32LE(at + lengthAt) : file.readUInt32BE(at + lengthAt);
    at += recordHeaderBytes + length;
  }
  return count;
}

/** Packets of the last moment are on their way from the kernel to tcpdump. */
const drainMs = 100;

/** Ends a tcpdump after it has read what was already there. */
export async function endTcpdump(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  await sleep(drainMs);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  await closed;
}

export class Capture {
  readonly file: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, file: string) {
    this.#child = child;
    this.file = file;
  }

  static async start(place: Place, file: string, filter: string, options: CaptureOptions = {}): Promise<Capture> {
    const argv = [
      "tcpdump",
      "-Z",
      "root",
      "--immediate-mode",
      "-U",
      "-nn",
      "-i",
      options.device ?? place.device,
      "-w",
      file,
    ];
    if (options.direction !== undefined) argv.push("-Q", options.direction);
    const child = startAt(place, filter === "" ? argv : [...argv, filter]);
    await listening(child, place.name);
    return new Capture(child, file);
  }

  /** What was captured so far. */
  async read(): Promise<CaptureResult> {
    await sleep(drainMs);
    const { stdout } = await run(["tcpdump", "-Z", "root", "-nn", "-e", "-t", "-r", this.file], { check: false });
    const lines = stdout.split("\n").filter((line) => line !== "" && !/^\s/.test(line));
    return { packets: countPackets(readFileSync(this.file)), lines, file: this.file };
  }

  async stop(): Promise<CaptureResult> {
    await endTcpdump(this.#child);
    return this.read();
  }
}
