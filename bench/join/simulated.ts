// One join of a simulated fleet.
import { hostsOf, rest, targetOf, writesOf } from "../fleet/controller.ts";
import { FleetProcess } from "../fleet/fleet-process.ts";
import type { Profiles } from "../harness/profiles.ts";
import { WeftProcess } from "../harness/weft-process.ts";
import type { Joined } from "./joined.ts";

const TIMEOUT_MS = 900_000;
/** Guests that ping each other when the mesh is there, each on a host of its own. */
const SAMPLE = 8;

/** @throws Error where two hosts have one index, or guests do not reach each other */
export async function joinSimulated(
  hosts: number,
  flowBased: "always" | "auto" | "never",
  profiles: Profiles | null,
  label: string,
): Promise<Joined> {
  const config = { tunnel: { flowBased }, timeouts: { startHoldSec: 0 } };
  const weft = await WeftProcess.start({ config, profiles, label, nodeArgs: ["--max-old-space-size=8192"] });
  const fleet = new FleetProcess();
  try {
    await fleet.addHosts(hosts);
    const before = weft.usage().cpuSec;
    const fleetBefore = fleet.cpuSec;
    const times = await fleet.join(targetOf(weft), TIMEOUT_MS);
    const { cpuSec, rssBytes } = weft.usage();
    const fleetCpuSec = fleet.cpuSec - fleetBefore;
    const writes = await writesOf(weft);
    await rest(weft);
    const views = await hostsOf(weft);
    const problems = [
      ...(await fleet.collisions()),
      ...(new Set(views.map(({ name }) => name)).size === hosts ? [] : ["two hosts have one name"]),
      ...views.flatMap(({ name, state }) => (state === "up" ? [] : [`${name} is ${state}`])),
    ];
    const sample = Math.min(SAMPLE, hosts);
    await fleet.addEndpoints({ from: 0, count: sample, everyHost: Math.floor(hosts / sample) });
    await rest(weft);
    problems.push(...(await fleet.pingLosses(Array.from({ length: sample }, (_, at) => at))));
    if (problems.length > 0) throw new Error(`the mesh is not right: ${problems.slice(0, 8).join("; ")}`);
    return { ...times, cpuSec: cpuSec - before, fleetCpuSec, memoryMb: rssBytes / 2 ** 20, ...writes };
  } finally {
    await fleet.stop();
    await weft.stop();
  }
}
