// How many tunnels a broadcast crosses: by Open vSwitch's counters, and by a capture of the underlay beside it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Guest, Lab, TunnelType } from "../../src/lab/index.ts";

export interface Copies {
  /** By the counters of tunnel ports, as calibrated. */
  readonly perBroadcast: number;
  /** What the counters say of one packet that crosses one tunnel: 2 in the userspace datapath. */
  readonly countedPerPacket: number;
  /** By tcpdump on the underlay; null for GRE, whose inner frame the filter does not look for. */
  readonly captured: number | null;
}

const COUNT = 400;
const INTERVAL_MS = 5;
/** So long are counters watched each time, with something sent or nothing: BFD and BPDUs count as well. */
const WINDOW_MS = COUNT * INTERVAL_MS + 1500;
const PORT = 40_503;

const flood = `
const [ip, target, port, count, interval] = process.argv.slice(1).map((text, at) => (at < 2 ? text : Number(text)));
const socket = require("node:dgram").createSocket("udp4");
socket.bind(0, ip, () => {
  socket.setBroadcast(true);
  let sent = 0;
  const timer = setInterval(() => {
    socket.send(Buffer.alloc(64), port, target);
    if (++sent === count) { clearInterval(timer); setTimeout(() => socket.close(), 100); }
  }, interval);
});
`;

/** Packets sent by all tunnel ports of all hosts, straight from the switches: the database's counters are seconds old. */
async function sentByTunnels(lab: Lab, tunnel: TunnelType): Promise<number> {
  const counts = await Promise.all(
    lab.hosts.map(async (host) => {
      const found = await host.vsctl("--format=json", "--columns=ofport", "find", "interface", `type=${tunnel}`);
      const ports = new Set((JSON.parse(found) as { data: [number][] }).data.map(([ofport]) => String(ofport)));
      const text = await host.ofctl("--no-names", "dump-ports", "br-int");
      let sum = 0;
      for (const [, port = "", packets] of text.matchAll(/port\s+(\w+):[^\n]*\n\s+tx pkts=(\d+)/g))
        if (ports.has(port)) sum += Number(packets);
      return sum;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

export async function measureCopies(lab: Lab, tunnel: TunnelType, from: Guest, to: Guest): Promise<Copies> {
  /** Packets, and seconds they were counted in. */
  const counted = async (target: string | null): Promise<readonly [number, number]> => {
    const before = await sentByTunnels(lab, tunnel);
    const start = performance.now();
    if (target !== null)
      await from.exec([process.execPath, "-e", flood, from.ip, target, `${PORT}`, `${COUNT}`, `${INTERVAL_MS}`]);
    await sleep(Math.max(0, start + WINDOW_MS - performance.now()));
    const end = performance.now();
    return [(await sentByTunnels(lab, tunnel)) - before, (end - start) / 1000];
  };
  // If nobody listened at that port, an ICMP answer would count too.
  const sink = to.spawn([process.execPath, "-e", `require("node:dgram").createSocket("udp4").bind(${PORT})`]);
  await sleep(300);
  try {
    // Bridges that learn flood to whom they have not heard, or not since the tree last changed.
    await to.ping(from.ip, { count: 2 });
    const [idle, idleSec] = await counted(null);
    const above = async (target: string): Promise<number> => {
      const [packets, sec] = await counted(target);
      return packets - (idle * sec) / idleSec;
    };
    const unicast = await above(to.ip);
    // The first eight bytes behind a VXLAN or Geneve header of eight bytes: to everybody.
    const outer = { gre: null, vxlan: 4789, geneve: 6081 }[tunnel];
    const filter = `udp dst port ${outer} and udp[4:2] > 100 and udp[16:4] = 0xffffffff and udp[20:2] = 0xffff`;
    const capture = outer === null ? null : await lab.capture("underlay", filter);
    const broadcast = await above("255.255.255.255");
    const captured = capture === null ? null : (await capture.stop()).packets / COUNT;
    return { perBroadcast: broadcast / unicast, countedPerPacket: unicast / COUNT, captured };
  } finally {
    sink.kill("SIGTERM");
  }
}
