// Counters of ports at two moments to rates. Pure.
import type { PortStats } from "../../proto/openflow13/index.ts";

/** Of one switch: port number -> its counters, and when they were read. */
export interface PortSample {
  readonly atMs: number;
  readonly ports: ReadonlyMap<number, PortStats>;
}

export interface PortRates {
  readonly rxBytesPerSec: number;
  readonly txBytesPerSec: number;
  readonly rxPacketsPerSec: number;
  readonly txPacketsPerSec: number;
  readonly dropsPerSec: number;
}

type Counter = keyof { [Name in keyof PortStats as PortStats[Name] extends bigint ? Name : never]: true };

/** Counters the switch does not keep (OpenFlow 1.3.5, section 7.3.5.6). */
const NOT_KEPT = 0xffff_ffff_ffff_ffffn;

/** null for a port that is not in both. */
export function portRates(before: PortSample, after: PortSample, ofport: number): PortRates | null {
  const [first, last] = [before.ports.get(ofport), after.ports.get(ofport)];
  const seconds = (after.atMs - before.atMs) / 1000;
  if (first === undefined || last === undefined || seconds <= 0) return null;
  const rate = (...names: readonly Counter[]): number => {
    const grown = names.reduce((sum, name) => sum + growth(first[name], last[name]), 0n);
    return Math.round((Number(grown) / seconds) * 10) / 10;
  };
  return {
    rxBytesPerSec: rate("rxBytes"),
    txBytesPerSec: rate("txBytes"),
    rxPacketsPerSec: rate("rxPackets"),
    txPacketsPerSec: rate("txPackets"),
    dropsPerSec: rate("rxDropped", "txDropped"),
  };
}

/** A counter that is less than before has begun anew, with its port. */
function growth(before: bigint, after: bigint): bigint {
  if (before === NOT_KEPT || after === NOT_KEPT) return 0n;
  return after >= before ? after - before : after;
}
