// How many cache entries a host's datapath has made for what crossed it.
import { join } from "node:path";
import type { Guest, Host } from "../../src/lab/index.ts";

/** Entries for frames of guests' ports, and from tunnels; what only the underlay's bridge sees is not counted. */
export async function megaflowsOf(host: Host, macs: ReadonlySet<string>): Promise<number> {
  const dump = await host.appctl("dpctl/dump-flows", "netdev@ovs-netdev");
  return dump.split("\n").filter((line) => [...macs].some((mac) => line.includes(mac))).length;
}

/** Entries that there are no more of 10 s later have to be counted at once. */
export async function megaflowsOfMix(
  hosts: readonly Host[],
  from: Guest,
  to: readonly Guest[],
  flows: number,
): Promise<readonly number[]> {
  for (const host of hosts) await host.appctl("dpctl/del-flows", "netdev@ovs-netdev");
  const macs = new Set([from.mac, ...to.map(({ mac }) => mac)]);
  const program = join(import.meta.dirname, "../forwarding/mix.js");
  await from.exec([process.execPath, program, from.ip, `${flows}`, ...to.map(({ ip }) => ip)], { timeoutSec: 120 });
  return Promise.all(hosts.map((host) => megaflowsOf(host, macs)));
}
