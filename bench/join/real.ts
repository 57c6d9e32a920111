// One join of real hosts, to Weft or to what stands beside it.
import type { Lab } from "../../src/lab/index.ts";
import { hostsOf, rest, writesOf } from "../fleet/controller.ts";
import { cpuSecOf, memoryMbOf } from "../processes.ts";
import { CONTENDERS, type ContenderName } from "../real/contenders.ts";
import { TunnelWatch } from "../real/tunnel-watch.ts";
import { WeftOnHosts } from "../real/weft.ts";
import { withContender } from "../real/with-contender.ts";
import type { Joined } from "./joined.ts";

const TIMEOUT_SEC = 180;

/** @throws Error where guests do not reach each other by the mesh that Weft has made, or hosts have one index or name */
async function expectRight({ process }: WeftOnHosts, lab: Lab): Promise<void> {
  await rest(process);
  const views = await hostsOf(process);
  for (const of of ["index", "name"] as const)
    if (new Set(views.map((view) => view[of])).size !== lab.hosts.length) throw new Error(`two hosts have one ${of}`);
  const hosts = [1, Math.ceil(lab.hosts.length / 2), lab.hosts.length];
  const guests = await lab.populate({ perHost: 1, hosts: [...new Set(hosts)], attachedMac: true });
  await lab.waitUntilAllPing(guests, TIMEOUT_SEC);
}

export function joinReal(hosts: number, name: ContenderName): Promise<Joined> {
  return withContender(CONTENDERS[name], hosts, async (lab, contender) => {
    const watch = await TunnelWatch.open(lab.hosts);
    try {
      const before = cpuSecOf(contender.pids);
      const start = performance.timeOrigin + performance.now();
      const joining = contender.join();
      const writtenMs = (await watch.all(hosts - 1, { live: false }, TIMEOUT_SEC)) - start;
      const liveMs = (await watch.all(hosts - 1, { live: true }, TIMEOUT_SEC)) - start;
      await joining;
      const [cpuSec, memoryMb] = [cpuSecOf(contender.pids) - before, memoryMbOf(contender.pids)];
      const writes = contender instanceof WeftOnHosts ? await writesOf(contender.process) : {};
      if (contender instanceof WeftOnHosts) await expectRight(contender, lab);
      return { writtenMs, liveMs, tunnels: hosts * (hosts - 1), cpuSec, memoryMb, ...writes };
    } finally {
      watch.close();
    }
  });
}
