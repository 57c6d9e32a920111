// One join of real hosts, to Weft or to what stands beside it.
import { Lab } from "../../src/lab/index.ts";
import { rest, writesOf } from "../fleet/controller.ts";
import { cpuSecOf, memoryMbOf } from "../processes.ts";
import { CONTENDERS, type ContenderName } from "../real/contenders.ts";
import { TunnelWatch } from "../real/tunnel-watch.ts";
import { WeftOnHosts } from "../real/weft.ts";
import type { Joined } from "./joined.ts";

const TIMEOUT_SEC = 180;

async function expectPings(lab: Lab): Promise<void> {
  const hosts = [1, Math.ceil(lab.hosts.length / 2), lab.hosts.length];
  const guests = await lab.populate({ perHost: 1, hosts: [...new Set(hosts)], attachedMac: true });
  await lab.waitUntilAllPing(guests, TIMEOUT_SEC);
}

/** @throws Error where guests do not reach each other by the mesh that Weft has made */
export async function joinReal(hosts: number, name: ContenderName): Promise<Joined> {
  await Lab.sweep();
  const lab = await Lab.create({ hosts });
  const contender = await CONTENDERS[name].start(lab);
  const watch = await TunnelWatch.open(lab.hosts);
  try {
    const before = cpuSecOf(contender.pids);
    const start = performance.timeOrigin + performance.now();
    const joining = contender.join();
    const writtenMs = (await watch.all(hosts - 1, { live: false }, TIMEOUT_SEC)) - start;
    const liveMs = (await watch.all(hosts - 1, { live: true }, TIMEOUT_SEC)) - start;
    await joining;
    const [cpuSec, memoryMb] = [cpuSecOf(contender.pids) - before, memoryMbOf(contender.pids)];
    const isWeft = contender instanceof WeftOnHosts;
    const writes = isWeft ? await writesOf(contender.process) : {};
    if (isWeft) {
      await rest(contender.process);
      await expectPings(lab);
    }
    return { writtenMs, liveMs, tunnels: hosts * (hosts - 1), cpuSec, memoryMb, ...writes };
  } finally {
    watch.close();
    await contender.stop();
    await lab.destroy();
  }
}
