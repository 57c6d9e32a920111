// How often BFD packets go through a tunnel: as often as the host's budget allows for all its tunnels together.

export interface BfdSettings {
  readonly enabled: boolean;
  /** What a host sends for all its tunnels together, at the most. */
  readonly packetsPerSecond: number;
}

/** Steps, so that a host more or less does not change every tunnel of every other. */
const INTERVALS_MS = [100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000] as const;
const SLOWEST_MS = 10_000;

/** Milliseconds between two BFD packets of one tunnel. Three in a row that are missed mean that it is down. */
export function bfdIntervalMs(tunnels: number, packetsPerSecond: number): number {
  const needed = (tunnels * 1000) / packetsPerSecond;
  return INTERVALS_MS.find((step) => step >= needed) ?? SLOWEST_MS;
}

const OFF: ReadonlyMap<string, string> = new Map();
const columns = new Map<number, ReadonlyMap<string, string>>();

/**
 * The `Interface.bfd` column; empty is off. `check_tnl_key` makes Open vSwitch take only key 0 for BFD, which no network
 * ever has: else a guest could forge it and take the tunnel down. The same object for the same interval.
 */
export function bfdColumn(settings: BfdSettings, tunnels: number): ReadonlyMap<string, string> {
  if (!settings.enabled) return OFF;
  const intervalMs = bfdIntervalMs(tunnels, settings.packetsPerSecond);
  const known = columns.get(intervalMs);
  if (known !== undefined) return known;
  const interval = String(intervalMs);
  const column = new Map([
    ["check_tnl_key", "true"],
    ["enable", "true"],
    ["min_rx", interval],
    ["min_tx", interval],
  ]);
  columns.set(intervalMs, column);
  return column;
}
