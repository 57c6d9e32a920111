// Sends frames of any content from a guest, and finds them again in what was captured elsewhere.
import { readFileSync } from "node:fs";
import type { Guest } from "../../src/lab/index.ts";
import { type Frame, frameToBytes } from "../../src/trace/index.ts";

/** Node has no raw sockets; python3 comes with Open vSwitch's own packages. */
const SEND = `import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
start = time.monotonic()
for at, line in enumerate(sys.stdin, 1):
    s.send(bytes.fromhex(line.strip()))
    time.sleep(max(0, start + at * float(sys.argv[2]) - time.monotonic()))
print(time.monotonic() - start)`;

export function hexOf(frame: Frame | Uint8Array): string {
  return Buffer.from(frame instanceof Uint8Array ? frame : frameToBytes(frame)).toString("hex");
}

/** In this order, 10 ms apart unless told otherwise. @returns the seconds it took. */
export async function sendFrames(
  from: Guest,
  frames: readonly (Frame | Uint8Array)[],
  options: { readonly gapSec?: number } = {},
): Promise<number> {
  const lines = frames.map(hexOf).join("\n");
  const gap = String(options.gapSec ?? 0.01);
  const timeoutSec = 30 + 2 * frames.length * Number(gap);
  const { stdout } = await from.exec(["/usr/bin/python3", "-c", SEND, from.device, gap], { input: lines, timeoutSec });
  return Number(stdout);
}

/** The frames of a pcap file, as hexadecimal digits. */
export function framesIn(file: string): readonly string[] {
  const bytes = readFileSync(file);
  const frames: string[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    frames.push(bytes.subarray(at + 16, at + 16 + length).toString("hex"));
    at += 16 + length;
  }
  return frames;
}
