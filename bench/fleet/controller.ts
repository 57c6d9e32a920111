// The controller beside a simulated fleet: where the fleet finds it, what it has written, and when it has no more to do.
import { setTimeout as sleep } from "node:timers/promises";
import type { HostView } from "../../src/api/index.ts";
import type { WeftProcess } from "../harness/weft-process.ts";

export const targetOf = (weft: WeftProcess): string => `tcp:127.0.0.1:${weft.ovsdbPort}`;

export interface Writes {
  readonly flowMods: number;
  readonly groupMods: number;
  readonly transactions: number;
}

/** To all switches and databases, since its start. */
export async function writesOf(weft: WeftProcess): Promise<Writes> {
  const { counters } = await weft.status();
  const of = (name: string): number => counters[name] ?? Number.NaN;
  return { flowMods: of("flowMods"), groupMods: of("groupMods"), transactions: of("ovsdbTransactions") };
}

export async function hostsOf(weft: WeftProcess): Promise<readonly HostView[]> {
  return JSON.parse(await weft.call("hosts", "--json")) as readonly HostView[];
}

/** Until it has had nothing to write for so long. */
export async function rest(weft: WeftProcess, { quietMs = 1500, timeoutSec = 300 } = {}): Promise<void> {
  const deadline = Date.now() + timeoutSec * 1000;
  let [last, since] = ["", Date.now()];
  for (;;) {
    const now = JSON.stringify(await writesOf(weft));
    if (now !== last) [last, since] = [now, Date.now()];
    if (Date.now() - since >= quietMs) return;
    if (Date.now() > deadline) throw new Error(`the controller has not come to rest within ${timeoutSec} s: ${now}`);
    await sleep(250);
  }
}

/** kill -9: it writes nothing of its end. */
export async function kill(weft: WeftProcess): Promise<void> {
  process.kill(weft.pid, "SIGKILL");
  await weft.stop();
}
