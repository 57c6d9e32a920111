// Traffic between two guests, as iperf3 makes and counts it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Guest } from "../../src/lab/index.ts";

export interface Rate {
  readonly bitsPerSec: number;
  /** What arrived; of TCP not known. */
  readonly packetsPerSec: number | null;
  /** Of what was sent, a share. */
  readonly lost: number | null;
  readonly packets: number | null;
}

export type TrafficKind = "tcp" | "udp" | "small";

/** As fast as the sender can: what arrives is what the path takes. */
const OPTIONS: Readonly<Record<TrafficKind, readonly string[]>> = {
  tcp: [],
  udp: ["--udp", "--bitrate", "0", "--length", "1300"],
  small: ["--udp", "--bitrate", "0", "--length", "64"],
};
const PORT = 5201;
const START_MS = 300;

interface Iperf {
  readonly error?: string;
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number };
    readonly sum?: {
      readonly bits_per_second: number;
      readonly packets: number;
      readonly lost_packets: number;
      readonly seconds: number;
    };
  };
}

export async function traffic(from: Guest, to: Guest, kind: TrafficKind, seconds: number): Promise<Rate> {
  const server = to.spawn(["iperf3", "--server", "--one-off", "--port", `${PORT}`]);
  await sleep(START_MS);
  try {
    const client = [
      "iperf3",
      "--client",
      to.ip,
      "--port",
      `${PORT}`,
      "--time",
      `${seconds}`,
      "--json",
      ...OPTIONS[kind],
    ];
    const { stdout } = await from.exec(client, { timeoutSec: seconds + 60, check: false });
    const { end, error } = JSON.parse(stdout) as Iperf;
    if (error !== undefined) throw new Error(`iperf3, ${kind}: ${error}`);
    if (kind === "tcp")
      return {
        bitsPerSec: end.sum_received?.bits_per_second ?? Number.NaN,
        packetsPerSec: null,
        lost: null,
        packets: null,
      };
    if (end.sum === undefined) throw new Error("iperf3 gives no sum");
    const { packets, lost_packets: lostPackets, seconds: took, bits_per_second: sent } = end.sum;
    const arrived = packets - lostPackets;
    // iperf3's own rate is the sender's.
    const bitsPerSec = packets === 0 ? 0 : (sent * arrived) / packets;
    return { bitsPerSec, packetsPerSec: arrived / took, lost: lostPackets / packets, packets: arrived };
  } finally {
    server.kill("SIGKILL");
  }
}
