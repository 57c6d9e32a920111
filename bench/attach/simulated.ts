// Endpoints that come one after the other, on simulated hosts, with many there already.
import { rest, targetOf, writesOf } from "../fleet/controller.ts";
import { FleetProcess } from "../fleet/fleet-process.ts";
import type { Profiles } from "../harness/profiles.ts";
import { median, quantile } from "../harness/statistics.ts";
import { WeftProcess } from "../harness/weft-process.ts";

const JOIN_MS = 900_000;
/** So many hosts share a network; those that are measured are in one of all hosts. */
export const TENANT_HOSTS = 10;

export interface AttachedSimulated {
  readonly hosts: number;
  /** In all networks. */
  readonly endpoints: number;
  readonly ms: { readonly median: number; readonly p99: number };
  /** Of the controller, for one. */
  readonly cpuMs: number;
  /** Flow-mods to all hosts, for one. */
  readonly flowMods: number;
  readonly transactions: number;
  readonly memoryMb: number;
}

/**
 * One fleet; more and more endpoints. Each host has one in the network of all hosts, the others are in networks of ten
 * hosts: a host holds the flows of its own networks alone, and what a simulated one holds has to fit into memory.
 */
export async function attachSimulated(
  hosts: number,
  sizes: readonly number[],
  each: number,
  profiles: Profiles | null,
  progress: (text: string) => void,
): Promise<readonly AttachedSimulated[]> {
  const config = { timeouts: { startHoldSec: 0 }, bfd: { enabled: false } };
  const options = { config, profiles, label: `simulated-${hosts}`, nodeArgs: ["--max-old-space-size=8192"] };
  const weft = await WeftProcess.start(options);
  const fleet = new FleetProcess();
  try {
    await fleet.addHosts(hosts);
    await fleet.join(targetOf(weft), JOIN_MS);
    await fleet.addEndpoints({ from: 0, count: hosts });
    let [there, tenants] = [hosts, 0];
    /** Numbers from here on are of endpoints that share their network with nine other hosts. */
    const firstTenant = 1_000_000;
    const results: AttachedSimulated[] = [];
    for (const size of sizes.filter((one) => one >= hosts + each)) {
      const more = size - there - each;
      if (more > 0) {
        await fleet.addEndpoints({ from: firstTenant + tenants, count: more, tenantHosts: TENANT_HOSTS });
        tenants += more;
        there += more;
      }
      await rest(weft);
      const [before, writesBefore] = [weft.usage().cpuSec, await writesOf(weft)];
      const times: number[] = [];
      // Numbers of the network of all go on where they ended.
      for (let at = 0; at < each; at++) times.push(await fleet.attach(there - tenants + at));
      there += each;
      await rest(weft);
      const [after, writes] = [weft.usage(), await writesOf(weft)];
      const result = {
        hosts,
        endpoints: there,
        ms: { median: median(times), p99: quantile(times, 0.99) },
        cpuMs: ((after.cpuSec - before) * 1000) / each,
        flowMods: (writes.flowMods - writesBefore.flowMods) / each,
        transactions: writes.transactions - writesBefore.transactions,
        memoryMb: after.rssBytes / 2 ** 20,
      };
      results.push(result);
      progress(
        `${hosts} simulated hosts, ${there} endpoints: ${result.ms.median.toFixed(1)} ms, CPU ${result.cpuMs.toFixed(1)} ms each`,
      );
    }
    return results;
  } finally {
    await fleet.stop();
    await weft.stop();
  }
}
