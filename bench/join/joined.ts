// What is measured of one join.
import type { Writes } from "../fleet/controller.ts";

export interface Joined extends Partial<Writes> {
  /** Milliseconds from the first `set-manager` until the last host had a bridge with a controller. */
  readonly bridgesMs?: number;
  /** Until every host had all of its tunnels, and of simulated ones all groups. */
  readonly writtenMs: number;
  /** Until BFD said of every tunnel that it forwards; as before where there is no BFD. */
  readonly liveMs: number;
  readonly tunnels: number;
  /** Of all processes that control. */
  readonly cpuSec: number;
  readonly memoryMb: number;
  /** Of the simulated hosts together: where it is most of the time, it is they that take it. */
  readonly fleetCpuSec?: number;
}
